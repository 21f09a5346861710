"""The ends of the audit trail's chains, as a diagnosis sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from support import adding

from ssp_emulator.audit.layout import Layout
from ssp_emulator.diagnosis.findings import Level, Section
from ssp_emulator.diagnosis.trailing import trailing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ssp_emulator.diagnosis.subject import Subject


class OfJournal:
    """As much of a subject as is asked for."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal


def looked_at(layout: Layout) -> Section:
    section = Section("audit trail")
    trailing(cast("Subject", OfJournal(layout.journal)), section)
    return section


def cut(layout: Layout) -> None:
    path = layout.current(0)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def alter(layout: Layout) -> None:
    path = layout.current(0)
    head, _, tail = path.read_bytes().rpartition(b'"time":"2')
    path.write_bytes(head + b'"time":"1' + tail)


def tear(layout: Layout) -> None:
    adding.tear(layout, b'{"sequence":4,"prev')


def lose_the_anchor(layout: Layout) -> None:
    layout.anchor(0).unlink()


def replace(layout: Layout) -> None:
    layout.current(0).write_bytes(b"something else\n")


@pytest.mark.parametrize(
    ("change", "level", "what"),
    [
        (lambda _: None, Level.OK, "its last record is 3, as its anchor has it"),
        (cut, Level.PROBLEM, "the last 1 records of 3 are missing"),
        (alter, Level.PROBLEM, "the last record, 3, was altered"),
        (tear, Level.WARNING, "ends in the middle of a record"),
        (lose_the_anchor, Level.WARNING, "3 records, and no anchor vouches for its ends"),
        (replace, Level.PROBLEM, "it holds no record, and is not ours to add to"),
    ],
)
def test_how_a_chain_ends(tmp_path: Path, change: Callable[[Layout], None], level: Level, what: str) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    adding.add(layout, 3)
    change(layout)

    worst = looked_at(layout).findings[-1]

    assert worst.level is level
    assert what in worst.what


def test_no_trail_yet(tmp_path: Path) -> None:
    (finding,) = looked_at(Layout(tmp_path / "nowhere" / "journal.jsonl")).findings
    assert (finding.level, finding.what.endswith("there is no trail yet")) == (Level.OK, True)
