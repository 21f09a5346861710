"""What a measurement works with: peers that run, a load generator, and how long and how often to measure."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

import process_tree
from load import sheets
from load.job import Door, Job, Manner
from peers.setting import SMALL
from scenario import WrongAnswerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from load.remote import Generator
    from load.tally import Tally
    from peers.peer import Peer
    from peers.setting import Setting

    from ssp_emulator.directory.loading import Registry

AT_ONCE = 32
PROXY_HOST = "localhost"
_MICROSECONDS = 1e6

T = TypeVar("T")
Figures = dict[str, Any]
Findings = dict[str, Any]  # what goes into the results' JSON, at its top


@dataclass(frozen=True, slots=True)
class Load:
    """What is put on a peer: a document's size, how, and for how long."""

    size: int = SMALL
    interaction: str = sheets.READ
    manner: Manner = "closed"
    connections: int = AT_ONCE
    fresh: bool = False
    resume: bool = False
    seconds: float | None = None  # the run's, where it says nothing
    requests: int | None = None
    warm_up: int = 200
    rate: float | None = None
    idle: int = 0
    lenient: bool = False  # whether the answers may be others than the right ones while it warms up
    processes: int = 1  # of the load generator: a handshake costs it more than a proxy


@dataclass(frozen=True, slots=True)
class Reading:
    """What one load took: its tally, and the processor time of the peer's processes."""

    tally: Tally
    cpu_s: float

    @property
    def cpu_us(self) -> float:
        """Processor time for each answer, in microseconds."""
        return self.cpu_s * _MICROSECONDS / max(1, self.tally.answered)


@dataclass(slots=True)
class Bench:
    """A run: what it works with, and what it has found so far, as the results' JSON has it."""

    setting: Setting
    provider: Peer
    registry: Registry
    generators: tuple[Generator, ...]
    rounds: int
    seconds: float
    peers: list[Peer] = field(default_factory=list)
    results: Findings = field(default_factory=lambda: {"proxies": {}})
    say: Callable[[str], None] = print
    _loading: tuple[Generator, ...] = ()

    @property
    def proxies(self) -> list[Peer]:
        """Every peer but the provider itself."""
        return [peer for peer in self.peers if not peer.direct]

    def figures(self, name: str) -> Figures:
        """Return the place in the results for a peer's figures."""
        figures: Figures = self.results["proxies"].setdefault(name, {})
        return figures

    def named(self, *names: str) -> list[Peer]:
        """Return the peers of those names that are there."""
        return [peer for peer in self.peers if peer.name in names]

    async def ready(self, peer: Peer, load: Load, *others: Peer) -> None:
        """Have a load prepared, through a peer or through several in turn. Raises `WrongAnswerError`."""
        job = Job(
            doors=tuple(self._door(each, load) for each in (peer, *others)),
            sheet=self.setting.sheet(self.registry, PROXY_HOST, load.size, load.interaction),
            manner=load.manner,
            connections=max(1, load.connections // load.processes),
            seconds=self.seconds if load.seconds is None else load.seconds,
            requests=load.requests,
            warm_up=load.warm_up,
            rate=load.rate,
            idle=load.idle,
            lenient=load.lenient,
        )
        self._loading = self.generators[: load.processes]
        for generator in self._loading:  # one after the other: each estimates its pace alone
            try:
                await generator.prepare(job)
            except WrongAnswerError as error:
                raise WrongAnswerError(f"{peer.name}: {error}") from error

    async def go(self) -> list[Tally]:
        """Put on the load that was prepared, and return what came of it through each peer, whatever the answers."""
        first, *more = await asyncio.gather(*(generator.go() for generator in self._loading))
        for tallies in more:
            for total, tally in zip(first, tallies, strict=True):
                total.add(tally)
        return first

    async def put_on(self, peer: Peer) -> Reading:
        """Put on the load that was prepared, and return what it took. Its answers may be anything."""
        before = process_tree.cpu_s(peer.pid)
        tally = (await self.go())[0]
        return Reading(tally, process_tree.cpu_s(peer.pid) - before)

    async def read(self, peer: Peer, load: Load) -> Reading:
        """Put a load on a peer, and return what it took. Raises `WrongAnswerError` unless every answer is right."""
        await self.ready(peer, load)
        reading = await self.put_on(peer)
        demand_right(peer, reading.tally)
        return reading

    async def attempt(self, peer: Peer, taken: Awaitable[T]) -> T | None:
        """Return what is taken of a peer; where it answers wrongly and is not needed, leave it out from now on."""
        try:
            return await taken
        except WrongAnswerError as error:
            if peer.needed:
                raise
            self.say(f"{peer.name} is left out: {error}")
            self.results.setdefault("left_out", {})[peer.name] = str(error)
            self.peers.remove(peer)
            return None

    async def settle(self, peer: Peer) -> None:
        """Ask a peer that has just started for as many requests as it takes until it is as fast as it will be."""
        await self.read(peer, Load(requests=AT_ONCE, warm_up=peer.settles_after))

    def _door(self, peer: Peer, load: Load) -> Door:
        certificates = self.setting.certificates
        resuming = load.resume and peer.resuming_port is not None
        return Door(
            host="127.0.0.1",
            port=peer.resuming_port if resuming and peer.resuming_port is not None else peer.port,
            server_name="localhost" if resuming else peer.server_name,
            certificate=str(certificates.consumer.certificate),
            key=str(certificates.consumer.key),
            trust=str(certificates.chain),
            fresh=load.fresh,
            resume=load.resume,
        )


@dataclass(frozen=True, slots=True)
class Measure:
    """One measurement: its name for the command line, what it is of, and how it is taken."""

    name: str
    title: str
    take: Callable[[Bench], Awaitable[None]]
    quick: bool = False


def demand_right(peer: Peer, tally: Tally) -> None:
    """Raise `WrongAnswerError` where an answer was not right, or none came."""
    if tally.trouble:
        raise WrongAnswerError(f"{peer.name}: {tally.trouble}")


def middle(rounds: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the median of each figure over some rounds."""
    rounds = list(rounds)
    return {name: median(each[name] for each in rounds) for name in rounds[0]}
