"""The fleet, with workers that are real processes and do as a test says."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs
from support.waiting import PATIENCE_S, until

from ssp_emulator import sockets
from ssp_emulator.workers import fleet as module
from ssp_emulator.workers.channel import Message
from ssp_emulator.workers.fleet import Change, Fleet
from ssp_emulator.workers.process import WorkerError

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence


class Leading:
    """Whoever leads: what workers begin with, and what is in force."""

    module = "support.tiny_worker"

    def __init__(self, *begins: str) -> None:
        self.begins = list(begins) or ["well"]  # of each start in turn; the last of all further ones
        self.changes: list[Change] = []
        self.listened: list[tuple[int, ...]] = []
        self.ends: list[int] = []

    def begin(self, worker: int, listening: Sequence[int]) -> tuple[Message, Sequence[int]]:
        self.listened.append(tuple(listening))
        begins = self.begins.pop(0) if len(self.begins) > 1 else self.begins[0]
        return Message({"worker": worker, "begins": begins}), listening

    def in_force(self, since: int) -> Iterable[Change]:
        return self.changes

    def ended(self, worker: int) -> None:
        self.ends.append(worker)

    def then(self, change: Change) -> Callable[[], None]:
        """What puts a change in force in this process."""
        return lambda: self.changes.append(change)


@asynccontextmanager
async def serving(leading: Leading, number: int = 2) -> AsyncIterator[Fleet]:
    """A fleet that serves."""
    first = sockets.bind("127.0.0.1", 0)
    sockets.share(first)
    port = first[0].getsockname()[1]

    def bind() -> list[socket.socket]:
        return sockets.bind("127.0.0.1", port, shared=True)

    try:
        async with asyncio.timeout(4 * PATIENCE_S), Fleet(leading, number, first, bind, patience_s=5.0) as fleet:
            await fleet.serve()
            yield fleet
    finally:
        sockets.close(first)


async def told(fleet: Fleet) -> list[dict[str, Any]]:
    """What each worker tells; nothing of one that is gone."""
    return [answer.said if answer is not None else {} for answer in await fleet.ask_all("report", {})]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_all_serve_and_all_end() -> None:
    async with serving(Leading(), 3) as fleet:
        workers = await told(fleet)
        assert [worker["serves"] for worker in workers] == [True] * 3
        assert [fleet.missing(worker) for worker in range(3)] == [None] * 3

    assert len({worker["pid"] for worker in workers}) == 3
    assert not any(lives(worker["pid"]) for worker in workers)


async def test_what_is_wrong_with_any_is_told_once_and_none_is_left() -> None:
    with pytest.raises(WorkerError) as caught:
        async with serving(Leading("well", "problems", "problems"), 3):
            pass

    assert caught.value.lines == ("worker 1 has no chain", "and all lack a key", "worker 2 has no chain")


async def test_one_that_dies_as_it_starts_is_told_too() -> None:
    with pytest.raises(WorkerError, match=r"^a worker was ended by SIGKILL before it was ready$"):
        async with serving(Leading("well", "dies")):
            pass


async def test_a_change_is_in_force_in_all_before_it_is_in_the_one_that_leads() -> None:
    leading = Leading()
    async with serving(leading) as fleet:
        await fleet.change(Change("it", b"a"), leading.then(Change("it", b"a")))
        await fleet.change(Change("it", b"b"), leading.then(Change("it", b"b")))

        assert [worker["in_force"] for worker in await told(fleet)] == [["a", "b"]] * 2
        assert fleet.changes == 2


async def test_a_change_that_one_cannot_have_is_in_force_nowhere() -> None:
    leading = Leading()
    async with serving(leading) as fleet:
        with pytest.raises(WorkerError) as caught:
            await fleet.change(Change("bad"), leading.then(Change("bad")))

        assert caught.value.lines == ("it is not good",)
        assert [(worker["in_force"], worker["pending"]) for worker in await told(fleet)] == [([], [])] * 2
        assert (leading.changes, fleet.changes) == ([], 0)


async def test_one_that_is_killed_is_replaced_by_one_that_has_all_that_is_in_force() -> None:
    leading = Leading()
    with capture_logs() as logged:
        async with serving(leading) as fleet:
            await fleet.change(Change("it", b"a"), leading.then(Change("it", b"a")))
            before = await told(fleet)
            os.kill(before[1]["pid"], signal.SIGKILL)
            await until(lambda: leading.ends)
            assert fleet.missing(1) == "it has ended, and another is being started"
            await until(lambda: fleet.missing(1) is None)
            after = await told(fleet)

    assert after[0] == before[0]
    assert after[1] == {**before[1], "pid": after[1]["pid"]}
    assert after[1]["pid"] != before[1]["pid"]
    assert (fleet.restarts, leading.ends) == (1, [1])
    assert leading.listened[1] == leading.listened[2]  # whoever connects meanwhile waits for the next
    assert [(line["event"], line["worker"]) for line in logged] == [
        ("a worker has ended", 1),
        ("a worker was replaced", 1),
    ]
    assert logged[0]["how"] == "was ended by SIGKILL"


async def test_one_that_dies_of_a_change_holds_nobody_up() -> None:
    leading = Leading()
    async with serving(leading, 1) as fleet:
        await fleet.change(Change("deadly"), leading.then(Change("it", b"a")))
        await until(lambda: fleet.restarts and fleet.missing(0) is None)

        assert [worker["in_force"] for worker in await told(fleet)] == [["a"]]


async def test_one_that_does_not_answer_is_ended_before_the_change_is_in_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leading = Leading()
    async with serving(leading) as fleet:
        before = [worker["pid"] for worker in await told(fleet)]
        with monkeypatch.context() as impatient:
            impatient.setattr(module, "_CHANGE_PATIENCE_S", 0.2)
            await fleet.change(Change("mute"), leading.then(Change("it", b"a")))

        assert not any(map(lives, before))
        await until(lambda: all(fleet.missing(worker) is None for worker in range(2)))
        assert [worker["in_force"] for worker in await told(fleet)] == [["a"]] * 2


async def test_one_that_cannot_be_replaced_is_tried_again_and_consumers_come_to_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_S", 0.01)
    leading = Leading("well", "well", "problems", "dies", "well")
    with capture_logs() as logged:
        async with serving(leading) as fleet:
            os.kill((await told(fleet))[0]["pid"], signal.SIGKILL)
            await until(lambda: fleet.restarts == 3 and fleet.missing(0) is None)
            assert [worker["serves"] for worker in await told(fleet)] == [True, True]

    assert [line["problem"] for line in logged if "problem" in line] == [
        "worker 0 has no chain",
        "and all lack a key",
        "a worker was ended by SIGKILL before it was ready",
    ]


async def test_one_that_stands_still_is_missing_in_what_all_are_asked() -> None:
    async with serving(Leading()) as fleet:
        pid = (await told(fleet))[0]["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            assert [bool(worker) for worker in await told(fleet)] == [False, True]
        finally:
            os.kill(pid, signal.SIGCONT)


async def test_one_that_does_not_stop_is_killed() -> None:
    leading = Leading()
    with capture_logs() as logged:
        async with serving(leading, 1) as fleet:
            fleet._patience_s = 0.2
            pid = (await told(fleet))[0]["pid"]
            os.kill(pid, signal.SIGSTOP)

    assert not lives(pid)
    assert [line["event"] for line in logged] == ["a worker does not stop, and is killed"]
