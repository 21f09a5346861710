"""The rules that every dialect shares, and the shapes from which each dialect's own are made.

A rule takes the claims and what is expected of them, and yields the faults it finds. A rule that needs a claim which
is missing says nothing of it: that the claim is there is a rule of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeGuard
from urllib.parse import urlsplit

from ssp_emulator.token.parsing import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ssp_emulator.token.parsing import Json
    from ssp_emulator.token.signing import VerificationKey

LIFETIME_S = 300
AUTHORIZE = "https://authorize.fhir.nhs.net/token"


class Expected(NamedTuple):
    """What a token is held against: the sender's ASID, the endpoint's root, the interaction, and the time.

    `scope` is the one that the interaction asks for, None where nothing is known of it; `now` is in Unix seconds;
    `leeway_s` is how many seconds after its end a token may still be used; `key` is the one that the sender's tokens
    must be signed with, None where they must be unsigned.
    """

    asid: str
    root: str
    interaction_id: str
    scope: str | None
    now: float
    leeway_s: int = 0
    key: VerificationKey | None = None


class Rule(Protocol):
    """Anything that looks through the claims for faults."""

    def __call__(self, claims: Json, expected: Expected, /) -> Iterable[Fault]:
        """Yield the faults found."""
        ...


def issuer(claims: Json, _: Expected) -> Iterator[Fault]:
    """`iss` is a URL."""
    value = claims.get("iss")
    if not _is_url(value):
        yield from _wrong("iss", claims, "should be the URL of the system that made the token")


def subject(claims: Json, _: Expected) -> Iterator[Fault]:
    """`sub` is there; what it must equal is a matter of the dialect."""
    if not _is_text(claims.get("sub")):
        yield from _wrong("sub", claims, "should be the id of the user")


def issued_at(claims: Json, _: Expected) -> Iterator[Fault]:
    """`iat` is in Unix seconds; one in the future is taken for a clock that goes fast."""
    if not _is_whole(claims.get("iat")):
        yield from _wrong("iat", claims, "should be a whole number of Unix seconds")


def expiry(claims: Json, expected: Expected) -> Iterator[Fault]:
    """`exp` is `iat` and five minutes, and has not passed. Source: RFC 7519, 4.1.4, "on or after"."""
    issued, ends = claims.get("iat"), claims.get("exp")
    if not _is_whole(ends):
        yield from _wrong("exp", claims, "should be a whole number of Unix seconds")
        return
    if _is_whole(issued) and ends != issued + LIFETIME_S:
        yield Fault("exp", f"should be iat + {LIFETIME_S} seconds")
    if expected.now >= ends + expected.leeway_s:
        yield Fault("exp", "has passed: make a new token for each request")


class Required:
    """A claim that is there, and is some text."""

    def __init__(self, claim: str) -> None:
        self.claim = claim

    def __call__(self, claims: Json, _: Expected) -> Iterator[Fault]:
        """Yield a fault where the claim is missing, empty or no text."""
        if not _is_text(claims.get(self.claim)):
            yield from _wrong(self.claim, claims, "should be text")


class OneOf:
    """A claim that has one of some values."""

    def __init__(self, claim: str, values: Iterable[str]) -> None:
        self.claim = claim
        self.values = tuple(values)

    def __call__(self, claims: Json, _: Expected) -> Iterator[Fault]:
        """Yield a fault where the claim is missing or is another value."""
        if claims.get(self.claim) not in self.values:
            yield from _wrong(self.claim, claims, f"should be {' or '.join(self.values)}")


def audience(claims: Json, expected: Expected) -> Iterator[Fault]:
    """`aud` is the provider's service root URL, or the address that older consumers send."""
    if claims.get("aud") not in (expected.root, AUTHORIZE):
        yield from _wrong("aud", claims, f"should be the provider's service root URL, {expected.root}")


def _wrong(claim: str, claims: Json, right: str) -> Iterator[Fault]:
    if claim not in claims:
        yield Fault(claim, "is missing")
    elif claims[claim] in ("", None, [], {}):
        yield Fault(claim, "is empty")
    else:
        yield Fault(claim, right)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_url(value: object) -> bool:
    return isinstance(value, str) and _is_address(value)


@lru_cache(maxsize=256)  # the text alone decides, and there are as many as there are consumers
def _is_address(text: str) -> bool:
    # urlsplit leaves out white space and control characters without a word; none belongs into a URL (RFC 3986, 2).
    if not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        return False
