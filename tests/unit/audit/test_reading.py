"""Reading the journal: all chains by their time, and what is no record left out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support import trails

from ssp_emulator.audit.reading import FIELDS, JournalError, parsed, read

if TYPE_CHECKING:
    from ssp_emulator.audit.layout import Layout

RECORD: dict[str, Any] = {"sequence": 1, "previous": "0" * 64, "worker": 0, **trails.facts(1)}


def test_the_fields_are_those_of_a_record() -> None:
    assert set(RECORD) == FIELDS


def test_a_chain_is_read_through_all_its_segments(layout: Layout) -> None:
    trails.write(layout, (trails.facts(number) for number in range(1, 8)), segment=2)
    assert [record["sequence"] for record in read(layout.journal)] == list(range(1, 8))
    assert [record["trace_id"] for record in read(layout.journal)] == [trails.trace_id(each) for each in range(1, 8)]


def test_several_chains_are_read_by_their_time(layout: Layout) -> None:
    trails.write(layout, (trails.facts(number) for number in (1, 4, 5, 9)), segment=2)
    trails.write(layout, (trails.facts(number) for number in (2, 3, 8)), worker=1)
    trails.write(layout, (trails.facts(number) for number in (6, 7)), worker=12, segment=1)
    found = [(record["trace_id"], record["worker"]) for record in read(layout.journal)]
    workers = [0, 1, 1, 0, 0, 12, 12, 1, 0]
    assert found == [(trails.trace_id(number), worker) for number, worker in enumerate(workers, 1)]


def test_it_is_read_as_it_is_asked_for_and_not_at_once(layout: Layout) -> None:
    trails.write(layout, (trails.facts(number) for number in range(1, 4)))
    reading = read(layout.journal)
    next(reading)
    with layout.journal.open("ab") as file:
        file.write(json.dumps({**RECORD, "sequence": 4}).encode() + b"\n")
    assert [record["sequence"] for record in reading] == [2, 3, 4]


def test_a_trail_that_is_not_there_cannot_be_read(layout: Layout) -> None:
    for _ in range(2):
        with pytest.raises(JournalError) as caught:
            list(read(layout.journal))
        assert str(caught.value) == f"the journal {layout.journal} cannot be read: there is none yet"
        layout.folder.mkdir(exist_ok=True)


def test_a_trail_without_a_record_is_empty(layout: Layout) -> None:
    trails.write(layout, [])
    assert list(read(layout.journal)) == []


def test_what_cannot_be_read_is_told_with_why(layout: Layout) -> None:
    layout.journal.mkdir(parents=True)
    with pytest.raises(JournalError) as caught:
        list(read(layout.journal))
    assert str(caught.value) == f"the journal {layout.journal} cannot be read: is a directory"


def test_lines_that_are_no_records_are_left_out(layout: Layout) -> None:
    trails.write(layout, [trails.facts(1)])
    with layout.journal.open("ab") as file:
        file.write(b"\n\xff\nnotes\n" + json.dumps({**RECORD, "sequence": 2}).encode() + b'\n{"sequence":3,"previous')
    assert [record["sequence"] for record in read(layout.journal)] == [1, 2]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"x",
        b"7",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        json.dumps({**RECORD, "sequence": "1"}).encode(),
        json.dumps({**RECORD, "time": None}).encode(),
        json.dumps(RECORD).encode()[:-1],
        *(
            json.dumps({name: value for name, value in RECORD.items() if name != left}).encode()
            for left in RECORD
            if left != "service"
        ),
    ],
)
def test_a_line_without_all_of_a_record_holds_none(line: bytes) -> None:
    assert parsed(line) is None


def test_a_line_with_a_record_holds_it() -> None:
    assert parsed(json.dumps(RECORD).encode() + b"\n") == RECORD


def test_a_line_of_a_version_before_the_directory_answered_holds_one_of_the_proxy() -> None:
    older = {name: value for name, value in RECORD.items() if name != "service"}
    assert parsed(json.dumps(older).encode()) == {**older, "service": "proxy"}
