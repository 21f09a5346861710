"""The fleet: all workers, started together, told things together, and replaced when they end."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import structlog

from ssp_emulator import sockets
from ssp_emulator.errors import SetupError, said
from ssp_emulator.workers.channel import ChannelClosedError, Message
from ssp_emulator.workers.process import Process, WorkerError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType
    from typing import Self

_START_PATIENCE_S = 120.0
_CHANGE_PATIENCE_S = 30.0
_REPORT_PATIENCE_S = 2.0
_STEADY_S = 10.0  # whoever lived so long is replaced at once
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0


class Change(NamedTuple):
    """Something that is to be in force in every worker: of which kind, and what, as bytes."""

    kind: str
    data: bytes = b""


class Lead(Protocol):
    """Whoever knows what workers do."""

    module: str

    def begin(self, worker: int, listening: Sequence[int]) -> tuple[Message, Sequence[int]]:
        """Return what a worker is told first, and the files that it has from this process.

        `listening` are its sockets, by their numbers.
        """
        ...

    def in_force(self, since: int) -> Iterable[Change]:
        """Return what a worker has to be told before it serves; it began after so many changes."""
        ...

    def ended(self, worker: int) -> None:
        """Take note that a worker has ended."""
        ...


@dataclass(slots=True)
class _Berth:
    """A worker's place, which it leaves to another when it ends; `missing` is why nobody serves there, if so."""

    worker: int
    listening: list[socket.socket] = field(default_factory=list)
    process: Process | None = None
    missing: str | None = "it is being started"
    since: int = 0
    began: float = 0.0


