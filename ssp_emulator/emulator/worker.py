"""A worker: a process that serves consumers as the one that has started it says, until that one ends it or is gone.

It is run as a module, with the number of the socket that leads to its parent.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
from typing import TYPE_CHECKING, Any

from ssp_emulator import logs
from ssp_emulator.audit.advice import Adviser
from ssp_emulator.audit.auditing import Auditing
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.merging import families_of
from ssp_emulator.clock import SystemClock
from ssp_emulator.emulator.handing import RULES, Begin, Rules, taken
from ssp_emulator.emulator.renewable import REGISTRY
from ssp_emulator.emulator.securing import Securing
from ssp_emulator.emulator.serving import Serving
from ssp_emulator.errors import SetupError
from ssp_emulator.faults.engine import Engine
from ssp_emulator.settling import settle_in
from ssp_emulator.workers.channel import Channel, Message
from ssp_emulator.workers.packing import unpacked
from ssp_emulator.workers.tally import SharedTallies

if TYPE_CHECKING:
    from collections.abc import Callable

_DONE = Message({})


class Worker:
    """What serves, and what its parent asks of it over a channel."""

    def __init__(self) -> None:
        self._told = asyncio.Event()  # what to begin with
        self._begin = Message({})
        self._begun: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._leaving = asyncio.Event()
        self._apply: Callable[[], object] | None = None

    async def run(self, parent: socket.socket) -> None:
        """Serve until the parent says that it is enough, or is gone."""
        channel = Channel(self._answer)
        await channel.open(parent)
        ended = asyncio.create_task(self._leave_with(channel))
        try:
            await asyncio.wait(
                [told := asyncio.create_task(self._told.wait()), ended], return_when=asyncio.FIRST_COMPLETED
            )
            told.cancel()
            if self._told.is_set():
                await self._serve()
        finally:
            ended.cancel()
            await channel.close()

    async def _leave_with(self, channel: Channel) -> None:
        await channel.ended()
        self._leaving.set()

    async def _serve(self) -> None:
        said = self._begin.said
        begin: Begin = unpacked(self._begin.data)
        settings = begin.plan.configuration.settings
        logs.configure(settings.log, worker=said["worker"])  # several write to the same standard error
        clock = SystemClock()
        self._tallies = SharedTallies(said["tallies"])
        self._engine = Engine(clock, seed=settings.faults.seed, by_header=settings.faults.by_header)
        self._securing = Securing(begin.plan, clock)
        layout = Layout(begin.plan.journal)
        adviser = Adviser(secrets.token_bytes(16))
        auditing = Auditing(layout, settings.audit, clock, adviser, worker=said["worker"], indexes=False)
        listening = [socket.socket(fileno=fd) for fd in said["listening"]]
        for each in listening:
            each.setblocking(False)
        self._serving = Serving(
            begin.plan,
            clock,
            self._securing,
            self._engine,
            auditing,
            listening,
            described_at=begin.described_at,
            tallies=self._tallies,
        )
        try:
            async with self._serving:
                self._begun.set_result(_DONE)
                await self._leaving.wait()
        except SetupError as error:
            if self._begun.done():
                raise
            self._begun.set_result(Message({"problems": error.lines}))
            await self._leaving.wait()

    async def _answer(self, what: str, asked: Message) -> Message:
        match what:
            case "begin":
                self._begin = asked
                self._told.set()
                return await self._begun
            case "prepare":
                return await self._prepare(asked.said["kind"], asked.data)
            case "apply":
                if self._apply is not None:
                    self._apply()
                    self._apply = None
            case "drop":
                self._apply = None
            case "serve":
                await self._serving.start()
                settle_in()
            case "report":
                return await self._report(metrics=asked.said["metrics"])
            case "stop":
                self._leaving.set()
            case _:
                raise LookupError(f"nobody knows what {what} asks for")
        return _DONE

    async def _prepare(self, kind: str, data: bytes) -> Message:
        try:
            self._apply = await self._prepared(kind, data)
        except SetupError as error:
            return Message({"problems": error.lines})
        except Exception as error:  # noqa: BLE001 - whatever it is, this worker cannot have it, so that none shall
            return Message({"problems": [f"{type(error).__name__}: {error}"]})
        return _DONE

    async def _prepared(self, kind: str, data: bytes) -> Callable[[], object]:
        """Make a change ready, and return what puts it in force; raises `SetupError`."""
        if kind == RULES:
            told: Rules = unpacked(data)
            await self._securing.disguises.prepare([each.rule.effect for each in told.new])
            return lambda: self._engine.hold(taken(told, self._engine.rules, self._tallies))
        if kind == REGISTRY:
            registry = await asyncio.to_thread(unpacked, data)
            return lambda: self._serving.renew_registry(registry)
        part = next(part for part in self._serving.parts if part.name == kind)
        made = await asyncio.to_thread(part.read)
        return lambda: part.apply(made)

    async def _report(self, *, metrics: bool) -> Message:
        told: dict[str, Any] = {"report": self._serving.report().json()}
        if metrics:
            told["families"] = await asyncio.to_thread(families_of, self._serving.metrics.registry)
        return Message(told)


def main() -> None:
    """Run the worker that the command line says."""
    parent = socket.socket(fileno=int(sys.argv[1]))
    asyncio.run(_run(parent))


async def _run(parent: socket.socket) -> None:
    await Worker().run(parent)


if __name__ == "__main__":
    main()
