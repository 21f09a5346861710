"""Several: the consumers' side of an emulator whose workers are processes of their own, as the one has it that leads.

What workers have, they have from here: the registry and the fault rules as they are in force, whatever has become of
the files since. Certificates they read themselves, because a TLS context cannot be handed over.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ssp_emulator.audit.index.archivist import Archivist
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.merging import Merged, Totals, families_of
from ssp_emulator.audit.metrics import PREFIX, Metrics
from ssp_emulator.emulator import renewable
from ssp_emulator.emulator.handing import RULES, Begin, given
from ssp_emulator.emulator.proxying import spine_of
from ssp_emulator.emulator.renewable import FOR_CONSUMERS, FOR_PROVIDERS, REGISTRY
from ssp_emulator.emulator.report import Report
from ssp_emulator.workers.channel import Message
from ssp_emulator.workers.fleet import Change, Fleet
from ssp_emulator.workers.packing import packed

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from prometheus_client.registry import Collector

    from ssp_emulator.audit.auditing import Auditing
    from ssp_emulator.audit.trail import Trail
    from ssp_emulator.clock import Clock
    from ssp_emulator.directory.loading import Registry
    from ssp_emulator.emulator.securing import Securing
    from ssp_emulator.faults.armed import Armed
    from ssp_emulator.faults.engine import Engine
    from ssp_emulator.plan import Plan
    from ssp_emulator.reloading import Part
    from ssp_emulator.workers.tally import SharedTallies

_STOPPING_S = 10.0  # what a worker may take beyond draining, such as for the last records on their way to the disk


class Several:
    """The workers, as an async context manager; once it is entered, `start` has them accept consumers.

    Takes sockets that listen and have their port to themselves, how to make further ones, and what workers need;
    `auditing` keeps what this process itself is asked, as the directory.
    Entering raises `SetupError`, and then no worker is left. Leaving lets requests in flight end.
    """

    module = "ssp_emulator.emulator.worker"

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        securing: Securing,
        faults: Engine,
        tallies: SharedTallies,
        listening: list[socket.socket],
        bind: Callable[[], list[socket.socket]],
        auditing: Auditing | None,
        *,
        described_at: str | None,
    ) -> None:
        settings = plan.configuration.settings
        self.metrics = Metrics()
        self.layout = Layout(plan.journal)
        self.archivist = Archivist(self.layout)
        self.spine = spine_of(settings, plan.registry, clock)
        self._plan = plan
        self._securing = securing
        self._faults = faults
        self._tallies = tallies
        self._described_at = described_at
        self._workers = settings.workers
        patience_s = settings.proxy.drain_timeout_s + _STOPPING_S
        self._fleet = Fleet(self, settings.workers, listening, bind, patience_s=patience_s)
        self._auditing = auditing
        self._begin: bytes | None = None  # what all begin with, packed once for all while they start
        self._renewed: dict[str, int] = {}  # when each part was last put in force again, counted in changes
        self._totals = Totals()
        self._last = dict.fromkeys(range(settings.workers), Report())
        self._failures_before = dict.fromkeys(range(settings.workers), 0)
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._securing.for_consumers()  # what is wrong with them is said once, and with its line
        self._securing.for_providers()
        async with AsyncExitStack() as starting:
            await starting.enter_async_context(self.archivist)
            if self._auditing is not None:
                await starting.enter_async_context(self._auditing)
            self._begin = self._packed()
            await starting.enter_async_context(self._fleet)
            self._begin = None
            self._running = starting.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.aclose()

    async def start(self) -> None:
        """Have every worker accept consumers. Raises `SetupError`."""
        await self._fleet.serve()
        await self.refresh()

    async def spread(self, rules: Mapping[str, Armed], hold: Callable[[], None]) -> None:
        """Put fault rules in force in every worker, and then in this process. Raises `SetupError`."""
        known = self._faults.rules
        new = [armed for name, armed in rules.items() if known.get(name) is not armed]
        await self._fleet.change(Change(RULES, packed(given(rules, new))), hold)

    @property
    def parts(self) -> tuple[Part[Any], ...]:
        """What can be read again, each with its files; it is in force when it is so in every worker."""
        return renewable.parts(
            self._plan.configuration,
            self._securing,
            registry=self._renew_registry,
            for_consumers=lambda _: self._renew(FOR_CONSUMERS),
            for_providers=lambda _: self._renew(FOR_PROVIDERS),
        )

    @property
    def reports(self) -> dict[str, Report]:
        """How each worker stood when it was last asked, by its name; one that does not serve now says why."""
        told = {}
        for worker, report in self._last.items():
            missing = self._fleet.missing(worker)
            told[f"worker {worker}"] = report if missing is None else replace(report, idle=missing)
        if self._auditing is not None:
            told["directory"] = Report.of_auditing(self._auditing)
        return told

    @property
    def trail(self) -> Trail:
        """Where what this process is asked is written down."""
        if self._auditing is None:
            raise LookupError("this process is asked nothing that is written down")
        return self._auditing.trail

    async def refresh(self) -> None:
        """Ask every worker how it stands."""
        self._take(await self._fleet.ask_all("report", {"metrics": False}))

    async def exposed(self) -> Collector:
        """Return what the metrics of this process and its workers say together."""
        self._take(await self._fleet.ask_all("report", {"metrics": True}))
        leading = await asyncio.to_thread(families_of, self.metrics.registry)
        families = self._totals.with_those_of(leading)
        return Merged(families, PREFIX, workers=self._workers, restarts=self._fleet.restarts)

    def begin(self, worker: int, listening: Sequence[int]) -> tuple[Message, Sequence[int]]:
        """Return what a worker is told first, and the files that it has from this process."""
        said = {
            "worker": worker,
            "listening": list(listening),
            "tallies": self._tallies.fd,
        }
        return Message(said, self._begin or self._packed()), (*listening, self._tallies.fd)

    def in_force(self, since: int) -> Iterator[Change]:
        """Yield what a worker has to be told before it serves; it began after so many changes."""
        if self._renewed.get(REGISTRY, 0) > since:
            yield Change(REGISTRY, packed(self._plan.registry))
        for part in (FOR_CONSUMERS, FOR_PROVIDERS):
            if self._renewed.get(part, 0) > since:
                yield Change(part)
        rules = self._faults.rules
        yield Change(RULES, packed(given(rules, rules.values())))

    def ended(self, worker: int) -> None:
        """Take note that a worker has ended: what it has counted stays."""
        last = self._last[worker]
        self._failures_before[worker] = last.failures
        self._last[worker] = replace(last, connections=0, unsynced=None if last.unsynced is None else 0)
        self._totals.ended(str(worker))

    def _packed(self) -> bytes:
        return packed(Begin(self._plan, self._described_at))

    def _renew_registry(self, registry: Registry) -> Awaitable[None]:
        def here() -> None:
            self._plan = replace(self._plan, registry=registry)
            self.spine = replace(self.spine, directory=registry.directory, catalogue=registry.catalogue)

        return self._renew(REGISTRY, packed(registry), here)

    async def _renew(self, part: str, data: bytes = b"", here: Callable[[], None] = lambda: None) -> None:
        def renewed() -> None:
            here()
            self._renewed[part] = self._fleet.changes + 1

        await self._fleet.change(Change(part, data), renewed)

    def _take(self, answers: Sequence[Message | None]) -> None:
        for worker, answer in enumerate(answers):
            if answer is None:
                self._last[worker] = replace(self._last[worker], idle="it does not answer")
                continue
            report = Report.of(answer.said["report"])
            self._last[worker] = replace(report, failures=report.failures + self._failures_before[worker])
            if (families := answer.said.get("families")) is not None:
                self._totals.tell(str(worker), families)
