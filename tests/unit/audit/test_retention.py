"""Retention: whole closed segments go, the oldest first, and the anchor says so before they do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import journals, trails

from ssp_emulator.audit.anchor import Anchored, read_anchor
from ssp_emulator.audit.chain import GENESIS
from ssp_emulator.audit.journal import Journal
from ssp_emulator.audit.layout import Segment
from ssp_emulator.audit.retention import Closed, Keep, retain, surplus

if TYPE_CHECKING:
    from support.clocks import MovableClock

    from ssp_emulator.audit.chain import Link
    from ssp_emulator.audit.layout import Layout

NOW, DAY_S = 1_800_000_000.0, 86_400.0


def closed(*each: tuple[int, float]) -> list[Closed]:
    """Return closed segments, each of so many bytes and so many days old."""
    segments = enumerate(each, 1)
    return [Closed(Segment(0, n, Path(f"{n}")), size, NOW - days * DAY_S) for n, (size, days) in segments]


@pytest.mark.parametrize(
    ("segments", "keep", "removed"),
    [
        ([], Keep(0, 0), []),
        ([(10, 9), (10, 8)], Keep(), []),
        ([(10, 9), (10, 8), (10, 7)], Keep(size_bytes=30), []),
        ([(10, 9), (10, 8), (10, 7)], Keep(size_bytes=29), [1]),
        ([(10, 9), (10, 8), (10, 7)], Keep(size_bytes=10), [1, 2]),
        ([(10, 9), (10, 8), (10, 7)], Keep(size_bytes=0), [1, 2, 3]),
        ([(50, 9), (1, 8), (1, 7)], Keep(size_bytes=10), [1]),
        ([(1, 9), (50, 8), (1, 7)], Keep(size_bytes=10), [1, 2]),
        ([(10, 9), (10, 8), (10, 7)], Keep(age_s=8 * DAY_S), [1]),
        ([(10, 9), (10, 8), (10, 7)], Keep(age_s=6 * DAY_S), [1, 2, 3]),
        ([(10, 9), (10, 8), (10, 7)], Keep(age_s=10 * DAY_S), []),
        ([(10, 9), (10, 8), (10, 7)], Keep(size_bytes=10, age_s=8.5 * DAY_S), [1, 2]),
        ([(10, 1), (10, 9), (10, 8)], Keep(age_s=5 * DAY_S), []),  # what is left is one piece
        ([(10, -1), (10, 9)], Keep(age_s=5 * DAY_S), []),  # a clock that was put back removes nothing
    ],
)
def test_what_is_too_much_or_too_old_goes_from_the_oldest_on(
    segments: list[tuple[int, float]], keep: Keep, removed: list[int]
) -> None:
    assert [each.first for each in surplus(closed(*segments), keep, NOW)] == removed


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0, 100)), max_size=20), st.integers(0, 500))
def test_what_is_left_is_the_newest_and_fits(segments: list[tuple[int, float]], size_bytes: int) -> None:
    made = closed(*segments)
    gone = list(surplus(made, Keep(size_bytes=size_bytes), NOW))
    left = made[len(gone) :]
    assert gone == [each.segment for each in made[: len(gone)]]
    assert sum(each.size_bytes for each in left) <= size_bytes
    if gone:  # and no more than needed went
        assert sum(each.size_bytes for each in left) + made[len(gone) - 1].size_bytes > size_bytes


@pytest.fixture
def links(layout: Layout) -> list[Link]:
    """A journal of four closed segments of two records each, and a current one with one."""
    return trails.write(layout, (trails.facts(number) for number in range(1, 10)), segment=2)


def test_segments_go_and_the_anchor_says_which_record_was_the_last(
    layout: Layout, links: list[Link], moved: MovableClock
) -> None:
    size = layout.closed(0, 1).stat().st_size
    with Journal(layout, clock=moved) as journal:
        assert retain(journal, Keep(size_bytes=2 * size + 100), 0.0) == 2
        assert journal.base == links[3]
        assert [each.first for each in layout.segments(0)] == [5, 7, None]
        assert read_anchor(layout.anchor(0)) == Anchored(links[-1], links[3])
        assert retain(journal, Keep(size_bytes=2 * size + 100), 0.0) == 0
    with Journal(layout, clock=moved) as journal:
        assert journal.base == links[3]
    assert journals.breaks(layout, previous=links[3].digest) == []


def test_those_that_were_last_written_too_long_ago_go(layout: Layout, links: list[Link], moved: MovableClock) -> None:
    for days, first in ((9, 1), (8, 3), (2, 5), (1, 7)):
        os.utime(layout.closed(0, first), (NOW - days * DAY_S,) * 2)
    with Journal(layout, clock=moved) as journal:
        assert retain(journal, Keep(age_s=5 * DAY_S), NOW) == 2
    assert [each.first for each in layout.segments(0)] == [5, 7, None]


def test_the_current_segment_never_goes(layout: Layout, links: list[Link], moved: MovableClock) -> None:
    os.utime(layout.current(0), (0, 0))
    with Journal(layout, clock=moved) as journal:
        assert retain(journal, Keep(size_bytes=0, age_s=1), NOW) == 4
        assert [each.first for each in layout.segments(0)] == [None]
        assert journal.base == links[7]
        assert retain(journal, Keep(size_bytes=0, age_s=1), NOW) == 0
        assert journal.append(trails.facts(10)).sequence == 10
    assert journals.breaks(layout, previous=links[7].digest) == []


def test_a_worker_removes_none_of_anothers(layout: Layout, links: list[Link], moved: MovableClock) -> None:
    trails.write(layout, (trails.facts(number) for number in range(1, 10)), worker=1, segment=2)
    with Journal(layout, 1, clock=moved) as journal:
        assert retain(journal, Keep(size_bytes=0), NOW) == 4
    assert (len(layout.segments(0)), len(layout.segments(1))) == (5, 1)
    assert read_anchor(layout.anchor(0)) == Anchored(links[-1], GENESIS)


def test_the_anchor_moves_before_the_file_goes(
    layout: Layout, links: list[Link], moved: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it the other way round, an end in between would look as if records had been taken away."""
    said = []

    def refuse(path: Path, **_: object) -> None:
        said.append((path.name, read_anchor(layout.anchor(0))))
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", refuse)
    with Journal(layout, clock=moved) as journal, pytest.raises(OSError, match="Operation not permitted"):
        retain(journal, Keep(size_bytes=0), NOW)
    assert said == [("journal.000000000001.jsonl", Anchored(links[-1], links[1]))]
    monkeypatch.undo()
    with Journal(layout, clock=moved) as journal:
        assert (journal.base, retain(journal, Keep(size_bytes=0), NOW)) == (links[1], 4)
        assert journal.base == links[7]


def test_where_the_anchor_cannot_be_moved_the_file_stays(
    layout: Layout, links: list[Link], moved: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with Journal(layout, clock=moved) as journal:
        monkeypatch.setattr(os, "pwrite", refuse)
        with pytest.raises(OSError, match="No space left"):
            retain(journal, Keep(size_bytes=0), NOW)
        assert (len(layout.segments(0)), journal.base) == (5, GENESIS)


@pytest.mark.parametrize("data", [b"", b"notes of the user's\n"])
def test_what_is_no_segment_of_ours_is_not_removed(
    layout: Layout, links: list[Link], moved: MovableClock, data: bytes
) -> None:
    layout.closed(0, 3).write_bytes(data)
    with Journal(layout, clock=moved) as journal:
        try:
            assert retain(journal, Keep(size_bytes=0), NOW) == 1
        except OSError as error:
            assert "holds no record" in str(error)  # noqa: PT017 - one of the two is told so, the other is empty
        assert journal.base == links[1]
    assert layout.closed(0, 3).read_bytes() == data
    assert [each.first for each in layout.segments(0)] == [3, 5, 7, None]
