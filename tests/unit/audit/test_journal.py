"""The journal: whole lines only, in a chain that goes on over restarts and segments."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from support import journals, trails
from support.adding import DAY_S, FACTS, LARGE, add, segment_of

from ssp_emulator.audit.anchor import Anchored, read_anchor
from ssp_emulator.audit.chain import GENESIS, digest
from ssp_emulator.audit.journal import Journal, Rotation
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.reading import JournalError
from ssp_emulator.exchange import NotRecordedError

if TYPE_CHECKING:
    from pathlib import Path

    from support.clocks import MovableClock


def names(layout: Layout) -> list[str]:
    return sorted(each.name for each in layout.folder.iterdir())


# What is written


def test_a_record_is_a_line_that_is_there_when_it_has_been_taken(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        first, second = journal.append(FACTS), journal.append({**FACTS, "method": "POST"})

        assert layout.current(0).read_bytes() == b"".join(line + b"\n" for line in journals.lines(layout))
        assert [digest(line) for line in journals.lines(layout)] == [first.digest, second.digest]
        assert (journal.last, journal.unrecorded, journal.base) == (second, 0, GENESIS)
    assert journals.records(layout) == [
        {"sequence": 1, "previous": "0" * 64, "worker": 0, "gap": None, **FACTS},
        {"sequence": 2, "previous": first.digest, "worker": 0, "gap": None, **FACTS, "method": "POST"},
    ]
    assert [list(record)[:4] for record in journals.records(layout)] == [["sequence", "previous", "worker", "gap"]] * 2


def test_the_anchor_goes_with_each_record(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        assert read_anchor(layout.anchor(0)) == Anchored(GENESIS, GENESIS)
        for number in (1, 2, 3):
            link = journal.append(trails.facts(number))
            assert read_anchor(layout.anchor(0)) == Anchored(link, GENESIS)


def test_it_is_only_ever_added_to_and_the_chain_goes_on_over_restarts(layout: Layout) -> None:
    before = b""
    for _ in range(4):
        add(layout, 2)
        assert layout.current(0).read_bytes().startswith(before)
        before = layout.current(0).read_bytes()
    assert (journals.sequences(layout), journals.breaks(layout)) == (list(range(1, 9)), [])
    assert {str(record["gap"]) for record in journals.records(layout)} == {"None"}


def test_its_files_are_their_owners_alone_whatever_the_umask(layout: Layout, moved: MovableClock) -> None:
    before = os.umask(0)
    try:
        with Journal(layout, clock=moved, rotation=Rotation(size_bytes=1)) as journal:
            for number in (1, 2):
                journal.append(trails.facts(number))
    finally:
        os.umask(before)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in layout.folder.iterdir()}
    assert modes == dict.fromkeys(["journal.jsonl", "journal.000000000001.jsonl", "journal.anchor"], 0o600)


@pytest.mark.parametrize("size", [10, 60_000, 65_536, 70_000, 200_000])
def test_the_chain_goes_on_after_a_record_of_any_size(layout: Layout, size: int) -> None:
    add(layout)
    add(layout, target="a" * size)
    add(layout)
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3], [])


def test_the_chain_goes_on_over_a_restart_behind_bodies_of_several_mebibytes(
    layout: Layout, moved: MovableClock
) -> None:
    for facts in (LARGE, {}, LARGE, LARGE, {}):
        add(layout, clock=moved, **facts)
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3, 4, 5], [])
    moved.elapse(DAY_S)
    add(layout, clock=moved)
    assert [each.first for each in layout.segments(0)] == [1, None]  # it is known what the large one was


def test_what_is_no_unicode_can_be_written_down(layout: Layout) -> None:
    add(layout, target="/\udcff\u2028\r\n\0", method="G\udcc3")
    (record,) = journals.records(layout)
    assert record["target"] == "/\udcff\u2028\r\n\0"


@pytest.mark.parametrize(
    "target", ["/caf\u00e9", "\x7f", "/\x9b31m", "/\u202e\u2028", "/\U0001f600", "/\udcff", "/\t\0"]
)
def test_whatever_came_a_line_does_nothing_to_a_terminal(layout: Layout, target: str) -> None:
    add(layout, target=target)
    (line,) = journals.lines(layout)
    assert all(0x20 <= byte <= 0x7E for byte in line)
    assert json.loads(line)["target"] == target


# Whose it is


def test_it_belongs_to_one_emulator_at_a_time(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        journal.append(FACTS)
        with pytest.raises(JournalError) as caught, Journal(layout, clock=moved):
            pass
        assert str(caught.value) == f"the journal {layout.journal} is in use by another emulator; name another"
        journal.append(FACTS)
    add(layout)  # it is free again afterwards
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3], [])


def test_two_workers_have_a_chain_each(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, 0, clock=moved) as ours, Journal(layout, 3, clock=moved) as theirs:
        for journal in (ours, theirs, theirs, ours, theirs):
            journal.append(FACTS)
    assert names(layout) == ["journal.anchor", "journal.jsonl", "journal.w3.anchor", "journal.w3.jsonl"]
    assert (journals.sequences(layout, 0), journals.breaks(layout, 0)) == ([1, 2], [])
    assert (journals.sequences(layout, 3), journals.breaks(layout, 3)) == ([1, 2, 3], [])
    assert {record["worker"] for record in journals.records(layout, 3)} == {3}


def test_a_place_that_cannot_be_opened_is_told_with_why(tmp_path: Path, moved: MovableClock) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    layout.journal.mkdir()
    with pytest.raises(JournalError) as caught, Journal(layout, clock=moved):
        pass
    assert str(caught.value) == f"the journal {layout.journal} cannot be opened: is a directory"
    blocked = Layout(tmp_path / "file" / "journal.jsonl")
    (tmp_path / "file").touch()
    with pytest.raises(JournalError) as caught, Journal(blocked, clock=moved):
        pass
    assert str(caught.value).startswith(f"the journal {blocked.journal} cannot be opened: ")


def test_a_file_that_no_emulator_wrote_is_refused_and_left_as_it_was(layout: Layout, moved: MovableClock) -> None:
    layout.folder.mkdir()
    layout.journal.write_bytes(b"my notes\nof many years")
    layout.journal.chmod(0o644)
    before = layout.journal.stat()
    with pytest.raises(JournalError) as caught, Journal(layout, clock=moved):
        pass
    assert str(caught.value) == (
        f"the journal {layout.journal} cannot be opened: "
        "it holds no record, and is not ours to add to; move it away, or name another file"
    )
    assert layout.journal.read_bytes() == b"my notes\nof many years"
    assert (layout.journal.stat().st_mtime_ns, layout.journal.stat().st_mode) == (before.st_mtime_ns, before.st_mode)
    layout.journal.unlink()
    add(layout)  # nothing is left locked


def test_a_journal_from_before_there_were_chains_is_set_aside(layout: Layout) -> None:
    older = b'{"sequence":1,"time":"2026-03-04T12:00:00.000Z","trace_id":null}\n'
    layout.folder.mkdir()
    layout.journal.write_bytes(older)
    add(layout)
    assert layout.set_aside(0).read_bytes() == older
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1], [])


def test_one_that_was_set_aside_before_is_not_written_over(layout: Layout, moved: MovableClock) -> None:
    older = [b'{"sequence":%d,"time":"2026-03-04T12:00:00.000Z"}\n' % number for number in (1, 2)]
    layout.folder.mkdir()
    layout.journal.write_bytes(older[0])
    add(layout)
    layout.journal.write_bytes(older[1])
    with pytest.raises(JournalError) as caught, Journal(layout, clock=moved):
        pass
    assert str(caught.value) == (
        f"the journal {layout.journal} cannot be opened: {layout.set_aside(0).name} is there already"
    )
    assert [layout.set_aside(0).read_bytes(), layout.journal.read_bytes()] == older


# Segments


def test_a_segment_is_closed_before_it_would_be_too_large(layout: Layout, moved: MovableClock) -> None:
    add(layout)
    with Journal(layout, clock=moved, rotation=segment_of(3, layout)) as journal:
        for _ in range(7):
            journal.append(FACTS)
    assert names(layout) == [
        "journal.000000000001.jsonl",
        "journal.000000000004.jsonl",
        "journal.anchor",
        "journal.jsonl",
    ]
    assert [len(each.path.read_bytes().splitlines()) for each in layout.segments(0)] == [3, 3, 2]
    assert (journals.sequences(layout), journals.breaks(layout)) == (list(range(1, 9)), [])


@pytest.mark.parametrize(("spare", "firsts"), [(0, [None]), (-1, [1, None])], ids=["it fits", "a byte too many"])
def test_a_segment_takes_as_many_bytes_as_it_may_and_not_one_more(
    layout: Layout, moved: MovableClock, spare: int, firsts: list[int | None]
) -> None:
    add(layout)
    size_bytes = 2 * layout.current(0).stat().st_size + spare
    with Journal(layout, clock=moved, rotation=Rotation(size_bytes)) as journal:
        journal.append(FACTS)
    assert [each.first for each in layout.segments(0)] == firsts
    assert sum(each.path.stat().st_size for each in layout.segments(0)) == size_bytes - spare


def test_a_record_that_is_larger_than_a_segment_has_one_to_itself(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved, rotation=Rotation(size_bytes=10)) as journal:
        for _ in range(3):
            journal.append(FACTS)
        journal.rotate_if_due(moved.now())
        journal.rotate_if_due(moved.now())
    assert [each.first for each in layout.segments(0)] == [1, 2, 3, None]
    assert layout.current(0).read_bytes() == b""
    add(layout)
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3, 4], [])


def test_a_segment_is_closed_when_its_first_record_is_old_enough(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved, rotation=Rotation(age_s=DAY_S)) as journal:
        moved.elapse(10 * DAY_S)  # a segment is as old as its first record, and this one has none yet
        journal.append(FACTS)
        moved.elapse(DAY_S - 1)
        journal.append(FACTS)
        journal.rotate_if_due(moved.now())
        assert [each.first for each in layout.segments(0)] == [None]
        moved.elapse(1)
        journal.rotate_if_due(moved.now())
        assert [each.first for each in layout.segments(0)] == [1, None]
        moved.elapse(10 * DAY_S)
        journal.rotate_if_due(moved.now())  # what is empty is not closed
        journal.append(FACTS)
    assert [each.first for each in layout.segments(0)] == [1, None]
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3], [])


def test_a_segments_age_goes_on_over_a_restart(layout: Layout, moved: MovableClock) -> None:
    add(layout, clock=moved)
    moved.elapse(DAY_S - 600)
    add(layout, clock=moved)
    moved.elapse(600)
    add(layout, clock=moved)
    assert [each.first for each in layout.segments(0)] == [1, None]
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3], [])


def test_a_closed_segment_is_never_written_over(layout: Layout, moved: MovableClock) -> None:
    add(layout)
    layout.closed(0, 1).write_bytes(b"something else")
    with Journal(layout, clock=moved, rotation=Rotation(size_bytes=1)) as journal:
        with pytest.raises(NotRecordedError) as caught:
            journal.append(FACTS)
        assert str(caught.value) == (
            f"the journal {layout.journal} cannot be written: {layout.closed(0, 1).name} is there already"
        )
        layout.closed(0, 1).unlink()
        journal.append(FACTS)
    assert journals.records(layout)[1]["gap"] == {"torn_bytes": 0, "unrecorded": 1}
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2], [])


def test_a_segment_that_cannot_be_begun_leaves_the_one_before_in_its_place(
    layout: Layout, moved: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def no_more(path: Any, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_EXCL:
            raise OSError(24, "Too many open files")
        return opened(path, flags, mode)

    with Journal(layout, clock=moved, rotation=Rotation(size_bytes=1)) as journal:
        journal.append(FACTS)
        monkeypatch.setattr(os, "open", no_more)
        with pytest.raises(NotRecordedError, match="too many open files"):
            journal.append(FACTS)
        assert [each.first for each in layout.segments(0)] == [None]
        monkeypatch.undo()
        journal.append(FACTS)
    assert [each.first for each in layout.segments(0)] == [1, None]
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2], [])
