"""Answering: what the admin API is asked, and which room knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

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
from ssp_emulator.emulator.renewable import FOR_CONSUMERS, FOR_PROVIDERS, REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prometheus_client.registry import Collector

    from ssp_emulator.admin.route import Route
    from ssp_emulator.admin.verification import Verification
    from ssp_emulator.audit.index.archivist import Archivist
    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.audit.metrics import Metrics
    from ssp_emulator.audit.reading import Record
    from ssp_emulator.clock import Clock
    from ssp_emulator.emulator.report import Report
    from ssp_emulator.faults.control import Control
    from ssp_emulator.reloading import Reloader
    from ssp_emulator.spine import Spine


class Side(Protocol):
    """The consumers' side: this process (`Serving`), or its workers (`Several`)."""

    metrics: Metrics

    @property
    def spine(self) -> Spine:
        """What requests are judged by now."""
        ...

    @property
    def layout(self) -> Layout:
        """Where the trail's files are."""
        ...

    @property
    def archivist(self) -> Archivist:
        """Who knows the trail's records."""
        ...

    @property
    def reports(self) -> Mapping[str, Report]:
        """How each process that serves stands, by its name."""
        ...

    async def refresh(self) -> None:
        """Ask every process how it stands."""
        ...

    async def exposed(self) -> Collector:
        """Return what the metrics of every process say together."""
        ...


@dataclass(slots=True)
class Answering:
    """Every room that the admin API speaks for; `exchanges` has to be stopped once it listens no more."""

    control: Control
    clock: Clock
    side: Side
    verification: Verification
    reloader: Reloader
    exchanges: Exchanges = field(init=False)

    def __post_init__(self) -> None:
        self.exchanges = Exchanges(self.side.archivist, self.side.layout, _explained)

    def routes(self) -> tuple[Route, ...]:
        """Return what is answered; the metrics are read off these rooms from now on."""
        side = self.side
        health = Health(
            {
                "proxy": lambda: self._worst(lambda report: report.idle),
                "registry": lambda: None,  # nothing starts without one, and none is taken that is not good
                "certificates": lambda: self._worst(lambda report: report.expired),
                "journal": lambda: self._worst(lambda report: report.closed),
                **self._of_each_worker(lambda report: report.idle or report.expired or report.closed),
            },
            {
                "registry": lambda: self._stale(REGISTRY),
                "certificates": lambda: self._stale(FOR_CONSUMERS) or self._stale(FOR_PROVIDERS),
                "journal": lambda: self._worst(lambda report: report.failing),
                **self._of_each_worker(lambda report: report.failing),
            },
            side.refresh,
        )
        side.metrics.watch(self._readings(health))
        answered = (
            *health.routes,
            *Exposition(side.exposed).routes,
            *self.exchanges.routes,
            *Traces(side.archivist, _explained).routes,
            *self.verification.routes,
            *Advice(side.archivist).routes,
            *Faults(self.control, self.clock).routes,
            *Scenarios(self.control, self.clock).routes,
            *Registry(lambda: side.spine).routes,
        )
        return (*answered, *Description(answered).routes)

    def _readings(self, health: Health) -> Readings:
        side = self.side

        def total(read: Callable[[Report], int]) -> int:
            return sum(map(read, side.reports.values()))

        def unsynced() -> int | None:
            behind = [report.unsynced for report in side.reports.values()]
            return sum(each for each in behind if each is not None) if None not in behind else None

        return Readings(
            connections=lambda: total(lambda report: report.connections),
            records=lambda: total(lambda report: report.records),
            failures=lambda: total(lambda report: report.failures),
            unsynced=unsynced,
            behind=lambda: side.archivist.behind,
            journal_ok=lambda: self._worst(lambda report: report.failing) is None,
            systems=lambda: len(side.spine.directory.systems),
            ready=health.standing,
            reloads=lambda: self.reloader.reloads,
        )

    def _worst(self, read: Callable[[Report], str | None]) -> str | None:
        """Return the first thing that is wrong in any process, and in which where there are several."""
        for name, report in self.side.reports.items():
            if (reason := read(report)) is not None:
                return f"{name}: {reason}" if name else reason
        return None

    def _of_each_worker(self, read: Callable[[Report], str | None]) -> dict[str, Callable[[], str | None]]:
        """Return what tells how each worker stands, by its name; nothing where there is one process."""

        def look(name: str) -> Callable[[], str | None]:
            return lambda: read(self.side.reports[name])

        return {name: look(name) for name in self.side.reports if name}

    def _stale(self, part: str) -> str | None:
        if not self.reloader.reloads[part].stale:
            return None
        return "the files as they are now are not good (the log says why); what was there before is in force"


def _explained(record: Record) -> dict[str, Any]:
    return explain(record).json()
