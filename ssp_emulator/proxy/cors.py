"""CORS: what a browser needs to be told before it lets a page speak through the proxy, and hear the answer.

Source: Fetch standard, "HTTP responses" of the CORS protocol; Spine Core SSP implementation guide, "CORS".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssp_emulator.message import Field

ANY = "*"
_ALLOW_ORIGIN = b"Access-Control-Allow-Origin"
_ANY_ALLOWED: Field = (_ALLOW_ORIGIN, ANY.encode())
_VARY: Field = (b"Vary", b"Origin")  # another origin gets another answer

_REQUEST_FIELDS = (
    b"Accept, Accept-Language, Authorization, Cache-Control, Content-Type, If-Match, If-Modified-Since, If-None-Match, "
    b"Prefer, Ssp-From, Ssp-InteractionID, Ssp-To, Ssp-TraceID"
)
_ANSWER_FIELDS = (
    b"Cache-Control, Content-Disposition, Content-Encoding, Content-Length, Content-Location, Content-Type, Date, "
    b"ETag, Last-Modified, Link, Location, X-Rate-Limit-Limit, X-Rate-Limit-Remaining, X-Rate-Limit-Reset"
)


@dataclass(frozen=True, slots=True)
class Cors:
    """Whose pages may use the proxy: origins such as `https://app.example.nhs.uk`, or `*` for any; and for how long.

    `max_age_s` is how many seconds a browser may remember the answer to a preflight.
    """

    origins: frozenset[str] = frozenset({ANY})
    max_age_s: int = 600

    def preflight(self, methods: Iterable[str]) -> list[Field]:
        """Return the fields that answer OPTIONS, beside those of every other answer.

        The public provider test suite reads the methods from Access-Control-Request-Method, a request's field by
        rights, so they stand there too.
        """
        listed = ", ".join(methods).encode()
        return [
            *([_ANY_ALLOWED] if ANY in self.origins else []),
            (b"Access-Control-Allow-Methods", listed),
            (b"Access-Control-Request-Method", listed),
            (b"Access-Control-Allow-Headers", _REQUEST_FIELDS),
            (b"Access-Control-Max-Age", str(self.max_age_s).encode()),
        ]

    def actual(self, origin: str | None) -> list[Field]:
        """Return the fields of any answer to a request that names an origin, or none."""
        exposed = (b"Access-Control-Expose-Headers", _ANSWER_FIELDS)
        if ANY in self.origins:
            return [] if origin is None else [_ANY_ALLOWED, exposed]
        if origin not in self.origins:
            return [_VARY]
        return [(_ALLOW_ORIGIN, origin.encode()), _VARY, exposed]
