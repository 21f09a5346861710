"""Answering: what the admin API is asked, and which room knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ssp_emulator.admin.advice import Advice
from ssp_emulator.admin.exchanges import Exchanges
from ssp_emulator.admin.faults import Faults
from ssp_emulator.admin.health import Health
from ssp_emulator.admin.metrics import Exposition
from ssp_emulator.admin.openapi import Description
from ssp_emulator.admin.registry import Registry
from ssp_emulator.admin.scenarios import Scenarios
from ssp_emulator.admin.traces import Traces
from ssp_emulator.audit.dials import Readings
from ssp_emulator.audit.explaining import explain

if TYPE_CHECKING:
    from ssp_emulator.admin.route import Route
    from ssp_emulator.admin.verification import Verification
    from ssp_emulator.audit.auditing import Auditing
    from ssp_emulator.audit.metrics import Metrics
    from ssp_emulator.audit.reading import Record
    from ssp_emulator.clock import Clock
    from ssp_emulator.faults.control import Control
    from ssp_emulator.proxy.handler import Handler
    from ssp_emulator.proxy.listener import Listener
    from ssp_emulator.reloading import Reloader


@dataclass(slots=True)
class Answering:
    """Every room that the admin API speaks for; `exchanges` has to be stopped once it listens no more."""

    control: Control
    clock: Clock
    auditing: Auditing
    verification: Verification
    metrics: Metrics
    handler: Handler
    listener: Listener
    reloader: Reloader
    exchanges: Exchanges = field(init=False)

    def __post_init__(self) -> None:
        self.exchanges = Exchanges(self.auditing.archivist, self.auditing.layout, _explained)

    def routes(self) -> tuple[Route, ...]:
        """Return what is answered; the metrics are read off these rooms from now on."""
        health = Health(
            {
                "proxy": self._proxy,
                "registry": lambda: None,  # nothing starts without one, and none is taken that is not good
                "certificates": self._certificates,
                "journal": lambda: self.auditing.trail.closed,
            },
            {
                "registry": lambda: self._stale("registry"),
                "certificates": lambda: (
                    self._stale("certificates for consumers") or self._stale("certificates for providers")
                ),
                "journal": lambda: self.auditing.trail.failure,
            },
        )
        self.metrics.watch(self._readings(health))
        archivist = self.auditing.archivist
        answered = (
            *health.routes,
            *Exposition(self.metrics.registry).routes,
            *self.exchanges.routes,
            *Traces(archivist, _explained).routes,
            *self.verification.routes,
            *Advice(archivist).routes,
            *Faults(self.control, self.clock).routes,
            *Scenarios(self.control, self.clock).routes,
            *Registry(lambda: self.handler.spine).routes,
        )
        return (*answered, *Description(answered).routes)

    def _readings(self, health: Health) -> Readings:
        auditing = self.auditing
        return Readings(
            connections=lambda: self.listener.connections,
            records=lambda: auditing.journal.last.sequence,
            failures=lambda: auditing.trail.failures,
            unsynced=lambda: auditing.durability.behind,
            behind=lambda: auditing.archivist.behind,
            journal_ok=lambda: auditing.trail.failure is None,
            systems=lambda: len(list(self.handler.spine.directory.systems)),
            ready=health.standing,
            reloads=lambda: self.reloader.reloads,
        )

    def _proxy(self) -> str | None:
        return None if self.listener.serving else "it takes no connections"

    def _certificates(self) -> str | None:
        ends = self.listener.expires
        if self.clock.now() < ends:
            return None
        return f"the certificate that consumers are shown ended on {ends:%Y-%m-%d %H:%M:%S} UTC"

    def _stale(self, part: str) -> str | None:
        if not self.reloader.reloads[part].stale:
            return None
        return "the files as they are now are not good (the log says why); what was there before is in force"


def _explained(record: Record) -> dict[str, Any]:
    return explain(record).json()
