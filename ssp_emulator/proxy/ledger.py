"""The ledger: an exchange is opened when a consumer comes, and written down once, before its last byte goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog
from multidict import CIMultiDict, CIMultiDictProxy

from ssp_emulator.exchange import Exchange, NotRecordedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.clock import Clock
    from ssp_emulator.exchange import Client, Samples
    from ssp_emulator.message import Field


class Audit(Protocol):
    """Whoever writes exchanges down. `closed` is why no request is let through now, None where they are."""

    @property
    def closed(self) -> str | None:
        """Why nothing could be written down."""
        ...

    def samples(self) -> Samples | None:
        """Return where a request's bodies are to be kept, if they are."""
        ...

    def shown(self, text: str) -> str:
        """Return a text as it may be written into a log."""
        ...

    def record(self, exchange: Exchange) -> None:
        """Write an exchange down; it is on its way to the disk when this returns. Raises `NotRecordedError`."""
        ...

    async def settled(self) -> None:
        """Return when what was recorded is as safe as it is to be. Raises `NotRecordedError`."""
        ...


class Asked(Protocol):
    """What a consumer has asked, as far as it could be read; `fields` are those of its head, as they came."""

    @property
    def method(self) -> str:
        """The method."""
        ...

    @property
    def target(self) -> str:
        """The request's target."""
        ...

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The fields by their names."""
        ...

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields as they came."""
        ...


class Ledger:
    """Opens exchanges, and sees that each is written down; `observe` is called with each that is over."""

    def __init__(self, clock: Clock, audit: Audit, observe: Callable[[Exchange], None]) -> None:
        self._clock = clock
        self._audit = audit
        self._observe = observe
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.proxy")

    @property
    def closed(self) -> str | None:
        """Why no request is let through now; None where they are."""
        return self._audit.closed

    def shown(self, text: str) -> str:
        """Return a text as it may be written into a log."""
        return self._audit.shown(text)

    def open(self, request: Asked, client: Client, nth: int) -> Exchange:
        """Open the exchange of a request, the nth on its connection."""
        return Exchange(
            received_at=self._clock.now(),
            started=self._clock.monotonic(),
            client=client,
            firings=list(client.firings),
            method=request.method,
            raw_target=request.target,
            headers=request.headers,
            raw_headers=request.fields,
            nth=nth,
            samples=self._audit.samples(),
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
            nth=0,
            broken_off=True,
        )

    def elapsed(self, exchange: Exchange) -> float:
        """Return the seconds since an exchange began."""
        return self._clock.monotonic() - exchange.started

    def conclude(self, exchange: Exchange) -> None:
        """Write the exchange down, once; from here on it does not change. Raises `NotRecordedError`."""
        if exchange.recorded or exchange.lost:
            return
        exchange.timings.total = self.elapsed(exchange)
        try:
            self._audit.record(exchange)
        except NotRecordedError:
            exchange.lost = True
            raise
        self._over(exchange)

    async def settle(self, exchange: Exchange) -> None:
        """Write the exchange down, and return when its answer may end. Raises `NotRecordedError`."""
        self.conclude(exchange)
        if not exchange.lost:
            await self.settled()

    async def settled(self) -> None:
        """Return when answers may end to what was written down. Raises `NotRecordedError`."""
        await self._audit.settled()

    def give_up(self, exchange: Exchange, error: NotRecordedError) -> None:
        """Let an exchange be over that could not be written down: another try would fail as well."""
        exchange.lost = True
        self._log.critical(
            "an exchange is not in the audit trail",
            trace_id=self._audit.shown(exchange.trace_id or ""),
            reason=str(error),
        )
        if not exchange.recorded:
            self._over(exchange)

    def conclude_unmet(self, exchange: Exchange, reason: str) -> None:
        """Write down, once, a consumer that never came to send a request; the reason is how the handshake ended."""
        if not exchange.recorded:
            exchange.notes.append(reason)
        try:
            self.conclude(exchange)
        except NotRecordedError as error:
            self.give_up(exchange, error)

    def _over(self, exchange: Exchange) -> None:
        exchange.recorded = True
        self._observe(exchange)
        total_s, shown = exchange.timings.total, self._audit.shown
        told = {"faults": [firing.rule for firing in exchange.firings]} if exchange.firings else {}
        self._log.info(
            "request",
            trace_id=shown(exchange.trace_id or ""),
            method=shown(exchange.method),
            target=shown(exchange.target_text.partition("?")[0]),
            status=exchange.status,
            denial=exchange.denial.reason.value if exchange.denial is not None else None,
            total_ms=round(total_s * 1000, 3) if total_s is not None else None,
            **told,
        )
