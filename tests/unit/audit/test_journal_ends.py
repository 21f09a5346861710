"""The journal's ends: a last record that was torn, and an anchor that says otherwise than the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs
from support import journals, trails
from support.adding import DAY_S, FACTS, add, segment_of, tear

from ssp_emulator.audit.anchor import Anchored, read_anchor
from ssp_emulator.audit.chain import GENESIS
from ssp_emulator.audit.journal import Journal, Rotation
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.tail import last_of

if TYPE_CHECKING:
    from support.clocks import MovableClock

# Torn ends


@pytest.mark.parametrize(
    "torn",
    [b"{", b'{"sequence":2,"previous":"00', b'{"sequence":2,"a":{}', b"\0" * 4096, b" " * 70_000, b"\xff"],
    ids=["a byte", "a beginning", "closing brackets", "zeros", "blanks", "no text"],
)
def test_a_torn_end_is_kept_until_the_next_record_which_says_how_long_it_was(layout: Layout, torn: bytes) -> None:
    add(layout)
    tear(layout, torn)
    before = layout.current(0).read_bytes()
    with capture_logs() as logs:
        add(layout, 0)
    assert layout.current(0).read_bytes() == before
    assert {"event": "the journal ends in the middle of a record", "bytes": len(torn), "log_level": "warning"} in logs
    add(layout, 2)
    assert [record["gap"] for record in journals.records(layout)] == [
        None,
        {"torn_bytes": len(torn), "unrecorded": 0},
        None,
    ]
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3], [])


@pytest.mark.parametrize("cut", [1, 12, 100, 300, -1])
def test_a_first_record_that_was_torn_is_begun_anew(layout: Layout, cut: int) -> None:
    add(layout)
    line = layout.current(0).read_bytes()[:-1]
    layout.current(0).write_bytes(line[:cut])
    layout.anchor(0).unlink()
    add(layout)
    (record,) = journals.records(layout)
    assert (record["sequence"], record["previous"]) == (1, "0" * 64)
    assert record["gap"] == {"torn_bytes": len(line[:cut]), "unrecorded": 0}


def test_a_segment_with_a_torn_end_is_not_closed_with_it(layout: Layout, moved: MovableClock) -> None:
    add(layout)
    tear(layout, b'{"sequence":2,"prev')
    moved.elapse(10 * DAY_S)
    with Journal(layout, clock=moved) as journal:
        journal.rotate_if_due(moved.now())  # as the keeper does, long before a request comes
        journal.append(FACTS)
        journal.append(FACTS)
    assert journals.records(layout)[1]["gap"] == {"torn_bytes": 19, "unrecorded": 0}
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3], [])


def test_a_torn_first_record_that_ends_like_a_whole_one_is_not_closed_either(
    layout: Layout, moved: MovableClock
) -> None:
    add(layout)
    line = layout.current(0).read_bytes()
    layout.current(0).write_bytes(line[: line.index(b'"ods":"A1001"}') + len(b'"ods":"A1001"}')])
    layout.anchor(0).unlink()
    with Journal(layout, clock=moved, rotation=Rotation(size_bytes=1)) as journal:
        for _ in range(3):
            journal.append(FACTS)
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3], [])


# The anchor and the journal at odds


def test_an_anchor_that_is_behind_is_caught_up(layout: Layout) -> None:
    """As after a kill between the two writes."""
    links = add(layout, 5)
    trails.write(Layout(layout.folder / "other.jsonl"), [])
    for behind in (1, 4):
        line = f"head {links[-1 - behind].sequence:012d} {links[-1 - behind].digest}\n".encode()
        layout.anchor(0).write_bytes(line + layout.anchor(0).read_bytes()[len(line) :])
        with capture_logs() as logs:
            add(layout, 0)
        assert read_anchor(layout.anchor(0)) == Anchored(links[-1], GENESIS)
        told = {"event": "the anchor is behind the journal", "records": behind, "log_level": "warning"}
        assert logs == ([told] if behind > 1 else [])
    add(layout)
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3, 4, 5, 6], [])


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_a_tail_that_was_cut_leaves_a_gap_and_no_number_is_used_twice(layout: Layout, kept: int) -> None:
    links = add(layout, 4)
    lines = layout.current(0).read_bytes().splitlines(keepends=True)
    layout.current(0).write_bytes(b"".join(lines[:kept]))
    with capture_logs() as logs:
        add(layout, 0)
    assert [each for each in logs if each["log_level"] == "error"] == [
        {
            "event": "records are missing at the end of the journal",
            "log_level": "error",
            "last": kept,
            "should_be": 4,
        }
    ]
    add(layout)
    assert journals.sequences(layout) == [*range(1, kept + 1), 5]
    assert journals.breaks(layout) == [5]
    assert journals.records(layout)[-1]["previous"] == links[-1].digest


def test_a_last_record_that_was_altered_still_shows_after_a_restart(layout: Layout) -> None:
    """The anchor has its true digest: to go on from the altered one would make that the truth."""
    links = add(layout, 3)
    altered = journals.lines(layout)[-1].replace(b'"status":200', b'"status":404')
    layout.current(0).write_bytes(b"\n".join([*journals.lines(layout)[:-1], altered, b""]))
    add(layout, 0)
    add(layout)
    assert journals.records(layout)[-1]["previous"] == links[-1].digest
    assert journals.breaks(layout) == [4]


def test_without_an_anchor_it_goes_on_from_the_journal_and_says_so(layout: Layout) -> None:
    links = add(layout, 2)
    layout.anchor(0).unlink()
    with capture_logs() as logs:
        add(layout, 0)
    assert [each["event"] for each in logs] == ["the journal had no anchor: whether its ends were cut cannot be told"]
    assert read_anchor(layout.anchor(0)) is None  # to be stopped before a record says so must not hide it
    (link,) = add(layout)
    assert read_anchor(layout.anchor(0)) == Anchored(link, GENESIS)
    assert (journals.sequences(layout), journals.breaks(layout)) == ([1, 2, 3], [])
    assert link.sequence == links[-1].sequence + 1
    add(layout)
    lost = {"torn_bytes": 0, "unrecorded": 0, "anchor_lost": True}
    assert [record["gap"] for record in journals.records(layout)] == [None, None, lost, None]


def test_without_an_anchor_the_chain_begins_where_its_first_segment_does(layout: Layout, moved: MovableClock) -> None:
    add(layout)
    with Journal(layout, clock=moved, rotation=segment_of(2, layout)) as journal:
        links = [last_of(layout, 0), *(journal.append(FACTS) for _ in range(4))]
    layout.closed(0, 1).unlink()
    layout.anchor(0).unlink()
    with Journal(layout, clock=moved) as journal:
        assert (journal.base, journal.last) == (links[1], links[-1])
        last = journal.append(FACTS)
    assert read_anchor(layout.anchor(0)) == Anchored(last, links[1])


@pytest.mark.parametrize("data", [b"", b"nonsense", b"x" * 1000, b"\0" * 164])
def test_a_damaged_anchor_is_made_anew(layout: Layout, data: bytes) -> None:
    add(layout, 2)
    layout.anchor(0).write_bytes(data)
    add(layout, 0)
    (last,) = add(layout)
    assert read_anchor(layout.anchor(0)) == Anchored(last, GENESIS)
    assert journals.records(layout)[-1]["gap"]["anchor_lost"]


def test_with_nothing_but_its_anchor_the_numbers_go_on(layout: Layout) -> None:
    links = add(layout, 3)
    layout.current(0).unlink()
    add(layout)
    assert journals.sequences(layout) == [4]
    assert journals.records(layout)[0]["previous"] == links[-1].digest
    assert read_anchor(layout.anchor(0)) == Anchored(last_of(layout, 0), GENESIS)
