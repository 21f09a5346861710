"""The names of a trail's files, for one process and for several."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssp_emulator.audit.layout import Layout, Segment

LAYOUT = Layout(Path("/var/audit/journal.jsonl"))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (LAYOUT.current(0), "journal.jsonl"),
        (LAYOUT.current(1), "journal.w1.jsonl"),
        (LAYOUT.closed(0, 1), "journal.000000000001.jsonl"),
        (LAYOUT.closed(12, 1_234_567), "journal.w12.000001234567.jsonl"),
        (LAYOUT.anchor(0), "journal.anchor"),
        (LAYOUT.anchor(3), "journal.w3.anchor"),
        (LAYOUT.index, "journal.index"),
        (LAYOUT.set_aside(0), "journal.unchained.jsonl"),
    ],
)
def test_each_file_stands_beside_the_journal(path: Path, name: str) -> None:
    assert path == Path("/var/audit") / name


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "journal.jsonl")


def touch(layout: Layout, *names: str) -> None:
    for name in names:
        (layout.folder / name).touch()


def test_where_nothing_is_there_are_no_workers_and_no_segments(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "not there" / "journal.jsonl")

    assert (layout.workers(), layout.segments(0)) == ([], [])


@pytest.mark.parametrize(
    ("names", "workers"),
    [
        (["journal.jsonl"], [0]),
        (["journal.anchor"], [0]),
        (["journal.000000000001.jsonl"], [0]),
        (["journal.w10.anchor", "journal.w2.jsonl", "journal.jsonl", "journal.w2.anchor"], [0, 2, 10]),
        (["journal.w3.000000000001.jsonl"], [3]),
        (
            [
                "journal.index",
                "journal.unchained.jsonl",
                "journal.w0.jsonl",
                "journal.w01.jsonl",
                "journal.w10000.jsonl",
                "journal.1.jsonl",
                "journal.jsonl.bak",
                "xjournal.jsonl",
                "journalxjsonl",
                "JOURNAL.jsonl",
                "other.jsonl",
            ],
            [],
        ),
    ],
)  # fmt: skip
def test_the_workers_are_those_that_left_a_chain_or_an_anchor(
    layout: Layout, names: list[str], workers: list[int]
) -> None:
    touch(layout, *names)

    assert layout.workers() == workers


def test_a_chains_segments_are_in_its_order_and_no_others_are_among_them(layout: Layout) -> None:
    closed = [1, 2, 10, 99, 1_000_000]
    touch(layout, *(layout.closed(0, first).name for first in reversed(closed)), "journal.jsonl")
    touch(layout, "journal.w1.000000000005.jsonl", "journal.w1.jsonl", "journal.anchor", "journal.unchained.jsonl")
    touch(layout, "journal.000000000007.jsonl.gz", "journal.7.jsonl", "journal.anchor")

    assert layout.segments(0) == [
        *(Segment(0, first, layout.closed(0, first)) for first in closed),
        Segment(0, None, layout.current(0)),
    ]
    assert [each.first for each in layout.segments(1)] == [5, None]
    assert layout.segments(2) == []


@pytest.mark.parametrize("name", ["journal", "a.b.jsonl", "a+b[1].jsonl", "(trail).log", ".jsonl"])
def test_a_journal_may_have_any_name(tmp_path: Path, name: str) -> None:
    layout = Layout(tmp_path / name)
    for worker in (0, 2):
        for path in (layout.current(worker), layout.closed(worker, 1), layout.anchor(worker)):
            path.touch()

    assert len(list(tmp_path.iterdir())) == 6
    assert layout.workers() == [0, 2]
    assert [each.first for each in layout.segments(2)] == [1, None]
