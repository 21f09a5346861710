"""The end of a chain: found from behind, whatever is torn, strange or large there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import journals, trails

from ssp_emulator.audit.chain import GENESIS, Link, digest, line_of
from ssp_emulator.audit.tail import Opening, StrangeFileError, Tail, last_of, opening_of, tail_of
from ssp_emulator.errors import said

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.audit.layout import Layout

FIRST = line_of(GENESIS, 0, b'{"a":1}')
SECOND = line_of(Link(1, digest(FIRST)), 0, b'{"b":2}')
TWO = FIRST + b"\n" + SECOND + b"\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_a_file_that_is_not_there_is_empty(path: Path) -> None:
    assert tail_of(path) == Tail(None, 0, 0)
    path.touch()
    assert tail_of(path) == Tail(None, 0, 0)


@pytest.mark.parametrize(
    "torn",
    [
        b"",
        SECOND[:1],
        SECOND[:-1],
        SECOND,
        b"\0" * 4096,
        b" " * 65_536,
        b"\xff",
        SECOND[:-1] + b"x" * 200_000,
    ],
    ids=["none", "one byte", "all but one", "but for its end", "zeros", "blanks", "no text", "larger than a piece"],
)
@pytest.mark.parametrize("padding", [0, 65_536, 300_000])
def test_a_torn_end_is_told_from_whole_lines(path: Path, torn: bytes, padding: int) -> None:
    line = line_of(GENESIS, 0, json.dumps({"a": "x" * padding}).encode())
    path.write_bytes(line + b"\n" + torn)

    assert tail_of(path) == Tail(Link(1, digest(line)), len(line) + 1, len(torn))


@settings(deadline=None)
@given(st.integers(0, len(TWO)))
def test_wherever_it_was_cut_the_last_whole_line_is_found(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.jsonl"
    path.write_bytes(TWO[:cut])
    whole = TWO[: TWO[:cut].rfind(b"\n") + 1]
    lasts = [None, Link(1, digest(FIRST)), Link(2, digest(SECOND))]

    assert tail_of(path) == Tail(lasts[whole.count(b"\n")], len(whole), cut - len(whole))


@pytest.mark.parametrize("size", [10, 60_000, 65_400, 65_536, 70_000, 131_072, 200_000, 1_000_000])
def test_a_last_record_of_any_size_is_found(path: Path, size: int) -> None:
    last = line_of(Link(1, digest(FIRST)), 0, json.dumps({"a": "x" * size}).encode())
    path.write_bytes(FIRST + b"\n" + last + b"\n")

    assert tail_of(path) == Tail(Link(2, digest(last)), len(FIRST) + len(last) + 2, 0)


def test_what_is_no_record_behind_the_last_one_is_passed_over_and_left(path: Path) -> None:
    path.write_bytes(FIRST + b"\nsomebody's note\n\n{}\n")

    assert tail_of(path) == Tail(Link(1, digest(FIRST)), path.stat().st_size, 0)


@pytest.mark.parametrize(
    "data",
    [
        b"notes of the user's\n",
        b"no line's end",
        b"\n",
        b"{}",
        b"[1]\n[2]\n",
        b'{"sequence":1,"time":"2026-03-04T12:00:00.000Z"}\n',
        b'{"sequence":1,\n',
        b"\x7fELF\0\0",
        b"notes\n" * 50_000,
    ],
)
def test_a_file_without_any_record_is_strange(path: Path, data: bytes) -> None:
    path.write_bytes(data)

    with pytest.raises(StrangeFileError) as caught:
        tail_of(path)
    assert said(caught.value) == "it holds no record, and is not ours to add to; move it away, or name another file"
    assert path.read_bytes() == data


@pytest.mark.parametrize("cut", [1, 5, 11, 12, 60, len(FIRST) - 1, len(FIRST)])
def test_what_was_written_of_a_first_record_is_torn_and_not_strange(path: Path, cut: int) -> None:
    path.write_bytes(FIRST[:cut])

    assert tail_of(path) == Tail(None, 0, cut)


def test_a_chains_last_record_is_in_its_last_segment_that_has_one(layout: Layout) -> None:
    links = trails.write(layout, (trails.facts(number) for number in range(1, 8)), segment=3)

    assert last_of(layout, 0) == links[-1]
    layout.current(0).write_bytes(b"")
    assert last_of(layout, 0) == links[5]
    layout.current(0).unlink()
    assert last_of(layout, 0) == links[5]
    assert last_of(layout, 1) == GENESIS


def test_how_a_segment_begins(layout: Layout) -> None:
    links = trails.write(layout, (trails.facts(number) for number in range(1, 4)), segment=2)

    assert opening_of(layout.closed(0, 1)) == Opening(1, GENESIS, datetime(2026, 3, 4, 12, 0, 0, 10_000, tzinfo=UTC))
    assert opening_of(layout.current(0)) == Opening(3, links[1], datetime(2026, 3, 4, 12, 0, 0, 30_000, tzinfo=UTC))
    assert journals.breaks(layout) == []


@pytest.mark.parametrize("data", [None, b"", b"notes\n", FIRST[:-1], b"\n" + FIRST + b"\n"])
def test_what_does_not_begin_with_a_record_has_no_opening(path: Path, data: bytes | None) -> None:
    if data is not None:
        path.write_bytes(data)

    assert opening_of(path) is None


@pytest.mark.parametrize("time", ["null", '"soon"', "7", "[" * 3000 + "]" * 3000])
def test_an_opening_may_have_no_time(path: Path, time: str) -> None:
    path.write_bytes(line_of(GENESIS, 0, f'{{"time":{time}}}'.encode()) + b"\n")

    assert opening_of(path) == Opening(1, GENESIS, None)
