"""What the proxy says for itself: refusals, the answer to OPTIONS, and the fields that it adds to every answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

from ssp_emulator import fhir, outcome
from ssp_emulator.message import Framing, Head

if TYPE_CHECKING:
    from ssp_emulator.clock import Clock
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.fhir import Format, Resource
    from ssp_emulator.limits import Standing
    from ssp_emulator.message import Field
    from ssp_emulator.outcome import Denial
    from ssp_emulator.proxy.cors import Cors


# What is refused for a limit that is spent is told when to come back. Source: RFC 6585, 4; RFC 9110, 10.2.3.
_LIMITS = frozenset({outcome.Reason.RATE_LIMITED, outcome.Reason.UNAVAILABLE})
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")


class Replies:
    """Makes the proxy's own answers.

    `default_format` is an error's where a request asks for none. `described_at` is the URL of the admin API, without a
    slash at its end, to whose explanations refusals link; None where they are not to.
    """

    def __init__(self, clock: Clock, default_format: Format, cors: Cors, described_at: str | None = None) -> None:
        self._clock = clock
        self._default_format = default_format
        self._cors = cors
        self._described_at = described_at

    def additions(self, exchange: Exchange) -> tuple[Field, ...]:
        """Return the fields that any answer to this request gets, where it has none of that name."""
        cors = tuple(self._cors.actual(exchange.headers.get("Origin")))
        return cors if exchange.standing is None else (*cors, *_rate(exchange.standing))

    def refusal(self, exchange: Exchange, denial: Denial) -> tuple[Head, bytes]:
        """Return the head and the body that say a denial, in the format that the request asks for."""
        form = denial.form
        head, body = self.outcome(exchange, form.status, form.phrase, outcome.resource(denial, str(uuid4())))
        if denial.reason is outcome.Reason.METHOD_NOT_ALLOWED:
            head.fields.append((b"Allow", ", ".join(outcome.METHODS).encode()))
        if denial.reason in _LIMITS and exchange.standing is not None:
            head.fields.append((b"Retry-After", str(exchange.standing.reset_s).encode()))
        head.fields.extend(self._described_by(exchange, denial))
        return head, body

    def outcome(self, exchange: Exchange, status: int, phrase: str, resource: Resource) -> tuple[Head, bytes]:
        """Return the head and the body that say an OperationOutcome, in the format that the request asks for."""
        form = self._format(exchange)
        body = fhir.write(resource, form)
        fields = [
            self._date(),
            (b"Content-Type", form.value.encode()),
            (b"Cache-Control", b"no-store"),
            (b"Content-Length", str(len(body)).encode()),
        ]
        return Head(status, phrase.encode(), fields, Framing.LENGTH), body

    def preflight(self, exchange: Exchange) -> Head:
        """Return the answer to OPTIONS, which has no body: the interaction's methods, or all where none is named.

        Source: Spine Core SSP implementation guide, "CORS".
        """
        methods = outcome.METHODS if exchange.interaction is None else exchange.interaction.methods
        fields = [self._date(), *self._cors.preflight(methods), (b"Content-Length", b"0")]
        return Head(200, b"OK", fields, Framing.LENGTH)

    def _described_by(self, exchange: Exchange, denial: Denial) -> list[Field]:
        """Return the link to the explanation, where there will be one: nothing else than a UUID gets into it.

        Source: RFC 8288, 3 (Link); IANA's link relations, "describedby".
        """
        trace_id = exchange.trace_id
        unrecorded = denial.reason is outcome.Reason.NOT_RECORDED
        if self._described_at is None or trace_id is None or unrecorded or not _UUID.match(trace_id):
            return []
        url = f"{self._described_at}/api/v1/traces/{quote(trace_id, safe='')}"
        return [(b"Link", f'<{url}>; rel="describedby"'.encode("ascii"))]

    def _date(self) -> Field:
        return b"Date", self._clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").encode()

    def _format(self, exchange: Exchange) -> Format:
        headers = exchange.headers
        accept = ", ".join(headers.getall("Accept", ())) or None  # a list may come on several lines: RFC 9110, 5.3
        return outcome.negotiate(exchange.query, accept, headers.get("Content-Type"), self._default_format)


def _rate(standing: Standing) -> list[Field]:
    return [
        (b"X-Rate-Limit-Limit", str(standing.limit).encode()),
        (b"X-Rate-Limit-Remaining", str(standing.remaining).encode()),
        (b"X-Rate-Limit-Reset", str(standing.reset_s).encode()),
    ]