class Fleet:
    """So many workers, as an async context manager: entering starts them, and leaving lets them end.

    Each has sockets of its own on one port, the first of them `first`, and `bind` makes further ones. They stay open
    while a worker is replaced, so that whoever connects meanwhile waits for the next and is not refused; while there is
    trouble with that they are closed, and consumers come to the others. `patience_s` is how many seconds they have to
    end in. `changes` is how many there have been, and `restarts` how many workers were started in another's place.

    Entering raises `SetupError` where a worker cannot be started, and then none is left running.
    """

    def __init__(
        self,
        lead: Lead,
        number: int,
        first: list[socket.socket],
        bind: Callable[[], list[socket.socket]],
        *,
        patience_s: float,
    ) -> None:
        self.changes = self.restarts = 0
        self._lead = lead
        self._bind = bind
        self._patience_s = patience_s
        self._berths = [_Berth(worker) for worker in range(number)]
        self._berths[0].listening = first
        self._changing = asyncio.Lock()
        self._looking: list[asyncio.Task[None]] = []
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.workers")

    async def __aenter__(self) -> Self:
        starting = map(self._start, self._berths)
        try:
            ends = await asyncio.gather(*starting, return_exceptions=True)
        except BaseException:
            await self._end_all()
            raise
        if errors := [end for end in ends if isinstance(end, BaseException)]:
            await self._end_all()
            raise _as_one(errors)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for looking in self._looking:
            looking.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)
        for berth in self._berths:  # all of them first: whoever comes now is refused, and does not wait for nobody
            self._close(berth)
        await asyncio.gather(*(self._stop(berth.process) for berth in self._berths if berth.process is not None))

    async def serve(self) -> None:
        """Have all workers serve. Raises `SetupError` where one cannot have what is in force."""
        await asyncio.gather(*(self._admit(berth) for berth in self._berths))
        self._looking = [asyncio.create_task(self._look_after(berth)) for berth in self._berths]

    def missing(self, worker: int) -> str | None:
        """Say why a worker does not serve; None where it does."""
        return self._berths[worker].missing

    async def change(self, change: Change, then: Callable[[], None]) -> None:
        """Put something in force in every worker, or in none, and then call what does so in this process.

        It is in force everywhere on return: a worker that does not come to it is ended, and replaced by one that has
        it from the start. Raises `WorkerError` where one says that it cannot be.
        """
        async with self._changing:
            ready = [berth for berth in self._berths if berth.missing is None]
            answers = await self._told(ready, "prepare", {"kind": change.kind}, change.data)
            if problems := [line for answer in answers for line in answer.said.get("problems", ())]:
                await self._told(ready, "drop")
                raise WorkerError(list(dict.fromkeys(problems)))
            await self._told(ready, "apply")
            then()
            self.changes += 1

    async def ask_all(self, what: str, said: dict[str, Any]) -> list[Message | None]:
        """Ask every worker something, and return the answers by worker; None for one that has not answered in time."""

        async def asked(berth: _Berth) -> Message | None:
            with suppress(ChannelClosedError, TimeoutError):
                if berth.process is not None:
                    async with asyncio.timeout(_REPORT_PATIENCE_S):
                        return await berth.process.ask(what, said)
            return None

        return await asyncio.gather(*map(asked, self._berths))

    async def _told(
        self, berths: Sequence[_Berth], what: str, said: dict[str, Any] | None = None, data: bytes = b""
    ) -> list[Message]:
        """Tell some workers something, and return the answers; who does not answer is ended."""

        async def told(berth: _Berth) -> Message | None:
            process = berth.process
            if process is None:
                return None
            try:
                async with asyncio.timeout(_CHANGE_PATIENCE_S):
                    return await process.ask(what, said, data)
            except ChannelClosedError:
                return None
            except TimeoutError:
                self._log.error("a worker does not answer, and is ended", worker=berth.worker, pid=process.pid)
                await process.end(now=True)
                return None

        return [answer for answer in await asyncio.gather(*map(told, berths)) if answer is not None]

    async def _start(self, berth: _Berth) -> None:
        if not berth.listening:
            try:
                berth.listening = self._bind()
            except OSError as error:
                raise WorkerError([f"worker {berth.worker} cannot listen: {said(error)}"]) from error
        begin, fds = self._lead.begin(berth.worker, [each.fileno() for each in berth.listening])
        berth.since, berth.began = self.changes, time.monotonic()
        try:
            async with asyncio.timeout(_START_PATIENCE_S):
                berth.process = await Process.start(self._lead.module, fds, begin)
        except TimeoutError:
            raise WorkerError([f"worker {berth.worker} was not ready within {_START_PATIENCE_S:g} s"]) from None

    async def _admit(self, berth: _Berth) -> int:
        """Have a worker serve that has started, with all that is in force, and return its process's number."""
        if berth.process is None:
            raise LookupError("a worker that was not started cannot serve")
        async with self._changing:
            for change in self._lead.in_force(berth.since):
                await self._must(berth, "prepare", {"kind": change.kind}, change.data)
                await self._must(berth, "apply")
            await self._must(berth, "serve")
            berth.missing = None
            return berth.process.pid

    async def _must(self, berth: _Berth, what: str, said: dict[str, Any] | None = None, data: bytes = b"") -> None:
        """Tell one worker something. Raises `WorkerError` where it cannot do that, or ends."""
        answers = await self._told([berth], what, said, data)
        if not answers:
            raise WorkerError([f"worker {berth.worker} ended before it could serve"])
        if problems := answers[0].said.get("problems"):
            raise WorkerError(problems)

    async def _look_after(self, berth: _Berth) -> None:
        """Wait for a worker's end, and replace it, for ever."""
        pause_s = 0.0
        while True:
            steady = False
            if berth.process is not None:
                await berth.process.ended()
                self._log.error(
                    "a worker has ended", worker=berth.worker, pid=berth.process.pid, how=berth.process.end_in_words
                )
                berth.process, berth.missing = None, "it has ended, and another is being started"
                self._lead.ended(berth.worker)
                steady = time.monotonic() - berth.began >= _STEADY_S
            pause_s = 0.0 if steady else min(pause_s * 2 or _FIRST_PAUSE_S, _LONGEST_PAUSE_S)
            if not steady and pause_s > _FIRST_PAUSE_S:
                self._close(berth)
            await asyncio.sleep(pause_s)
            await self._replace(berth)

    async def _replace(self, berth: _Berth) -> None:
        self.restarts += 1
        try:
            await self._start(berth)
            pid = await self._admit(berth)
            self._log.warning("a worker was replaced", worker=berth.worker, pid=pid)
        except SetupError as error:
            for line in error.lines:
                self._log.error(
                    "a worker cannot be replaced, and that is tried again", worker=berth.worker, problem=line
                )
            berth.missing = f"it has ended, and no other could be started: {'; '.join(error.lines)}"
            await self._give_up(berth)
        except Exception:  # noqa: BLE001 - whatever it is, it is said, and tried again: nobody else looks after it
            self._log.exception("a worker could not be replaced: this is a defect", worker=berth.worker)
            berth.missing = "it has ended, and no other could be started: the log says why"
            await self._give_up(berth)

    async def _give_up(self, berth: _Berth) -> None:
        if berth.process is not None:
            await berth.process.end(now=True)
            berth.process = None

    async def _stop(self, process: Process) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                with suppress(ChannelClosedError):
                    await process.ask("stop")
                await process.ended()
        except TimeoutError:
            self._log.error("a worker does not stop, and is killed", pid=process.pid)
            await process.end(now=True)

    async def _end_all(self) -> None:
        for berth in self._berths:
            self._close(berth)
            if berth.process is not None:
                await berth.process.end(now=True)

    def _close(self, berth: _Berth) -> None:
        sockets.close(berth.listening)
        berth.listening = []


def _as_one(errors: Sequence[BaseException]) -> BaseException:
    """Return what is wrong with the set-up, every line of it once; or what is wrong with us, where there is such."""
    unexpected = next((error for error in errors if not isinstance(error, SetupError)), None)
    lines = [line for error in errors if isinstance(error, SetupError) for line in error.lines]
    return unexpected or WorkerError(list(dict.fromkeys(lines)))
