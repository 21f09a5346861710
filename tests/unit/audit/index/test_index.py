"""The index as a whole: it follows a journal through rotation, retention, restarts and mishaps, and loses nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import trails

from ssp_emulator.audit.index import Index, IndexingError, SlowError, Standing
from ssp_emulator.audit.index.index import Pace
from ssp_emulator.audit.index.opening import discard
from ssp_emulator.audit.journal import Journal, Rotation
from ssp_emulator.audit.question import Question
from ssp_emulator.audit.retention import Keep, retain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.clocks import MovableClock

    from ssp_emulator.audit.layout import Layout

NOW = 1_800_000_000.0
EVERYTHING = Question(limit=1000)


def sequences(index: Index) -> list[int]:
    return [record["sequence"] for record in index.search(EVERYTHING).records]


def facts(numbers: Iterable[int]) -> list[dict[str, Any]]:
    return [trails.facts(number) for number in numbers]


def newest_first(count: int) -> list[int]:
    return list(range(count, 0, -1))


def test_it_takes_in_every_record_once(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 8)), segment=3)
    with Index(layout) as index:
        assert index.standing() == Standing(7, 0, 7)
        assert index.catch_up() == 0
        assert index.catch_up() == 0
        assert sequences(index) == newest_first(7)
        assert index.standing() == Standing(7, 0, 0)


def test_it_is_nobody_elses_business(layout: Layout) -> None:
    trails.write(layout, facts([1]))
    with Index(layout) as index:
        index.catch_up()
        files = sorted(layout.folder.glob("journal.index*"))
        assert [each.name for each in files] == ["journal.index", "journal.index-shm", "journal.index-wal"]
        assert {each.stat().st_mode & 0o777 for each in files} == {0o600}


def test_the_chains_of_several_workers_are_one_trail(layout: Layout) -> None:
    trails.write(layout, facts([1, 4]))
    trails.write(layout, facts([2, 3]), worker=2)
    with Index(layout) as index:
        index.catch_up()
        page = index.search(EVERYTHING)
    assert [(each["worker"], each["sequence"]) for each in page.records] == [(0, 2), (2, 2), (2, 1), (0, 1)]
    assert page.standing == Standing(4, 0, 0)


def test_it_goes_through_rotation_and_restarts(layout: Layout, moved: MovableClock) -> None:
    number = 0
    for _ in range(3):
        with Journal(layout, clock=moved, rotation=Rotation(size_bytes=5000)) as journal:
            for _ in range(5):
                number += 1
                journal.append(trails.facts(number))
                if number % 2:
                    with Index(layout) as index:
                        assert index.catch_up() == 0
                        assert sequences(index) == newest_first(number)
    assert len(layout.segments(0)) > 5


def test_a_segment_that_is_closed_while_records_are_fetched_is_found(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 4)))
    with Index(layout) as index:
        index.catch_up()
        layout.current(0).rename(layout.closed(0, 1))
        assert sequences(index) == [3, 2, 1]
        layout.current(0).write_bytes(b"")
        assert sequences(index) == [3, 2, 1]


def test_what_retention_removes_is_counted_and_left_out(layout: Layout, moved: MovableClock) -> None:
    rotation = Rotation(size_bytes=5000)
    with Journal(layout, clock=moved, rotation=rotation) as journal, Index(layout) as index:
        for number in range(1, 10):
            journal.append(trails.facts(number))
        index.catch_up()
        retain(journal, Keep(size_bytes=5000), NOW)
        removed = journal.base.sequence
        assert 0 < removed < 9
        stale = index.search(Question(limit=1000, count=True))
        index.catch_up()
        page = index.search(Question(limit=1000, count=True))

        journal.append(trails.facts(10))
        retain(journal, Keep(size_bytes=0), NOW)
        index.catch_up()
        after = index.search(EVERYTHING)

    kept = list(range(9, removed, -1))
    assert [record["sequence"] for record in stale.records] == kept  # those that are gone cannot be fetched
    assert [record["sequence"] for record in page.records] == kept
    assert (page.matching, page.standing) == (9 - removed, Standing(9 - removed, removed, 0))
    assert after.records[0]["sequence"] == 10
    assert after.standing.removed + len(after.records) == 10


def test_retention_may_remove_what_was_never_indexed(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved, rotation=Rotation(size_bytes=2500)) as journal, Index(layout) as index:
        journal.append(trails.facts(1))
        index.catch_up()
        for number in range(2, 9):
            journal.append(trails.facts(number))
        retain(journal, Keep(size_bytes=0), NOW)
        assert index.standing() == Standing(2, 7, 1)  # one of them is not known to be gone yet
        index.catch_up()
        assert sequences(index) == [8]
        assert index.standing() == Standing(1, 7, 0)


def test_segments_that_the_anchor_has_given_up_and_that_are_still_there_are_left_out(layout: Layout) -> None:
    links = trails.write(layout, facts(range(1, 7)), segment=2)
    with Index(layout) as index:
        index.catch_up(budget_s=0)
        _give_up(layout, links[3])
        index.catch_up()
        assert sequences(index) == [6, 5]
        layout.index.unlink()
        index.catch_up()
        assert sequences(index) == [6, 5]
        assert index.standing() == Standing(2, 4, 0)


def _give_up(layout: Layout, link: Any) -> None:
    from ssp_emulator.audit.anchor import Anchor

    with layout.anchor(0).open("r+b") as file:
        Anchor(file.fileno()).set_base(link)


@pytest.mark.parametrize(
    "junk",
    [b"\n", b"{}\n", b"\xff\xfe\n", b"[" * 5000 + b"\n", b'{"sequence": true}\n', b'{"sequence": 1e400}\n',
     b'{"sequence": 99999999999999999999, "time": 1}\n', b'{"sequence": 5, "time": "x"}\n', b" " * 70_000 + b"\n"],
)  # fmt: skip
def test_lines_that_are_no_records_are_passed_over(layout: Layout, junk: bytes) -> None:
    trails.write(layout, facts(range(1, 4)))
    first, second, third = layout.current(0).read_bytes().splitlines(keepends=True)
    layout.current(0).write_bytes(junk + first + junk + second + third + junk)
    with Index(layout) as index:
        assert index.catch_up() == 0
        assert index.catch_up() == 0
        assert sequences(index) == [3, 2, 1]


def test_a_line_is_taken_in_when_it_is_whole(layout: Layout) -> None:
    trails.write(layout, facts([1, 2]))
    whole = layout.current(0).read_bytes()
    for cut in (1, 2, 500):
        layout.current(0).write_bytes(whole[:-cut])
        with Index(layout) as index:
            assert index.catch_up() == 0
            assert sequences(index) == [1]
    layout.current(0).write_bytes(whole)
    with Index(layout) as index:
        index.catch_up()
        assert sequences(index) == [2, 1]


def test_what_has_the_same_number_as_another_is_not_taken_in(layout: Layout) -> None:
    trails.write(layout, facts([1, 2]))
    with layout.current(0).open("ab") as file:
        file.write(layout.current(0).read_bytes())
    with Index(layout) as index:
        index.catch_up()
        assert sequences(index) == [2, 1]
        assert index.standing().kept == 2


@pytest.mark.parametrize("number", [10, 3, 2])
def test_a_journal_that_was_begun_anew_is_indexed_anew(layout: Layout, number: int) -> None:
    """Also where it is as long as the one before, to the byte."""
    trails.write(layout, facts([11, 12, 13]))
    with Index(layout) as index:
        index.catch_up()
        for each in layout.folder.glob("journal*.jsonl"):
            each.unlink()
        trails.write(layout, facts(range(21, 21 + number)))
        index.catch_up()
        assert len(index.search(EVERYTHING).records) == number
        assert index.trace(trails.trace_id(11)).records == []
        assert index.trace(trails.trace_id(21)).records != []
        assert index.standing() == Standing(number, 0, 0)


def test_a_journal_that_is_gone_leaves_an_empty_index(layout: Layout) -> None:
    trails.write(layout, facts([1, 2, 3]))
    with Index(layout) as index:
        index.catch_up()
        layout.current(0).unlink()
        layout.current(0).write_bytes(b"")
        index.catch_up()
        assert index.search(Question(count=True)).matching == 0


def test_a_journal_of_which_a_line_was_cut_out_is_indexed_anew(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 6)))
    with Index(layout) as index:
        index.catch_up()
        lines = layout.current(0).read_bytes().splitlines(keepends=True)
        layout.current(0).write_bytes(b"".join(lines[:1] + lines[2:]))
        index.catch_up()
        assert sequences(index) == [5, 4, 3, 1]


def test_a_record_that_another_stands_in_the_place_of_is_left_out(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 4)))
    with Index(layout) as index:
        index.catch_up()
        lines = layout.current(0).read_bytes().splitlines(keepends=True)
        assert len(lines[0]) == len(lines[1])
        layout.current(0).write_bytes(lines[1] + b"x" * (len(lines[0]) - 1) + b"\n" + lines[2])
        assert sequences(index) == [3]


def _delete(path: Path) -> None:
    path.unlink()


def _another_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1")


def _no_database(path: Path) -> None:
    path.write_bytes(b"this is no database, and long enough to see that it is none" * 100)


def _somebody_elses(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE exchange (a); PRAGMA user_version = 2")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


MISHAPS = [_delete, _another_version, _no_database, _somebody_elses, _empty]


@pytest.mark.parametrize("mishap", MISHAPS)
def test_an_index_that_is_of_no_use_is_made_anew(layout: Layout, mishap: Any) -> None:
    trails.write(layout, facts(range(1, 6)))
    with Index(layout) as index:
        index.catch_up()
    mishap(layout.index)
    with Index(layout) as index:
        assert index.standing() == Standing(5, 0, 5)
        index.catch_up()
        assert sequences(index) == newest_first(5)
    assert layout.index.stat().st_mode & 0o777 == 0o600


def test_an_index_that_is_damaged_in_the_middle_is_made_anew(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 200)))
    with Index(layout) as index:
        index.catch_up()
    data = bytearray(layout.index.read_bytes())
    data[4096:] = b"\x5a" * (len(data) - 4096)
    layout.index.write_bytes(data)
    with Index(layout) as index:
        index.catch_up()
        assert sequences(index) == newest_first(199)


def test_an_index_that_is_deleted_while_it_is_open_is_made_anew(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 4)))
    with Index(layout) as index, Index(layout) as other:
        index.catch_up()
        layout.index.unlink()  # and its log is left
        index.catch_up()
        assert sequences(index) == sequences(other) == [3, 2, 1]


def test_what_another_index_has_left_beside_it_is_not_read_into_it(layout: Layout, tmp_path: Path) -> None:
    trails.write(layout, facts(range(1, 4)))
    with closing(sqlite3.connect(tmp_path / "other", isolation_level=None)) as other:
        other.executescript("PRAGMA journal_mode = WAL; CREATE TABLE leftover (a); INSERT INTO leftover VALUES (1);")
        for suffix in ("-wal", "-shm"):  # as they are while it is open, or after its process was killed
            copied = layout.index.with_name(layout.index.name + suffix)
            copied.write_bytes((tmp_path / f"other{suffix}").read_bytes())
            copied.chmod(0o644)
    with Index(layout) as index:
        index.catch_up()
        assert sequences(index) == [3, 2, 1]
        assert index.rows("SELECT name FROM sqlite_schema WHERE name = 'leftover'") == []
        assert {each.stat().st_mode & 0o777 for each in layout.folder.glob("journal.index*")} == {0o600}


def test_an_index_that_another_process_has_made_anew_while_it_was_open_is_the_one_that_counts(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 4)))
    with Index(layout) as index:
        index.catch_up()
        discard(layout.index)
        with Index(layout) as other:
            assert (index.standing(), sequences(index)) == (Standing(3, 0, 3), [])
            index.catch_up()
            assert (other.standing(), sequences(other)) == (Standing(3, 0, 0), [3, 2, 1])


def test_an_index_that_cannot_be_opened_is_said_so(layout: Layout) -> None:
    trails.write(layout, facts([1]))
    layout.index.mkdir()
    with pytest.raises(IndexingError, match=r"^the index .*journal\.index cannot be used: "), Index(layout):
        pass


def test_a_disk_that_is_full_is_said_so_and_the_journal_is_not_touched(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 200)))
    before = layout.current(0).read_bytes()
    with Index(layout) as index:
        index._opened().execute("PRAGMA max_page_count = 40")
        with pytest.raises(IndexingError, match="cannot be used: database or disk is full"):
            index.catch_up()
        assert index.search(EVERYTHING).records == []
        index._opened().execute("PRAGMA max_page_count = 100000")
        assert index.catch_up() == 0
        assert sequences(index) == newest_first(199)
    assert layout.current(0).read_bytes() == before


def test_a_budget_that_is_used_up_leaves_the_rest_and_says_how_much(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssp_emulator.audit.index.index._TELL_EVERY_S", 0)
    trails.write(layout, facts(range(1, 6)), segment=2)
    told: list[int] = []
    with Index(layout, Pace(batch_s=0)) as index:
        assert index.catch_up(budget_s=0) == 4
        assert index.standing() == Standing(5, 0, 4)
        assert sequences(index) == [1]
        assert index.catch_up(advance=told.append) == 0
        assert sequences(index) == newest_first(5)
    assert told == [3, 2, 1, 0, 0]


def test_several_processes_may_catch_up_at_once(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 401)), segment=90)
    trails.write(layout, facts(range(1, 401)), worker=1)
    program = (
        "import sys; from pathlib import Path; from ssp_emulator.audit.layout import Layout; "
        "from ssp_emulator.audit.index import Index; from ssp_emulator.audit.index.index import Pace\n"
        "with Index(Layout(Path(sys.argv[1])), Pace(batch_s=0.001)) as index: print(index.catch_up())"
    )
    command = [sys.executable, "-c", program, str(layout.journal)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    ended = [(process.communicate(timeout=60), process.returncode) for process in processes]

    assert ended == [((b"0\n", b""), 0)] * 4
    with Index(layout) as index:
        page = index.search(Question(limit=1000, count=True))
    assert (len(page.records), page.matching, page.standing) == (800, 800, Standing(800, 0, 0))


def test_a_writer_that_does_not_let_go_is_not_waited_for(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssp_emulator.audit.index.opening._PATIENCE_S", 0.01)
    trails.write(layout, facts([1, 2]))
    with Index(layout) as index, closing(sqlite3.connect(layout.index, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert index.catch_up(budget_s=0) == 2
        assert sequences(index) == []
        other.execute("ROLLBACK")
        assert index.catch_up() == 0


def test_a_search_that_takes_too_long_is_given_up(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    trails.write(layout, facts(range(1, 3000)))
    with Index(layout) as index:
        index.catch_up()
        monkeypatch.setattr("ssp_emulator.audit.index.index.PATIENCE_S", -1.0)
        with pytest.raises(SlowError):
            index.search(Question(text="not there"))
        monkeypatch.undo()
        assert index.search(Question(text="not there")).records == []


def test_it_can_be_interrupted(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 100)))
    with Index(layout, Pace(batch_s=0, pause_s=60)) as index:
        worker = threading.Thread(target=lambda: index.catch_up(advance=lambda _: index.interrupt()))
        worker.start()
        worker.join(10)
        assert not worker.is_alive()


def open_files(layout: Layout) -> set[str]:
    open_ = (Path(each.path).readlink() for each in os.scandir("/proc/self/fd"))
    return {path.name for path in open_ if path.parent == layout.folder}


def test_nothing_stays_open(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 10)), segment=2)
    with Index(layout, Pace(batch_s=0)) as index:
        index.catch_up()
        index.search(EVERYTHING)
        index.standing()
        assert open_files(layout) == {"journal.index", "journal.index-wal", "journal.index-shm"}
    assert open_files(layout) == set()


def test_pages_follow_one_another_while_records_come(layout: Layout) -> None:
    everything = facts(range(1, 24))
    trails.write(layout, everything[:20])
    with Index(layout) as index:
        index.catch_up()
        seen, question = [], Question(limit=6)
        while True:
            page = index.search(question)
            seen += [record["sequence"] for record in page.records]
            if page.next is None:
                break
            question = Question(limit=6, after=page.next)
            trails.write(layout, everything[: 20 + len(seen) // 6])
            index.catch_up()
    assert seen == newest_first(20)


def test_what_is_left_out_leaves_nothing_behind(layout: Layout) -> None:
    more = {"faults": [{"rule": "slow"}], "advisories": [{"advisory": "no-accept", "found": "none"}]}
    links = trails.write(layout, [trails.facts(n, **more) for n in range(1, 301)])
    with Index(layout) as index:
        index.catch_up()
        _give_up(layout, links[298])
        index.catch_up()
        counts = [index.rows(f"SELECT count(*) FROM {table}") for table in ("exchange", "fault", "advisory")]
    assert counts == [[(1,)]] * 3


def test_a_page_is_no_larger_than_fits_into_memory(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    trails.write(layout, facts(range(1, 10)))
    monkeypatch.setattr("ssp_emulator.audit.index.querying.LARGEST_BYTES", 5000)
    with Index(layout) as index:
        index.catch_up()
        first = index.search(EVERYTHING)
        assert 1 <= len(first.records) < 4
        assert first.next is not None
        second = index.search(Question(limit=1000, after=first.next))
        assert second.records[0]["sequence"] == first.records[-1]["sequence"] - 1
        monkeypatch.setattr("ssp_emulator.audit.index.querying.LARGEST_BYTES", 1)
        assert len(index.search(EVERYTHING).records) == 1


def test_a_trace_is_told_from_its_beginning(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    trails.write(layout, [trails.facts(n, trace_id="Same" if n % 2 else "other") for n in range(1, 8)])
    monkeypatch.setattr("ssp_emulator.audit.index.querying.MOST", 3)
    with Index(layout) as index:
        index.catch_up()
        found, other, none = (index.trace(each) for each in ("SAME", "other", "sam"))
    assert ([record["sequence"] for record in found.records], found.more) == ([1, 3, 5], True)
    assert ([record["sequence"] for record in other.records], other.more) == ([2, 4, 6], False)
    assert (none.records, none.more, none.standing) == ([], False, Standing(7, 0, 0))


def test_without_an_anchor_it_is_known_how_much_is_missing(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 6)), segment=2)
    layout.anchor(0).unlink()
    with Index(layout) as index:
        assert index.standing() == Standing(5, 0, 5)
        index.catch_up()
        assert index.standing() == Standing(5, 0, 0)


def test_a_tail_that_is_cut_off_is_not_waited_for(layout: Layout) -> None:
    trails.write(layout, facts(range(1, 6)))
    lines = layout.current(0).read_bytes().splitlines(keepends=True)
    layout.current(0).write_bytes(b"".join(lines[:3]))
    with Index(layout) as index:
        assert index.catch_up() == 0
        assert index.standing() == Standing(3, 0, 0)
