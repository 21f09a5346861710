"""A journal that is written, rotated and shortened by retention while it is verified."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from support import trails

from ssp_emulator.audit.chain import Link
from ssp_emulator.audit.journal import Journal, Rotation
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.verifying import verify
from ssp_emulator.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ssp_emulator.audit.layout import Segment

SMALL = Rotation(size_bytes=40_000)  # about twenty records


def grown(journal: Journal, records: int) -> None:
    """Add records."""
    for number in range(records):
        facts = trails.facts(number)
        facts.pop("gap")
        journal.append(facts)


def remove_the_oldest(journal: Journal) -> None:
    """Remove the oldest closed segment, as retention does."""
    segment, following = journal.layout.segments(journal.worker)[:2]
    first = int(following.path.read_bytes().split(b":")[1].split(b",")[0])
    previous = following.path.read_bytes().split(b'"previous":"')[1][:64].decode()
    journal.remove(segment, Link(first - 1, previous))


def at_opening(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], None], *, after: bool = False) -> None:
    """Have something happen just before `verify` opens a file for the first time, or just after."""
    from ssp_emulator.audit import verifying

    opened = verifying._open

    def opening(segment: Segment, *others: object) -> object:
        nonlocal name
        its_turn = segment.path.name == name
        if its_turn and not after:
            name = ""
            act()
        file = opened(segment, *others)
        if its_turn and after:
            name = ""
            act()
        return file

    monkeypatch.setattr(verifying, "_open", opening)


def test_records_and_segments_that_come_while_it_is_verified_do_no_harm(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    verified = threading.Event()
    reports = []

    def verify_often() -> None:
        reports.extend(verify(layout) for _ in range(40))
        verified.set()

    with Journal(layout, clock=SystemClock(), rotation=SMALL) as journal:
        grown(journal, 200)
        reader = threading.Thread(target=verify_often)
        reader.start()
        while not verified.is_set():
            grown(journal, 1)
            if len(layout.segments(0)) > 12:
                remove_the_oldest(journal)
        reader.join()

    assert [report.json() for report in reports if not report.sound] == []
    assert [report for report in reports if report.chains[0].verdict.torn is not None] == []
    assert reports[-1].chains[0].verdict.head.sequence > 200


def test_a_rotation_just_before_the_written_segment_is_opened_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    with Journal(layout, clock=SystemClock(), rotation=SMALL) as journal:
        grown(journal, 50)
        at_opening(monkeypatch, "journal.jsonl", lambda: grown(journal, 50))

        (chain,) = verify(layout).chains

    assert (chain.sound, chain.records) == (True, 100)


@pytest.mark.parametrize("name", ["journal.jsonl", "journal.000000000001.jsonl"])
def test_rotations_after_the_written_segment_was_opened_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    with Journal(layout, clock=SystemClock(), rotation=SMALL) as journal:
        grown(journal, 50)
        at_opening(monkeypatch, name, lambda: grown(journal, 200), after=True)

        (chain,) = verify(layout).chains

    assert chain.sound
    assert 50 <= chain.records < 250


@pytest.mark.parametrize("removes", [False, True], ids=["nothing removed", "the oldest removed"])
def test_what_is_closed_between_opening_and_listing_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removes: bool
) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    with Journal(layout, clock=SystemClock(), rotation=SMALL) as journal:
        grown(journal, 50)
        closed = len(layout.segments(0))

        def rotate() -> None:
            while len(layout.segments(0)) == closed:
                grown(journal, 1)
            if removes:
                remove_the_oldest(journal)

        at_opening(monkeypatch, "journal.jsonl", rotate, after=True)

        (chain,) = verify(layout).chains

    assert chain.json()["problems"] == []
    assert chain.removed == (journal.base.sequence if removes else 0)
    assert chain.removed + chain.records == journal.last.sequence - 1  # all but the one that is behind the rotation


def test_segments_that_retention_removes_before_they_are_opened_are_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    with Journal(layout, clock=SystemClock(), rotation=SMALL) as journal:
        grown(journal, 150)
        second = layout.segments(0)[1].path.name

        def remove_two() -> None:
            remove_the_oldest(journal)
            remove_the_oldest(journal)

        at_opening(monkeypatch, second, remove_two)

        (chain,) = verify(layout).chains

    assert (chain.sound, chain.json()["problems"]) == (True, [])
    assert chain.removed > 0


def test_a_fragment_that_becomes_a_record_while_it_is_looked_at_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ssp_emulator.audit.verifying import walking

    layout = Layout(tmp_path / "journal.jsonl")
    trails.write(layout, map(trails.facts, range(1, 4)))
    path = layout.current(0)
    whole = path.read_bytes()
    path.write_bytes(whole[:-500])
    monkeypatch.setattr(walking, "time", SimpleNamespace(sleep=lambda _: path.write_bytes(whole)))

    (chain,) = verify(layout).chains

    assert (chain.sound, chain.records, chain.verdict.torn) == (True, 3, None)


def test_a_fragment_that_a_crash_left_is_not_closed_away_with_its_segment(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    with Journal(layout, clock=SystemClock(), rotation=SMALL) as journal:
        grown(journal, 5)
    with layout.current(0).open("ab") as file:
        file.write(b'{"sequence":6,"previous":"')

    with Journal(layout, clock=SystemClock(), rotation=Rotation(size_bytes=1000)) as journal:  # the next is a new one's
        grown(journal, 1)

    (chain,) = verify(layout).chains
    assert chain.json()["problems"] == []
    assert (chain.records, chain.gaps.torn_bytes) == (6, 26)
