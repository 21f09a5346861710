"""When records reach the disk: how often `fsync` is called, on what, and who waits for it."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import trails
from support.waiting import until

from ssp_emulator.audit.durability import Durability, Sync
from ssp_emulator.audit.journal import Journal, Rotation
from ssp_emulator.exchange import NotRecordedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.clocks import MovableClock

    from ssp_emulator.audit.layout import Layout

FACTS = trails.facts(1)


class Disk:
    """Stands in for `fsync`: keeps what each was called on, and how large that was, and lets it end when it may."""

    def __init__(self) -> None:
        self.synced: list[tuple[str, int]] = []
        self.may_end = threading.Event()
        self.may_end.set()
        self.error: OSError | None = None

    def fsync(self, file: int) -> None:
        self.synced.append((Path(f"/proc/self/fd/{file}").readlink().name, os.fstat(file).st_size))
        assert self.may_end.wait(10)
        if self.error is not None:
            raise self.error

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.synced]

    @property
    def files(self) -> list[str]:
        return [name for name in self.names if name != "audit"]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    monkeypatch.setattr(os, "fsync", made.fsync)
    return made


@pytest.fixture
def journal(layout: Layout, moved: MovableClock) -> Iterator[Journal]:
    with Journal(layout, clock=moved) as opened:
        yield opened


async def test_always_is_before_settled_returns(journal: Journal, disk: Disk) -> None:
    durability = Durability(journal, Sync.ALWAYS)
    journal.append(FACTS)
    disk.may_end.clear()
    settling = asyncio.create_task(durability.settled())
    await until(lambda: disk.synced)
    assert (settling.done(), durability.behind) == (False, 1)
    disk.may_end.set()
    await settling
    assert durability.behind == 0
    assert disk.synced[0] == ("journal.jsonl", journal.layout.current(0).stat().st_size)


@pytest.mark.parametrize("sync", [Sync.INTERVAL, Sync.OS])
async def test_otherwise_nobody_waits_and_what_is_not_on_the_disk_is_counted(
    journal: Journal, disk: Disk, sync: Sync
) -> None:
    durability = Durability(journal, sync)
    for _ in range(3):
        journal.append(FACTS)
        await durability.settled()
    known = sync is not Sync.OS
    assert (disk.synced, durability.behind) == ([], 3 if known else None)
    await durability.flush()
    assert (disk.files, durability.behind) == (["journal.jsonl"], 0 if known else None)


async def test_where_everything_is_on_the_disk_it_is_not_asked_again(journal: Journal, disk: Disk) -> None:
    durability = Durability(journal, Sync.ALWAYS)
    await durability.settled()
    journal.append(FACTS)
    for _ in range(3):
        await durability.settled()
    assert disk.files == ["journal.jsonl"]


async def test_requests_that_end_together_share_a_call_and_none_rides_on_one_that_began_before_it(
    journal: Journal, disk: Disk
) -> None:
    durability = Durability(journal, Sync.ALWAYS)

    async def end() -> int:
        """Return how many calls had begun when a request was settled."""
        journal.append(FACTS)
        await durability.settled()
        return len(disk.files)

    disk.may_end.clear()
    first = asyncio.create_task(end())
    await until(lambda: disk.synced)
    others = [asyncio.create_task(end()) for _ in range(50)]
    await until(lambda: journal.last.sequence == 51)
    disk.may_end.set()
    assert await first >= 1
    assert set(await asyncio.gather(*others)) == {2}
    assert disk.synced[-1] == ("journal.jsonl", journal.layout.current(0).stat().st_size)
    assert (disk.files, durability.behind) == (["journal.jsonl"] * 2, 0)


async def test_whoever_leaves_takes_the_call_from_nobody(journal: Journal, disk: Disk) -> None:
    durability = Durability(journal, Sync.ALWAYS)
    journal.append(FACTS)
    disk.may_end.clear()
    leaving, staying = (asyncio.create_task(durability.settled()) for _ in range(2))
    await until(lambda: disk.synced)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert (leaving.cancelled(), staying.done()) == (True, False)
    disk.may_end.set()
    await staying
    assert (disk.files, durability.behind) == (["journal.jsonl"], 0)


async def test_a_call_that_fails_is_told_to_all_who_wait_and_the_next_may_go_well(journal: Journal, disk: Disk) -> None:
    durability = Durability(journal, Sync.ALWAYS)
    disk.error = OSError(5, "Input/output error")
    journal.append(FACTS)
    told = await asyncio.gather(*(durability.settled() for _ in range(3)), return_exceptions=True)
    assert {(type(each), str(each)) for each in told} == {
        (NotRecordedError, "the journal cannot be brought to the disk: input/output error")
    }
    assert (disk.files, durability.behind) == (["journal.jsonl"], 1)
    disk.error = None
    await durability.settled()
    assert (disk.files, durability.behind) == (["journal.jsonl"] * 2, 0)


async def test_a_closed_segment_goes_to_the_disk_with_the_current_one_and_then_the_folder(
    layout: Layout, moved: MovableClock, disk: Disk
) -> None:
    with Journal(layout, clock=moved, rotation=Rotation(size_bytes=1)) as journal:
        durability = Durability(journal, Sync.ALWAYS)
        for _ in range(3):
            journal.append(FACTS)
        await durability.settled()
        assert sorted(disk.names[:-1]) == ["journal.000000000001.jsonl", "journal.000000000002.jsonl", "journal.jsonl"]
        assert disk.names[-1] == "audit"  # the names are there only with it
        assert all(size > 0 for _, size in disk.synced)
        disk.synced.clear()
        journal.append(FACTS)
        await durability.settled()
        assert sorted(disk.names) == ["audit", "journal.000000000003.jsonl", "journal.jsonl"]  # and no other again


async def test_a_closed_segment_that_could_not_be_synced_is_tried_again(
    layout: Layout, moved: MovableClock, disk: Disk
) -> None:
    with Journal(layout, clock=moved, rotation=Rotation(size_bytes=1)) as journal:
        durability = Durability(journal, Sync.ALWAYS)
        for _ in range(2):
            journal.append(FACTS)
        disk.error = OSError(5, "Input/output error")
        for _ in range(2):
            with pytest.raises(NotRecordedError):
                await durability.settled()
        disk.error = None
        disk.synced.clear()
        await durability.settled()
        assert sorted(disk.names) == ["audit", "journal.000000000001.jsonl", "journal.jsonl"]


async def test_a_folder_that_could_not_be_synced_is_tried_again(
    layout: Layout, moved: MovableClock, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_the_folder(file: int) -> None:
        disk.fsync(file)
        if disk.names[-1] == "audit":
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse_the_folder)
    with Journal(layout, clock=moved, rotation=Rotation(size_bytes=1)) as journal:
        durability = Durability(journal, Sync.ALWAYS)
        for _ in range(2):
            journal.append(FACTS)
        with pytest.raises(NotRecordedError):
            await durability.settled()
        monkeypatch.setattr(os, "fsync", disk.fsync)
        disk.synced.clear()
        await durability.settled()
        assert "audit" in disk.names


async def test_the_name_of_a_new_journal_goes_to_the_disk_too(journal: Journal, disk: Disk) -> None:
    durability = Durability(journal, Sync.ALWAYS)
    journal.append(FACTS)
    await durability.settled()
    assert disk.names == ["journal.jsonl", "audit"]
    journal.append(FACTS)
    await durability.settled()
    assert disk.names == ["journal.jsonl", "audit", "journal.jsonl"]


async def test_to_close_is_to_let_the_last_call_end(journal: Journal, disk: Disk) -> None:
    durability = Durability(journal, Sync.ALWAYS)
    await durability.close()
    journal.append(FACTS)
    disk.may_end.clear()
    settling = asyncio.create_task(durability.settled())
    await until(lambda: disk.synced)
    closing = asyncio.create_task(durability.close())
    await asyncio.sleep(0)
    assert not closing.done()
    disk.may_end.set()
    await asyncio.gather(closing, settling)


async def test_on_a_real_disk(journal: Journal) -> None:
    durability = Durability(journal, Sync.ALWAYS)
    for _ in range(10):
        journal.append(FACTS)
        await durability.settled()
        assert durability.behind == 0
