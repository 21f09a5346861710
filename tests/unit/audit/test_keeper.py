"""The keeper: what it does each time, what it does not, and what it says when something cannot be done."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs
from support import journals, trails
from support.unwritable import unwritable_journal
from support.waiting import until

from ssp_emulator.audit.durability import Durability, Sync
from ssp_emulator.audit.journal import Journal, Rotation
from ssp_emulator.audit.keeper import Keeper
from ssp_emulator.audit.retention import Keep
from ssp_emulator.audit.trail import Manner, Trail
from ssp_emulator.exchange import NotRecordedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.clocks import MovableClock

    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.exchange import Advisory, Exchange

FACTS = {name: value for name, value in trails.facts(1).items() if name != "gap"}
DAY_S = 86_400


class Silent:
    """Has nothing to say."""

    def advise(self, exchange: Exchange) -> tuple[Advisory, ...]:
        return ()


class Kept:
    """A journal, and those that keep it."""

    def __init__(
        self, journal: Journal, clock: MovableClock, sync: Sync, keep: Keep, *, flush_every_s: float = 0
    ) -> None:
        self.journal = journal
        self.durability = Durability(journal, sync)
        self.trail = Trail(journal, self.durability, Silent(), Manner())
        self.keeper = Keeper(journal, self.durability, self.trail, keep, clock, flush_every_s=flush_every_s)


@pytest.fixture
def journal(layout: Layout, moved: MovableClock) -> Iterator[Journal]:
    with Journal(layout, clock=moved, rotation=Rotation(age_s=DAY_S)) as opened:
        yield opened


@pytest.fixture
def kept(journal: Journal, moved: MovableClock) -> Kept:
    return Kept(journal, moved, Sync.INTERVAL, Keep())


def failing(*_: object) -> Any:
    raise OSError(5, "Input/output error")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_it_brings_records_to_the_disk(kept: Kept) -> None:
    kept.journal.append(FACTS)
    assert kept.durability.behind == 1
    await kept.keeper.tend()
    assert kept.durability.behind == 0


async def test_it_does_so_as_often_as_it_is_told_to(journal: Journal, moved: MovableClock) -> None:
    kept = Kept(journal, moved, Sync.INTERVAL, Keep(), flush_every_s=60)
    for _ in range(2):
        journal.append(FACTS)
        moved.elapse(59)
        await kept.keeper.tend()
        assert kept.durability.behind == 1
        moved.elapse(1)
        await kept.keeper.tend()
        assert kept.durability.behind == 0


async def test_it_leaves_that_to_the_operating_system_where_it_is_told_to(
    journal: Journal, layout: Layout, moved: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(journal, moved, Sync.OS, Keep())
    monkeypatch.setattr(os, "fsync", failing)
    before = open_files()
    for _ in range(3):
        journal.append(FACTS)
        moved.elapse(DAY_S)
        await kept.keeper.tend()
    assert (kept.durability.behind, kept.trail.failure, open_files()) == (None, None, before)
    assert [each.first for each in layout.segments(0)] == [1, 2, 3, None]


async def test_it_closes_a_segment_that_has_grown_old(kept: Kept, layout: Layout, moved: MovableClock) -> None:
    kept.journal.append(FACTS)
    moved.elapse(DAY_S - 1)
    await kept.keeper.tend()
    assert [each.first for each in layout.segments(0)] == [None]
    moved.elapse(1)
    await kept.keeper.tend()
    assert [each.first for each in layout.segments(0)] == [1, None]


async def test_it_removes_what_is_surplus_and_says_so(layout: Layout, moved: MovableClock) -> None:
    links = trails.write(layout, (trails.facts(number) for number in range(1, 8)), segment=2)
    with Journal(layout, clock=moved, rotation=Rotation(age_s=1e9)) as journal:
        kept = Kept(journal, moved, Sync.INTERVAL, Keep(size_bytes=layout.closed(0, 1).stat().st_size))
        with capture_logs() as logs:
            await kept.keeper.tend()
            await kept.keeper.tend()
        assert journal.base == links[3]
    assert [each.first for each in layout.segments(0)] == [5, None]
    assert logs == [{"event": "retention has removed segments", "segments": 2, "through": 4, "log_level": "info"}]


@pytest.mark.parametrize("data", [b"notes of the user's\n", b""], ids=["foreign", "empty"])
async def test_what_cannot_be_removed_is_said_once_and_closes_nothing(
    layout: Layout, moved: MovableClock, data: bytes
) -> None:
    trails.write(layout, (trails.facts(number) for number in range(1, 8)), segment=2)
    layout.closed(0, 1).write_bytes(data)
    with Journal(layout, clock=moved, rotation=Rotation(age_s=1e9)) as journal:
        kept = Kept(journal, moved, Sync.INTERVAL, Keep(size_bytes=0))
        with capture_logs() as logs:
            for _ in range(3):
                await kept.keeper.tend()
        assert kept.trail.closed is None
    assert [each["event"] for each in logs] == ["what retention no longer wants could not be removed"]
    assert layout.closed(0, 1).read_bytes() == data
    assert [each.first for each in layout.segments(0)] == [1, 3, 5, None]


@pytest.mark.parametrize("gone", ["journal", "folder"])
async def test_a_journal_that_was_taken_away_is_there_again_before_anything_is_recorded(
    kept: Kept, layout: Layout, gone: str
) -> None:
    kept.journal.append(FACTS)
    layout.journal.unlink() if gone == "journal" else shutil.rmtree(layout.folder)
    await kept.keeper.tend()
    assert layout.journal.read_bytes() == b""
    assert kept.trail.failure is None
    assert kept.journal.append(FACTS).sequence == 2


async def test_what_cannot_be_kept_is_a_failure_until_it_can(kept: Kept, layout: Layout) -> None:
    shutil.rmtree(layout.folder)
    layout.folder.touch()
    for _ in range(2):
        await kept.keeper.tend()
        assert kept.trail.closed is not None
        assert kept.trail.closed.startswith(f"the journal {layout.journal} cannot be opened: ")
    layout.folder.unlink()
    await kept.keeper.tend()
    assert kept.trail.closed is None


async def test_after_a_failure_it_looks_for_room_and_leaves_nothing_of_that(
    kept: Kept, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.journal.append(FACTS)
    before = layout.journal.read_bytes()
    kept.trail.failed(NotRecordedError("the disk was full"))
    monkeypatch.setattr("ssp_emulator.audit.journal.os.write", failing)
    await kept.keeper.tend()
    assert kept.trail.closed == f"the journal {layout.journal} cannot be written: input/output error"
    monkeypatch.undo()
    await kept.keeper.tend()
    assert kept.trail.closed is None
    assert layout.journal.read_bytes() == before


async def test_it_looks_for_no_room_while_all_is_well(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssp_emulator.audit.journal.os.write", failing)
    await kept.keeper.tend()
    assert kept.trail.failure is None


@pytest.mark.parametrize("sync", [Sync.ALWAYS, Sync.INTERVAL])
async def test_a_disk_that_takes_nothing_is_a_failure_until_it_does(
    journal: Journal, moved: MovableClock, monkeypatch: pytest.MonkeyPatch, sync: Sync
) -> None:
    kept = Kept(journal, moved, sync, Keep())
    journal.append(FACTS)
    monkeypatch.setattr(os, "fsync", failing)
    for _ in range(2):
        await kept.keeper.tend()
        assert kept.trail.closed == "the journal cannot be brought to the disk: input/output error"
    monkeypatch.undo()
    await kept.keeper.tend()
    assert (kept.trail.closed, kept.durability.behind) == (None, 0)


async def test_a_segment_that_cannot_be_closed_is_a_failure_until_it_can(
    kept: Kept, layout: Layout, moved: MovableClock
) -> None:
    kept.journal.append(FACTS)
    layout.closed(0, 1).touch()
    moved.elapse(DAY_S)
    await kept.keeper.tend()
    assert kept.trail.closed == "the journal cannot be kept: journal.000000000001.jsonl is there already"
    layout.closed(0, 1).unlink()
    await kept.keeper.tend()
    assert kept.trail.closed is None
    assert kept.journal.append(FACTS).sequence == 2
    assert journals.breaks(layout) == []


async def test_it_goes_on_by_itself_until_it_is_left(moved: MovableClock, layout: Layout) -> None:
    unwritable_journal(layout.folder)
    with Journal(layout, clock=moved) as journal:
        kept = Kept(journal, moved, Sync.INTERVAL, Keep())
        async with kept.keeper:
            for _ in range(2):
                with pytest.raises(NotRecordedError):
                    journal.append(FACTS)
            kept.trail.failed(NotRecordedError("as above"))
            layout.journal.unlink()
            await until(lambda: kept.trail.failure is None)
            journal.append(FACTS)
            await until(lambda: kept.durability.behind == 0)
            journal.append(FACTS)
        assert kept.durability.behind == 0  # leaving brings the last ones to the disk
    assert [record["gap"] for record in journals.records(layout)] == [{"torn_bytes": 0, "unrecorded": 2}, None]


async def test_leaving_brings_to_the_disk_what_is_not_due_yet(journal: Journal, moved: MovableClock) -> None:
    kept = Kept(journal, moved, Sync.INTERVAL, Keep(), flush_every_s=3600)
    async with kept.keeper:
        journal.append(FACTS)
        assert kept.durability.behind == 1
    assert kept.durability.behind == 0


async def test_leaving_waits_for_a_call_that_is_under_way(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []
    fsync = os.fsync

    def slowly(file: int) -> None:
        fsync(file)
        ended.append(file)

    monkeypatch.setattr(os, "fsync", slowly)
    kept.journal.append(FACTS)
    async with kept.keeper:
        flushing = asyncio.create_task(kept.durability.flush())
        await asyncio.sleep(0)
    assert ended
    await flushing


async def test_what_is_there_goes_to_the_disk_also_while_nothing_can_be_written(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.journal.append(FACTS)
    monkeypatch.setattr(Journal, "look", lambda _: failing())
    await kept.keeper.tend()
    assert (kept.durability.behind, kept.trail.closed) == (0, "the journal cannot be kept: input/output error")
