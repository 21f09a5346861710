"""Following a trail through its files, while they are written, closed, removed and begun anew."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import trails

from ssp_emulator.audit.anchor import Anchor
from ssp_emulator.audit.chain import LONGEST
from ssp_emulator.audit.following import Came, Follower, Missed, Position, Quiet, follow
from ssp_emulator.audit.journal import Journal, Rotation
from ssp_emulator.audit.question import Question, QuestionError
from ssp_emulator.audit.retention import Keep, retain
from ssp_emulator.audit.tail import opening_of, tail_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.clocks import MovableClock

    from ssp_emulator.audit.layout import Layout
    from ssp_emulator.audit.tail import Tail

ALL = Question()
NOW = 1_800_000_000.0


def read(follower: Follower) -> list[Any]:
    """Return the sequence numbers of what has come, and how many were missed as a text."""
    events = follower.read()
    while not follower.is_at_rest:
        events += follower.read()
    return [each.record["sequence"] if isinstance(each, Came) else f"missed {each.count}" for each in events]


def test_it_begins_now(layout: Layout, moved: MovableClock) -> None:
    trails.write(layout, [trails.facts(n) for n in (1, 2, 3)], segment=2)
    with Journal(layout, clock=moved) as journal:
        follower = Follower(layout, ALL)
        assert read(follower) == []
        journal.append(trails.facts(4))
        journal.append(trails.facts(5))
        assert read(follower) == [4, 5]
        assert read(follower) == []
        assert follower.position == "0-5"


def test_it_may_begin_before_there_is_a_trail(layout: Layout, moved: MovableClock) -> None:
    follower = Follower(layout, ALL)
    assert (read(follower), follower.position) == ([], "")
    with Journal(layout, clock=moved) as journal, Journal(layout, 3, clock=moved) as other:
        journal.append(trails.facts(1))
        assert read(follower) == [1]
        other.append(trails.facts(2))
        other.append(trails.facts(3))
        assert read(follower) == [1, 2]
    assert follower.position == "0-1,3-2"


def test_it_goes_through_rotation_and_restarts(layout: Layout, moved: MovableClock) -> None:
    seen, number, follower = [], 0, None
    for _ in range(3):
        with Journal(layout, clock=moved, rotation=Rotation(size_bytes=5000)) as journal:
            follower = follower or Follower(layout, ALL)
            for _ in range(7):
                number += 1
                journal.append(trails.facts(number))
                if number % 3 == 0:
                    seen += read(follower)
    assert follower is not None
    assert seen + read(follower) == list(range(1, 22))
    assert len(layout.segments(0)) > 5


def test_it_waits_for_a_line_to_be_whole(layout: Layout) -> None:
    trails.write(layout, [trails.facts(n) for n in (1, 2)])
    whole = layout.current(0).read_bytes()
    first = whole.index(b"\n") + 1
    layout.current(0).write_bytes(whole[:first])
    follower = Follower(layout, ALL)
    for end in (first + 1, len(whole) - 1):
        layout.current(0).write_bytes(whole[:end])
        assert read(follower) == []
    layout.current(0).write_bytes(whole)
    assert read(follower) == [2]


def test_only_what_is_asked_for_comes_and_the_position_goes_on(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        follower = Follower(layout, Question.of({"status": "502"}))
        for n, status in enumerate((200, 502, 200), 1):
            journal.append(trails.facts(n, status=status))
        assert read(follower) == [2]
        assert follower.position == "0-3"


@pytest.mark.parametrize(
    ("after", "seen"),
    [
        ({0: 0}, [1, 2, 3, 4, 5]),
        ({0: 1}, [2, 3, 4, 5]),
        ({0: 2}, [3, 4, 5]),
        ({0: 3}, [4, 5]),
        ({0: 4}, [5]),
        ({0: 5}, []),
        ({0: 6}, [1, 2, 3, 4, 5]),
        ({7: 9}, [1, 2, 3, 4, 5]),
    ],
)
def test_it_goes_on_behind_a_position(layout: Layout, after: dict[int, int], seen: list[int]) -> None:
    trails.write(layout, [trails.facts(n) for n in range(1, 6)], segment=2)
    assert read(Follower(layout, ALL, after)) == seen


def test_what_retention_removes_before_it_is_read_is_said(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved, rotation=Rotation(size_bytes=2500)) as journal:
        journal.append(trails.facts(1))
        follower = Follower(layout, ALL)
        late = Follower(layout, ALL, {0: 0})
        for n in range(2, 7):
            journal.append(trails.facts(n))
        retain(journal, Keep(size_bytes=0), NOW)
        removed = journal.base.sequence
        assert removed == 5
        assert read(follower) == ["missed 4", 6]
        assert read(late) == ["missed 5", 6]
        assert read(Follower(layout, ALL, {0: 3})) == ["missed 2", 6]
        assert read(Follower(layout, ALL, {0: 5})) == [6]
        (missed, came) = Follower(layout, ALL, {0: 3}).read()
        assert (missed, came.position) == (Missed("0-3", 2), "0-6")
        journal.append(trails.facts(7))
        assert read(follower) == [7]


def test_a_line_that_was_cut_out_is_no_matter_of_retention(layout: Layout) -> None:
    trails.write(layout, [trails.facts(n) for n in range(1, 5)])
    lines = layout.current(0).read_bytes().splitlines(keepends=True)
    layout.current(0).write_bytes(b"".join((lines[0], b"junk\n", *lines[2:])))
    assert read(Follower(layout, ALL, {0: 0})) == [1, 3, 4]


def test_a_journal_that_is_begun_anew_is_followed_from_its_beginning(layout: Layout) -> None:
    trails.write(layout, [trails.facts(n) for n in (1, 2, 3)])
    follower = Follower(layout, ALL, {0: 2})
    assert read(follower) == [3]
    layout.current(0).unlink()
    trails.write(layout, [trails.facts(n) for n in (11, 12, 13)])
    assert read(follower) == [1, 2, 3]


def test_a_line_that_is_too_long_is_passed_over_and_what_is_behind_it_comes(layout: Layout) -> None:
    trails.write(layout, [trails.facts(n) for n in (1, 2, 3)])
    first, second, third = layout.current(0).read_bytes().splitlines(keepends=True)
    layout.current(0).write_bytes(first)
    follower = Follower(layout, ALL)
    with layout.current(0).open("ab") as file:
        file.write(b"x" * (2 * LONGEST + 10) + b"\n" + second)
    assert read(follower) == [2]
    with layout.current(0).open("ab") as file:
        file.write(third)
    assert read(follower) == [3]  # it is known how far it has come


def test_of_what_is_still_there_nothing_is_missed_however_far_retention_has_come(layout: Layout) -> None:
    """It says so in the anchor first, and then removes one segment after the other."""
    links = trails.write(layout, [trails.facts(n) for n in range(1, 7)], segment=1)
    follower = Follower(layout, ALL, {0: 2})
    for first in (1, 2, 3):
        layout.closed(0, first).unlink()
    with layout.anchor(0).open("r+b") as file:
        Anchor(file.fileno()).set_base(links[4])
    assert read(follower) == ["missed 1", 4, 5, 6]


def test_what_is_read_at_once_is_a_mebibyte_at_most(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssp_emulator.audit.following._BATCH_S", 3600.0)
    trails.write(layout, [trails.facts(n, notes=["x" * 100_000]) for n in range(1, 31)])
    follower, numbers = Follower(layout, ALL, {0: 0}), []
    while not follower.is_at_rest:
        batch = [each.record for each in follower.read() if isinstance(each, Came)]
        assert len(json.dumps(batch)) < (1 << 20) + 110_000  # the last one of them may go beyond
        numbers += [record["sequence"] for record in batch]
    assert numbers == list(range(1, 31))


def test_a_segment_that_is_closed_while_the_end_is_looked_for_is_behind_it(
    layout: Layout, moved: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal(layout, clock=moved, rotation=Rotation(age_s=1)) as journal:
        for n in (1, 2, 3):
            journal.append(trails.facts(n))

        def rotating(path: Path) -> Tail:
            moved.elapse(1)
            journal.rotate_if_due(moved.now())
            return tail_of(path)

        monkeypatch.setattr("ssp_emulator.audit.following.tail_of", rotating)
        monkeypatch.setattr("ssp_emulator.audit.following.opening_of", lambda path: rotating(path) and opening_of(path))
        follower = Follower(layout, ALL)
        monkeypatch.undo()
        assert (read(follower), follower.position) == ([], "0-3")
        journal.append(trails.facts(4))
        assert read(follower) == [4]


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 9999), st.integers(0, 10**18 - 1), min_size=1))
def test_a_position_is_read_as_it_was_written(chains: dict[int, int]) -> None:
    assert Position.of(str(Position(chains))) == chains


@settings(deadline=None)
@given(st.text())
def test_garbage_is_no_position(text: str) -> None:
    try:
        read_again = str(Position.of(text))
    except QuestionError as error:
        assert error.parameter == "Last-Event-ID"  # noqa: PT017 - it may as well be read
    else:
        assert sorted(read_again.split(",")) == sorted(text.split(","))


@pytest.mark.parametrize(
    "text", ["", "5", "0-", "-1", "0-1,", "0-1,0-2", "00-1", "0-01", "0-1 ", "0-1\n", "x-1", "0-" + "9" * 19]
)
def test_what_is_nearly_a_position_is_none(text: str) -> None:
    with pytest.raises(QuestionError) as raised:
        Position.of(text)
    assert raised.value.message == f"should be the id of an event, as in 0-15, found {text!r}"


async def test_nothing_is_missed_from_the_first_quiet_on(layout: Layout, moved: MovableClock) -> None:
    with Journal(layout, clock=moved) as journal:
        journal.append(trails.facts(1))
        async with asyncio.timeout(10), aclosing(follow(layout, ALL, quiet_s=0.05)) as events:
            assert await anext(events) == Quiet("0-1")
            journal.append(trails.facts(2))
            came = await anext(events)
            assert isinstance(came, Came)
            assert (came.position, came.record["sequence"]) == ("0-2", 2)
            assert await anext(events) == Quiet("0-2")


async def test_nothing_is_read_that_is_not_asked_for(layout: Layout) -> None:
    """However much there is, one batch at most waits for whoever is slow."""
    trails.write(layout, [trails.facts(n, notes=["x" * 10_000]) for n in range(1, 1001)])
    async with aclosing(follow(layout, ALL, {0: 0})) as events:
        await anext(events)
        first = await anext(events)
        assert first.position == "0-1"
    batch = Follower(layout, ALL, {0: 0}).read()
    assert 0 < len(batch) < 110
