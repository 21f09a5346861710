"""Serving: the consumers' side of an emulator, as one process has it: the only one, or one of several workers."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ssp_emulator.audit.metrics import Metrics
from ssp_emulator.emulator import renewable
from ssp_emulator.emulator.proxying import handler_of, providers_of, spine_of
from ssp_emulator.emulator.report import Report
from ssp_emulator.proxy.greeting import Greeter
from ssp_emulator.proxy.ledger import Ledger
from ssp_emulator.proxy.listener import Listener

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from prometheus_client.registry import Collector

    from ssp_emulator.audit.auditing import Auditing
    from ssp_emulator.audit.index.archivist import Archivist
    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.audit.trail import Trail
    from ssp_emulator.clock import Clock
    from ssp_emulator.directory.loading import Registry
    from ssp_emulator.emulator.securing import Securing
    from ssp_emulator.faults.engine import Engine
    from ssp_emulator.plan import Plan
    from ssp_emulator.reloading import Part
    from ssp_emulator.spine import Spine
    from ssp_emulator.tallies import Tallies


class Serving:
    """The proxy with its journal, as an async context manager; once it is entered, `start` has it accept consumers.

    Takes sockets that listen, and what goes into the proxy. `described_at` is the URL that refusals lead to, if any,
    and `tallies` is where limits are counted. Entering raises `SetupError`. Leaving lets requests in flight end.
    """

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        securing: Securing,
        faults: Engine,
        auditing: Auditing,
        listening: Sequence[socket.socket],
        *,
        described_at: str | None,
        tallies: Tallies | None = None,
    ) -> None:
        self.metrics = Metrics()
        self._plan = plan
        self._clock = clock
        self._securing = securing
        self._faults = faults
        self._auditing = auditing
        self._listening = listening
        self._described_at = described_at
        self._tallies = tallies
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        settings = self._plan.configuration.settings
        async with AsyncExitStack() as starting:
            for_consumers, for_providers = self._securing.for_consumers(), self._securing.for_providers()
            auditing = await starting.enter_async_context(self._auditing)
            self._providers = providers_of(settings, for_providers)
            starting.callback(self._providers.close)
            ledger = Ledger(self._clock, auditing.trail, self.metrics.observe)
            spine = spine_of(settings, self._plan.registry, self._clock, self._tallies)
            self._handler = handler_of(settings, spine, self._faults, self._providers, ledger, self._described_at)
            self._listener = Listener(
                self._listening,
                self._handler,
                for_consumers,
                Greeter(self._faults, self._securing.disguises, ledger),
                self.metrics,
                handshake_timeout_s=settings.proxy.handshake_timeout_s,
                keep_alive_timeout_s=settings.proxy.keep_alive_timeout_s,
            )
            starting.push_async_callback(self._listener.stop, settings.proxy.drain_timeout_s)
            self._running = starting.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.aclose()

    async def start(self) -> None:
        """Begin to accept consumers."""
        self._listener.start()

    @property
    def spine(self) -> Spine:
        """What requests are judged by now."""
        return self._handler.spine

    @property
    def layout(self) -> Layout:
        """Where the trail's files are."""
        return self._auditing.layout

    @property
    def trail(self) -> Trail:
        """Where exchanges are written down."""
        return self._auditing.trail

    @property
    def archivist(self) -> Archivist:
        """Who knows the trail's records."""
        return self._auditing.archivist

    @property
    def parts(self) -> tuple[Part[Any], ...]:
        """What can be read again, each with its files."""
        return renewable.parts(
            self._plan.configuration,
            self._securing,
            registry=self.renew_registry,
            for_consumers=self._listener.renew,
            for_providers=self._providers.renew,
        )

    def renew_registry(self, registry: Registry) -> None:
        """Judge by another registry from the next request on."""
        self._handler.renew(registry.directory, registry.catalogue)

    def report(self) -> Report:
        """Tell how it stands."""
        return replace(
            Report.of_auditing(self._auditing),
            idle=None if self._listener.serving else "it takes no connections",
            expired=self._expired(),
            connections=self._listener.connections,
        )

    @property
    def reports(self) -> dict[str, Report]:
        """How each process stands, by its name; here there is one."""
        return {"": self.report()}

    async def refresh(self) -> None:
        """Ask every process how it stands."""

    async def exposed(self) -> Collector:
        """Return what the metrics of every process say together."""
        return self.metrics.registry

    def _expired(self) -> str | None:
        ends = self._listener.expires
        if self._clock.now() < ends:
            return None
        return f"the certificate that consumers are shown ended on {ends:%Y-%m-%d %H:%M:%S} UTC"
