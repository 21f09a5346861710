"""The ledger: an exchange is opened when a consumer comes, and written down once, before its last byte goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog
from multidict import CIMultiDict, CIMultiDictProxy

from ssp_emulator.exchange import Exchange, NotRecordedError
from ssp_emulator.proxy.identity import client_of

if TYPE_CHECKING:
    from aiohttp import web

    from ssp_emulator.clock import Clock
    from ssp_emulator.exchange import Client


class Audit(Protocol):
    """Whoever writes exchanges down."""

    def record(self, exchange: Exchange) -> None:
        """Write an exchange down; it is on its way to the disk when this returns. Raises `NotRecordedError`."""
        ...


class Ledger:
    """Opens exchanges, and sees that each is written down."""

    def __init__(self, clock: Clock, audit: Audit) -> None:
        self._clock = clock
        self._audit = audit
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.proxy")

    def open(self, request: web.BaseRequest) -> Exchange:
        """Open the exchange of a request."""
        client = client_of(request.transport)
        return Exchange(
            received_at=self._clock.now(),
            started=self._clock.monotonic(),
            client=client,
            firings=list(client.firings),
            method=request.method,
            raw_target=request.raw_path,
            headers=request.headers,
            raw_headers=request.raw_headers,
        )

    def open_unmet(self, client: Client) -> Exchange:
        """Open what is known of a consumer that fault rules fired on before it could send a request."""
        return Exchange(
            received_at=self._clock.now(),
            started=self._clock.monotonic(),
            client=client,
            firings=list(client.firings),
            method="-",
            raw_target="",
            headers=CIMultiDictProxy(CIMultiDict()),
            broken_off=True,
        )

    def elapsed(self, exchange: Exchange) -> float:
        """Return the seconds since an exchange began."""
        return self._clock.monotonic() - exchange.started

    def conclude(self, exchange: Exchange) -> None:
        """Write the exchange down, once; from here on it does not change. Raises `NotRecordedError`."""
        if exchange.recorded:
            return
        exchange.timings.total = self.elapsed(exchange)
        self._audit.record(exchange)
        exchange.recorded = True
        self._log.info(
            "request",
            trace_id=exchange.trace_id,
            method=exchange.method,
            target=exchange.target_text.partition("?")[0],
            status=exchange.status,
            denial=exchange.denial.reason.value if exchange.denial is not None else None,
            total_ms=round(exchange.timings.total * 1000, 3),
            **({"faults": [firing.rule for firing in exchange.firings]} if exchange.firings else {}),
        )

    def conclude_unmet(self, exchange: Exchange, reason: str) -> None:
        """Write down, once, a consumer that never came to send a request; the reason is how the handshake ended."""
        if not exchange.recorded:
            exchange.notes.append(reason)
        try:
            self.conclude(exchange)
        except NotRecordedError as error:
            self._log.critical("a connection is not in the audit trail", reason=str(error))
            exchange.recorded = True  # as far as it can be
