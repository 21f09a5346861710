"""What a consumer needs that asks an emulator in another process: a token, and a request's bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ssp_emulator.demo import consumer
from support import setup

if TYPE_CHECKING:
    from ssp_emulator.plan import Plan


def token_for(plan: Plan) -> str:
    """Return a token for reading documents of the provider."""
    route = consumer.route(plan.registry, setup.READ_BINARY, setup.CONSUMER, setup.PROVIDER)
    return consumer.token(route, datetime.now(UTC))


def request(token: str, trace_id: str) -> bytes:
    """Return a request for a document that passes every check."""
    return (
        f"GET /{setup.ROOT}/Binary/1 HTTP/1.1\r\nHost: localhost\r\nSsp-TraceID: {trace_id}\r\n"
        f"Ssp-From: {setup.CONSUMER}\r\nSsp-To: {setup.PROVIDER}\r\nSsp-InteractionID: {setup.READ_BINARY}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()
