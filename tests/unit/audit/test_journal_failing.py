"""The journal where it cannot be written, or is taken away while it runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs
from support import journals
from support.adding import FACTS, add, no_file_larger_than
from support.unwritable import unwritable_journal

from ssp_emulator.audit.anchor import Anchored, read_anchor
from ssp_emulator.audit.chain import GENESIS
from ssp_emulator.audit.journal import Journal, Rotation
from ssp_emulator.audit.reading import JournalError, read
from ssp_emulator.audit.retention import Keep, retain
from ssp_emulator.exchange import NotRecordedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.clocks import MovableClock

    from ssp_emulator.audit.layout import Layout

# Failures


def test_of_a_record_that_was_taken_in_part_no_fragment_is_left(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        journal.append(FACTS)
        before = layout.current(0).read_bytes()
        for _ in range(2):
            with no_file_larger_than(len(before) + 10), pytest.raises(NotRecordedError) as caught:
                journal.append(FACTS)
            assert str(caught.value).startswith(f"the journal {layout.journal} cannot be written: it took 10 of ")
            assert str(caught.value).endswith(" bytes; is the disk full?")
            assert layout.current(0).read_bytes() == before
        assert (journal.unrecorded, journal.last.sequence) == (2, 1)
        journal.append(FACTS)
        journal.append(FACTS)
    assert [record["gap"] for record in journals.records(layout)] == [None, {"torn_bytes": 0, "unrecorded": 2}, None]
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3], [])


def test_a_fragment_that_could_not_be_cut_off_is_before_the_next_record(
    layout: Layout, moved: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with Journal(layout, clock=moved) as journal:
        journal.append(FACTS)
        size = layout.current(0).stat().st_size
        monkeypatch.setattr(os, "ftruncate", refuse)
        with no_file_larger_than(size + 10), pytest.raises(NotRecordedError, match="input/output error"):
            journal.append(FACTS)
        with pytest.raises(NotRecordedError, match="input/output error"):
            journal.append(FACTS)  # it would stand behind the fragment, on its line
        assert layout.current(0).stat().st_size == size + 10
        monkeypatch.undo()
        journal.append(FACTS)
    assert [record["gap"] for record in journals.records(layout)] == [None, {"torn_bytes": 0, "unrecorded": 2}]
    assert journals.breaks(layout) == []


def test_a_journal_that_takes_no_byte_is_told_and_nothing_of_the_chain_used_up(
    layout: Layout, moved: MovableClock
) -> None:
    with Journal(layout, clock=moved) as journal:
        with no_file_larger_than(0):
            for _ in range(2):
                with pytest.raises(NotRecordedError) as caught:
                    journal.append(FACTS)
                assert str(caught.value) == f"the journal {layout.journal} cannot be written: file too large"
            with pytest.raises(NotRecordedError, match="file too large"):
                journal.probe()
            assert (journal.last, journal.unrecorded) == (GENESIS, 2)
        journal.probe()
        journal.append(FACTS)
        assert journal.unrecorded == 0
    assert [record["gap"] for record in journals.records(layout)] == [{"torn_bytes": 0, "unrecorded": 2}]
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1], [])


@pytest.mark.parametrize("kind", ["device", "pipe", "anchor"])
def test_what_is_no_regular_file_is_no_journal(layout: Layout, moved: MovableClock, kind: str) -> None:
    layout.folder.mkdir()
    wrong = layout.anchor(0) if kind == "anchor" else layout.journal
    if kind == "device":
        wrong.symlink_to("/dev/zero")
    else:
        os.mkfifo(wrong)
    with pytest.raises(JournalError) as caught, Journal(layout, clock=moved):
        pass
    assert str(caught.value) == f"the journal {layout.journal} cannot be opened: {wrong.name} is not a regular file"
    assert [each.name for each in layout.folder.iterdir()] == [wrong.name]


def test_a_record_whose_anchor_cannot_be_written_is_there_and_the_chain_goes_on(
    layout: Layout, moved: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with Journal(layout, clock=moved) as journal:
        monkeypatch.setattr(os, "pwrite", full)
        journal.append(FACTS)
        for _ in range(2):
            with pytest.raises(NotRecordedError) as caught:
                journal.look()
            assert str(caught.value) == f"the journal {layout.journal} cannot be written: no space left on device"
        monkeypatch.undo()
        assert read_anchor(layout.anchor(0)) == Anchored(GENESIS, GENESIS)
        journal.look()
        assert read_anchor(layout.anchor(0)) == Anchored(journal.last, GENESIS)
        journal.append(FACTS)
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2], [])
    assert {str(record["gap"]) for record in journals.records(layout)} == {"None"}


def full_after(fits: int) -> Callable[[int, bytes, int], int]:
    """Return a `pwrite` that works so many times."""
    write, left = os.pwrite, [None] * fits

    def pwrite(file: int, data: bytes, offset: int) -> int:
        if not left:
            raise OSError(28, "No space left on device")
        left.pop()
        return write(file, data, offset)

    return pwrite


def test_what_was_there_before_a_chain_that_cannot_be_begun_stays(
    layout: Layout, moved: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere.jsonl"
    elsewhere.touch()
    layout.folder.mkdir()
    layout.journal.symlink_to(elsewhere)
    monkeypatch.setattr(os, "pwrite", full_after(0))
    with pytest.raises(JournalError), Journal(layout, clock=moved):
        pass
    assert layout.journal.readlink() == elsewhere
    layout.journal.unlink()
    layout.journal.write_bytes(b"torn")
    with pytest.raises(JournalError), Journal(layout, clock=moved):
        pass

    assert layout.journal.read_bytes() == b"torn"


@pytest.mark.parametrize("fits", [0, 1], ids=["nothing fits", "half of the anchor fits"])
def test_a_chain_that_cannot_be_begun_leaves_nothing(
    layout: Layout, moved: MovableClock, monkeypatch: pytest.MonkeyPatch, fits: int
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full_after(fits))
        with pytest.raises(JournalError) as caught, Journal(layout, clock=moved):
            pass

    assert "no space left on device" in str(caught.value)
    assert list(layout.folder.iterdir()) == []
    with Journal(layout, clock=moved) as journal:
        journal.append(FACTS)
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1], [])


def test_what_somebody_else_wrote_does_not_have_a_record_cut_off(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        journal.append(FACTS)
        with layout.journal.open("ab") as stray:
            stray.write(b"a stray line\n")
        journal.append(FACTS)
        before = layout.journal.read_bytes()
        with no_file_larger_than(len(before) + 10), pytest.raises(NotRecordedError):
            journal.append(FACTS)
        assert layout.journal.read_bytes()[: len(before)] == before
        journal.append(FACTS)
    assert [record["sequence"] for record in read(layout.journal)] == [1, 2, 3]


@pytest.mark.parametrize("size", [0, 10, 83, 165, 167])
def test_an_anchor_that_is_damaged_while_it_runs_is_written_anew(
    layout: Layout, moved: MovableClock, size: int
) -> None:
    with Journal(layout, clock=moved) as journal:
        link = journal.append(FACTS)
        journal.look()
        os.truncate(layout.anchor(0), size)
        assert read_anchor(layout.anchor(0)) is None
        with capture_logs() as logs:
            journal.look()
        assert read_anchor(layout.anchor(0)) == Anchored(link, GENESIS)
    assert [each["event"] for each in logs] == ["the anchor was damaged, and is written anew"]


@pytest.mark.parametrize("change", [-1, 5])
def test_a_journal_that_somebody_else_changes_is_said_once(layout: Layout, moved: MovableClock, change: int) -> None:
    with Journal(layout, clock=moved) as journal:
        journal.append(FACTS)
        size = layout.journal.stat().st_size
        os.truncate(layout.journal, size + change)
        with capture_logs() as logs:
            for _ in range(2):
                journal.look()
    assert logs == [
        {
            "event": "somebody else has changed the journal",
            "should_have_bytes": size,
            "has_bytes": size + change,
            "log_level": "error",
        }
    ]


def test_a_disk_with_too_little_room_is_told_before_anything_is_written(
    layout: Layout, moved: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fstatvfs

    def nearly_full(file: int) -> os.statvfs_result:
        return os.statvfs_result((*(found := real(file))[:3], 1, 1, *found[5:]))

    with Journal(layout, clock=moved) as journal:
        journal.look()
        monkeypatch.setattr(os, "fstatvfs", nearly_full)
        with pytest.raises(NotRecordedError, match="cannot be written: no space left on device"):
            journal.look()


def test_looking_for_room_leaves_nothing_behind(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        journal.probe()
        assert layout.current(0).read_bytes() == b""
        journal.append(FACTS)
        before = layout.current(0).read_bytes()
        journal.probe()
        assert layout.current(0).read_bytes() == before
        with no_file_larger_than(len(before) + 100), pytest.raises(NotRecordedError, match="it took 100 of 65536"):
            journal.probe()
        assert layout.current(0).read_bytes() == before
        journal.append(FACTS)
        assert journal.unrecorded == 0
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2], [])


# Moved away while it runs


@pytest.mark.parametrize("gone", ["journal", "anchor", "journal and anchor", "folder"])
@pytest.mark.parametrize("again", [1, 2])
def test_what_was_taken_away_is_begun_anew_and_the_chain_goes_on(
    layout: Layout, moved: MovableClock, gone: str, again: int
) -> None:
    with Journal(layout, clock=moved) as journal:
        last = journal.append(FACTS)
        for _ in range(again):
            if gone == "folder":
                shutil.rmtree(layout.folder)
            for each in (layout.current(0), layout.anchor(0)):
                if each.stem in gone or each.suffix[1:] in gone:
                    each.unlink()
            journal.look()
            journal.look()
            journal.probe()
            first = journal.append(FACTS)
            assert first.sequence == last.sequence + 1
            assert journals.records(layout)[-1]["previous"] == last.digest
            assert read_anchor(layout.anchor(0)) == Anchored(first, GENESIS)
            last = first
        with pytest.raises(JournalError, match="is in use by another emulator"), Journal(layout, clock=moved):
            pass
        journal.sync()
    add(layout)
    assert journals.sequences(layout)[-1] == last.sequence + 1


@pytest.mark.parametrize("gone", ["anchor", "folder"])
def test_what_retention_has_removed_is_known_when_all_else_is_taken_away(
    layout: Layout, moved: MovableClock, gone: str
) -> None:
    with Journal(layout, clock=moved, rotation=Rotation(size_bytes=1)) as journal:
        links = [journal.append(FACTS) for _ in range(4)]
        retain(journal, Keep(size_bytes=0), moved.now().timestamp())
        shutil.rmtree(layout.folder) if gone == "folder" else layout.anchor(0).unlink()
        journal.look()
        assert (journal.last, journal.base) == (links[3], links[2])
        assert read_anchor(layout.anchor(0)) == Anchored(links[3], links[2])


def test_a_journal_that_was_renamed_is_left_as_it_is(layout: Layout, moved: MovableClock) -> None:
    away = layout.folder / "moved.jsonl"
    with Journal(layout, clock=moved) as journal:
        journal.append(FACTS)
        layout.current(0).rename(away)
        before = away.read_bytes()
        journal.look()
        journal.append(FACTS)
    assert away.read_bytes() == before
    assert journals.sequences(layout) == [2]


def test_what_cannot_be_begun_anew_is_told_each_time_until_it_can(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        last = journal.append(FACTS)
        shutil.rmtree(layout.folder)
        layout.folder.touch()
        for _ in range(3):
            with pytest.raises(NotRecordedError, match="cannot be opened: "):
                journal.look()
            with pytest.raises(NotRecordedError, match="cannot be written: "):
                journal.append(FACTS)
        layout.folder.unlink()
        journal.look()
        journal.append(FACTS)
    (record,) = journals.records(layout)
    assert (record["sequence"], record["previous"]) == (2, last.digest)
    assert record["gap"] == {"torn_bytes": 0, "unrecorded": 3}


def test_a_journal_that_takes_nothing_can_be_taken_away(layout: Layout, moved: MovableClock) -> None:
    unwritable_journal(layout.folder)
    with Journal(layout, clock=moved) as journal:
        with pytest.raises(NotRecordedError):
            journal.append(FACTS)
        with pytest.raises(NotRecordedError):
            journal.probe()
        journal.look()  # it is where it belongs
        layout.journal.unlink()
        journal.look()
        journal.append(FACTS)
    assert [record["gap"] for record in journals.records(layout)] == [{"torn_bytes": 0, "unrecorded": 1}]


def test_no_file_stays_open(layout: Layout, moved: MovableClock) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_files()
    with Journal(layout, clock=moved, rotation=Rotation(size_bytes=1)) as journal:
        for _ in range(20):
            journal.append(FACTS)
        journal.sync()
        assert open_files() == before + 2
        for _ in range(20):
            journal.append(FACTS)
        journal.let_go()
        assert open_files() == before + 2
        shutil.rmtree(layout.folder)
        journal.look()
    assert open_files() == before
