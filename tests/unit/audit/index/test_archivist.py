"""The index as the event loop has it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs
from support import trails
from support.waiting import until

from ssp_emulator.audit.anchor import Anchor
from ssp_emulator.audit.index import Index, IndexingError, SlowError
from ssp_emulator.audit.index.archivist import Archivist
from ssp_emulator.audit.journal import Journal
from ssp_emulator.audit.question import Question

if TYPE_CHECKING:
    from support.clocks import MovableClock

    from ssp_emulator.audit.layout import Layout


def indexed(layout: Layout) -> int:
    """Return how many records are in the index, without a look at the journal."""
    with Index(layout) as index:
        return index.search(Question(count=True)).matching or 0


def records(layout: Layout) -> int:
    """Return how many records are in the index, whether or not the journal has them."""
    with Index(layout) as index:
        ((number,),) = index.rows("SELECT count(*) FROM exchange")
    return int(number)


async def test_what_has_just_ended_is_found_at_once(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        async with Archivist(layout, every_s=3600) as archivist:
            for number in (1, 2, 3):
                journal.append(trails.facts(number))
                assert len((await archivist.search(Question())).records) == number
                assert len((await archivist.trace(trails.trace_id(number))).records) == 1
            assert archivist.behind == 0


async def test_what_comes_is_taken_in_beside(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        journal.append(trails.facts(1))
        async with Archivist(layout, every_s=0.01):
            await until(layout.index.exists)
            await until(lambda: indexed(layout) == 1)
            journal.append(trails.facts(2))
            await until(lambda: indexed(layout) == 2)
            layout.index.unlink()
            await until(layout.index.exists)
            await until(lambda: indexed(layout) == 2)


async def test_it_says_how_much_is_behind(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    trails.write(layout, [trails.facts(n) for n in range(1, 10)])
    seen = []
    monkeypatch.setattr(Archivist, "_note", lambda self, behind: seen.append(behind))
    async with Archivist(layout, every_s=0.01):
        await until(lambda: 0 in seen)


async def test_nothing_is_made_until_there_is_something_to_index(layout: Layout, moved: MovableClock) -> None:
    looks = threading.Semaphore(0)

    class Looking(Archivist):
        def _look(self) -> None:
            super()._look()
            looks.release()

    async with Looking(layout, every_s=0.01):
        await asyncio.to_thread(looks.acquire)
        assert not layout.folder.exists()
        with Journal(layout, clock=moved) as journal:
            for _ in range(3):
                await asyncio.to_thread(looks.acquire)
            assert not layout.index.exists()
            journal.append(trails.facts(1))
            await until(layout.index.exists)


FAT = f"https://gp.example.nhs.uk/?q={'x' * 70_000}"  # as many bytes as many requests leave


class Crowded(Archivist):
    """One that finds that many requests have come, each time that it looks and each time that it has taken in some."""

    journal: Journal | None = None

    def __init__(self, layout: Layout, **changes: float) -> None:
        super().__init__(layout, every_s=0.001, **changes)
        self.looks = threading.Semaphore(0)

    def _look(self) -> None:
        self.come()
        super()._look()
        self.looks.release()

    def _note(self, behind: int) -> None:
        super()._note(behind)
        self.come()

    def come(self) -> None:
        if self.journal is not None:
            self.journal.append(trails.facts(1, target=FAT))

    async def look(self, times: int) -> None:
        for _ in range(times):
            await asyncio.to_thread(self.looks.acquire)


async def test_while_many_requests_come_their_records_are_left_for_later(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        async with Crowded(layout) as archivist:
            archivist.journal = journal
            await archivist.look(5)
            taken_in = indexed(layout)
            await archivist.look(20)
            assert indexed(layout) == taken_in

            archivist.journal = None
            await until(lambda: indexed(layout) > taken_in)
            await archivist.look(2)
            assert archivist.behind == 0


async def test_what_has_begun_to_be_taken_in_is_left_too_once_many_come(
    layout: Layout, moved: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssp_emulator.audit.index.archivist._TURN_S", 0.0)
    trails.write(layout, [trails.facts(n) for n in range(1, 3000)])
    with Journal(layout, clock=moved) as journal:
        async with Crowded(layout) as archivist:
            archivist.journal = journal
            await archivist.look(20)
            assert 0 < indexed(layout) < 1000


async def test_what_retention_has_removed_is_forgotten_to_the_end(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssp_emulator.audit.index.archivist._TURN_S", 0.0)
    links = trails.write(layout, [trails.facts(n) for n in range(1, 3001)], segment=1000)
    with Index(layout) as index:
        index.catch_up()
    for first in (1, 1001):
        layout.closed(0, first).unlink()
    with layout.anchor(0).open("r+b") as file:
        Anchor(file.fileno()).set_base(links[1999])

    async with Archivist(layout, every_s=0.001):
        await until(lambda: records(layout) == 1000)


async def test_after_so_long_they_are_left_no_longer(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        async with Crowded(layout, latest_s=0.0) as archivist:
            archivist.journal = journal
            await until(lambda: layout.index.exists() and indexed(layout) > 10)
            archivist.journal = None


async def test_an_index_that_cannot_be_written_is_said_once_and_comes_back(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssp_emulator.audit.index.archivist._AFTER_FAILURE_S", 0.01)
    trails.write(layout, [trails.facts(1)])
    layout.index.mkdir()
    with capture_logs() as logs:
        async with Archivist(layout, every_s=0.01) as archivist:
            await until(lambda: logs)
            with pytest.raises(IndexingError):
                await archivist.search(Question())
            layout.index.rmdir()
            await until(lambda: len(logs) > 1)
            assert len((await archivist.search(Question())).records) == 1
    assert [(log["log_level"], log["event"]) for log in logs] == [
        ("warning", "the index cannot be kept up; requests are not touched"),
        ("info", "the index is kept up again"),
    ]


async def test_leaving_waits_neither_for_a_rebuild_nor_for_a_question(layout: Layout) -> None:
    trails.write(layout, [trails.facts(n) for n in range(1, 3000)])
    entered, left = threading.Event(), threading.Event()
    others = set(threading.enumerate())

    def endless(index: Index) -> None:
        entered.set()
        try:
            index.rows("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
        finally:
            left.set()

    async with asyncio.timeout(8):  # a search may take ten seconds
        async with Archivist(layout, every_s=0.01) as archivist:
            asking = asyncio.create_task(archivist.ask(endless))
            await asyncio.to_thread(entered.wait)
        assert left.is_set()
        with pytest.raises(SlowError):
            await asking
    assert not [each for each in set(threading.enumerate()) - others if each.name.startswith(("index", "trail"))]
