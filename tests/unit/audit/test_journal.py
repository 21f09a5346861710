"""The journal: whole lines only, numbered without a gap, across restarts and torn ends."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.audit.journal import Journal
from ssp_emulator.audit.reading import FIELDS, JournalError, read
from ssp_emulator.exchange import NotRecordedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "journal.jsonl"


def add(path: Path, *exchanges: Exchange) -> None:
    with Journal(path) as journal:
        for exchange in exchanges:
            journal.record(exchange)


def sequences(path: Path) -> list[int]:
    return [record["sequence"] for record in read(path)]


def test_each_exchange_is_a_line_numbered_from_1(path: Path, request_for: Callable[..., Exchange]) -> None:
    add(path, request_for(), request_for(method="POST"))
    lines = path.read_text().splitlines()
    assert [json.loads(line)["method"] for line in lines] == ["GET", "POST"]
    assert sequences(path) == [1, 2]


def test_a_record_is_in_the_file_as_soon_as_it_is_taken(path: Path, request_for: Callable[..., Exchange]) -> None:
    with Journal(path) as journal:
        journal.record(request_for())
        assert sequences(path) == [1]


def test_the_journal_is_private_and_only_ever_added_to(path: Path, request_for: Callable[..., Exchange]) -> None:
    add(path, request_for())
    before = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    add(path, request_for())
    assert path.read_bytes().startswith(before)
    assert sequences(path) == [1, 2]


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        (b'{"sequence":2,"cut', [1, 2]),
        (b"\n\n", [1, 2]),
        (b"not JSON\n", [1, 2]),
        (b'{"other":1}\n[2]\n7\n\xff\n', [1, 2]),
        (json.dumps({**dict.fromkeys(FIELDS), "sequence": 2}).encode(), [1, 2, 3]),
    ],
    ids=["cut off", "empty lines", "no JSON", "no records", "whole but for its line's end"],
)
def test_after_a_torn_end_the_next_record_stands_on_a_line_of_its_own(
    path: Path, end: bytes, kept: list[int], request_for: Callable[..., Exchange]
) -> None:
    add(path, request_for())
    with path.open("ab") as journal:
        journal.write(end)
    add(path, request_for())
    assert sequences(path) == kept
    assert path.read_bytes().endswith(b"\n")
    assert end in path.read_bytes()


@pytest.mark.parametrize("size", [10, 60_000, 70_000, 200_000])
def test_the_numbers_go_on_after_a_record_of_any_size(
    path: Path, size: int, request_for: Callable[..., Exchange]
) -> None:
    add(path, request_for(), request_for(raw_target="/" + "a" * size))
    add(path, request_for())
    assert sequences(path) == [1, 2, 3]


def test_reading_leaves_out_what_is_no_record(path: Path) -> None:
    path.parent.mkdir()
    first, third = (json.dumps({**dict.fromkeys(FIELDS), "sequence": number}).encode() for number in (1, 3))
    deep = b"[" * 100_000
    path.write_bytes(b"x\n" + first + b'\n[]\n\n{"sequence":"2"}\n{"sequence":2}\n\xff\n' + deep + b"\n" + third)
    assert sequences(path) == [1, 3]


def test_a_journal_that_is_not_there_cannot_be_read(path: Path) -> None:
    with pytest.raises(JournalError) as caught:
        list(read(path))
    assert str(caught.value) == f"the journal {path} cannot be read: no such file or directory"


def test_a_journal_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(JournalError) as caught, Journal(tmp_path):
        pass
    assert str(caught.value) == f"the journal {tmp_path} cannot be opened: is a directory"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device here that is always full")
def test_a_full_disk_is_told_and_the_number_not_used_up(request_for: Callable[..., Exchange]) -> None:
    full = Path("/dev/full")
    with Journal(full) as journal:
        for _ in range(2):
            with pytest.raises(NotRecordedError) as caught:
                journal.record(request_for())
            assert str(caught.value) == "the journal /dev/full cannot be written: no space left on device"


def test_a_record_that_was_taken_in_part_is_told_and_ended(
    path: Path, request_for: Callable[..., Exchange], monkeypatch: pytest.MonkeyPatch
) -> None:
    write, sizes = os.write, iter([10])

    def half(file: int, data: bytes) -> int:
        return write(file, data[: next(sizes, len(data))])

    with Journal(path) as journal:
        monkeypatch.setattr(os, "write", half)
        with pytest.raises(NotRecordedError, match=r"took 10 of \d+ bytes: is the disk full\?"):
            journal.record(request_for())
        journal.record(request_for())
    assert path.read_bytes().startswith(b'{"sequence\n{"sequence":1,')
    assert sequences(path) == [1]


def test_a_journal_belongs_to_one_emulator_at_a_time(path: Path) -> None:
    with Journal(path), pytest.raises(JournalError) as caught, Journal(path):
        pass
    assert str(caught.value) == f"the journal {path} is in use by another emulator; name another"
    with Journal(path):
        pass  # and is free again afterwards
