"""Whatever is done to a journal, `verify` names the first record that it was done to, and where; and what still holds.

The journal of most tests has 12 records, in three files: 1 to 5, 6 to 10, and 11 and 12 in the one that is written.
"""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import trails

from ssp_emulator.audit.anchor import Anchor, read_anchor
from ssp_emulator.audit.chain import GENESIS, Link, digest, line_of
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.verifying import size_of, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ssp_emulator.audit.verifying.report import Chain

FIRST, SECOND, CURRENT = "journal.000000000001.jsonl", "journal.000000000006.jsonl", "journal.jsonl"
LAST = 12


@dataclass
class Trail:
    """A journal, for tampering with."""

    layout: Layout
    links: list[Link]

    def lines(self, name: str) -> list[bytes]:
        """Return a file's lines, each with its end."""
        return (self.layout.folder / name).read_bytes().splitlines(keepends=True)

    def write(self, name: str, lines: list[bytes]) -> None:
        """Replace a file's lines."""
        (self.layout.folder / name).write_bytes(b"".join(lines))

    def change(self, name: str, index: int, old: bytes, new: bytes) -> None:
        """Replace the first of some bytes in a line."""
        lines = self.lines(name)
        assert old in lines[index]
        lines[index] = lines[index].replace(old, new, 1)
        self.write(name, lines)

    def forge(self, previous: Link, *, worker: int = 0, **changes: Any) -> bytes:
        """Return a line that says that it follows a record."""
        facts = json.dumps(trails.facts(99, **changes), separators=(",", ":")).encode()
        return line_of(previous, worker, facts) + b"\n"

    def anchor(self, *, head: Link | None = None, base: Link | None = None) -> None:
        """Rewrite what the anchor says."""
        with self.layout.anchor(0).open("r+b") as file:
            if head is not None:
                Anchor(file.fileno()).set_head(head)
            if base is not None:
                Anchor(file.fileno()).set_base(base)

    def chain(self) -> Chain:
        """Verify, and return the verdict on the only chain."""
        (chain,) = verify(self.layout).chains
        return chain

    def link(self, sequence: int) -> Link:
        """Return the link of a record."""
        return self.links[sequence - 1]


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    """A journal of twelve records in three files."""
    layout = Layout(tmp_path / "audit" / "journal.jsonl")
    return Trail(layout, trails.write(layout, map(trails.facts, range(1, LAST + 1)), segment=5))


def holds(chain: Chain) -> list[tuple[int, int]]:
    """Return the records that hold."""
    return [tuple(span) for span in chain.verdict.holds]


def test_an_untouched_journal_is_sound(trail: Trail) -> None:
    report = verify(trail.layout)

    assert report.sound
    assert report.json() == {
        "sound": True,
        "records": {"kept": 12, "removed": 0},
        "chains": [
            {
                "worker": 0,
                "sound": True,
                "records": 12,
                "removed": 0,
                "first": 1,
                "last": 12,
                "head": trail.link(12).digest,
                "problems": [],
                "problems_not_named": 0,
                "holds": [{"first": 1, "last": 12}],
                "holds_not_named": 0,
                "torn": None,
                "gaps": {"records": 0, "torn_bytes": 0, "unrecorded": 0},
            }
        ],
    }


def test_the_bytes_that_were_read_are_told_and_are_all_that_there_are(trail: Trail) -> None:
    told: list[int] = []

    verify(trail.layout, told.append)

    assert sum(told) == size_of(trail.layout) == sum(len(b"".join(trail.lines(n))) for n in (FIRST, SECOND, CURRENT))


def _altered_body(name: str, index: int) -> Callable[[Trail], None]:
    return lambda trail: trail.change(name, index, b'"status":200', b'"status":201')


def _altered_previous(name: str, index: int) -> Callable[[Trail], None]:
    def tamper(trail: Trail) -> None:
        sequence = json.loads(trail.lines(name)[index])["sequence"]
        trail.change(name, index, trail.link(sequence - 1).digest.encode(), b"e" * 64)

    return tamper


def _removed(name: str, *indices: int) -> Callable[[Trail], None]:
    def tamper(trail: Trail) -> None:
        trail.write(name, [line for index, line in enumerate(trail.lines(name)) if index not in indices])

    return tamper


def _swapped(one: tuple[str, int], other: tuple[str, int]) -> Callable[[Trail], None]:
    def tamper(trail: Trail) -> None:
        lines = {name: trail.lines(name) for name in {one[0], other[0]}}
        here, there = lines[one[0]][one[1]], lines[other[0]][other[1]]
        lines[one[0]][one[1]], lines[other[0]][other[1]] = there, here
        for name, changed in lines.items():
            trail.write(name, changed)

    return tamper


def _inserted(name: str, index: int, make: Callable[[Trail], bytes]) -> Callable[[Trail], None]:
    def tamper(trail: Trail) -> None:
        lines = trail.lines(name)
        lines.insert(index, make(trail))
        trail.write(name, lines)

    return tamper


def _cut(name: str, size: int) -> Callable[[Trail], None]:
    """Cut so many bytes off a file's end."""

    def tamper(trail: Trail) -> None:
        path = trail.layout.folder / name
        path.write_bytes(path.read_bytes()[:-size])

    return tamper


def _files_swapped(trail: Trail) -> None:
    first, second = trail.lines(FIRST), trail.lines(SECOND)
    trail.write(FIRST, second)
    trail.write(SECOND, first)


def _file_removed(name: str) -> Callable[[Trail], None]:
    return lambda trail: (trail.layout.folder / name).unlink()


def _line_end_removed(trail: Trail) -> None:
    trail.change(FIRST, 2, b"\n", b"")


def _all_removed(trail: Trail) -> None:
    for name in (FIRST, SECOND, CURRENT):
        (trail.layout.folder / name).unlink()


def _renumbered(trail: Trail) -> None:
    trail.change(FIRST, 2, b'"sequence":3', b'"sequence":7')


@pytest.mark.parametrize(
    ("tamper", "kind", "records", "place", "sound"),
    [
        (_altered_body(FIRST, 2), "altered", (3, 3), (FIRST, 3), [(1, 2), (4, 12)]),
        (_altered_body(FIRST, 0), "altered", (1, 1), (FIRST, 1), [(2, 12)]),
        (_altered_body(FIRST, 4), "altered", (5, 5), (FIRST, 5), [(1, 4), (6, 12)]),
        (_altered_body(CURRENT, 1), "altered", (12, 12), (CURRENT, 2), [(1, 11)]),
        (_altered_previous(FIRST, 2), "altered", (3, 3), (FIRST, 3), [(1, 2), (4, 12)]),
        (_altered_previous(SECOND, 0), "altered", (6, 6), (SECOND, 1), [(1, 5), (7, 12)]),
        (_altered_previous(CURRENT, 1), "altered", (12, 12), (CURRENT, 2), [(1, 11)]),
        (_renumbered, "altered", (3, 3), (FIRST, 3), [(1, 2), (4, 12)]),
        (_line_end_removed, "altered", (3, 3), (FIRST, 3), [(1, 12)]),
        (_cut(FIRST, 1), "altered", (5, 5), (FIRST, 5), [(1, 12)]),
        (_cut(FIRST, 9), "altered", (5, 5), (FIRST, 5), [(1, 4), (6, 12)]),
        (_removed(FIRST, 2), "missing", (3, 3), (FIRST, 3), [(1, 1), (4, 12)]),
        (_removed(FIRST, 2, 3), "missing", (3, 4), (FIRST, 3), [(1, 1), (5, 12)]),
        (_removed(FIRST, 4), "missing", (5, 5), (SECOND, 1), [(1, 4), (6, 12)]),
        (_removed(FIRST, 0), "missing", (1, 1), (FIRST, 1), [(2, 12)]),
        (_removed(CURRENT, 1), "missing", (12, 12), (CURRENT, 1), [(1, 10)]),
        (_removed(CURRENT, 0, 1), "missing", (11, 12), (SECOND, 5), [(1, 9)]),
        (_file_removed(FIRST), "missing", (1, 5), (SECOND, 1), [(6, 12)]),
        (_file_removed(SECOND), "missing", (6, 10), (CURRENT, 1), [(1, 5), (11, 12)]),
        (_file_removed(CURRENT), "missing", (11, 12), (SECOND, 5), [(1, 9)]),
        (_all_removed, "missing", (1, 12), None, []),
        (_swapped((FIRST, 1), (FIRST, 2)), "out of order", (2, 3), (FIRST, 2), [(1, 12)]),
        (_swapped((FIRST, 1), (FIRST, 3)), "out of order", (2, 4), (FIRST, 2), [(1, 12)]),
        (_swapped((FIRST, 1), (CURRENT, 1)), "out of order", (2, 12), (FIRST, 2), [(1, 12)]),
        (_swapped((FIRST, 0), (FIRST, 1)), "out of order", (1, 2), (FIRST, 1), [(1, 12)]),
        (_files_swapped, "out of order", (1, 10), (FIRST, 1), [(1, 12)]),
        (_cut(CURRENT, 1), "cut off", (12, 12), (CURRENT, 2), [(1, 11)]),
        (_cut(CURRENT, 900), "cut off", (12, 12), (CURRENT, 2), [(1, 11)]),
        (_inserted(FIRST, 2, lambda _: b"\n"), "not a record", None, (FIRST, 3), [(1, 12)]),
        (_inserted(FIRST, 0, lambda _: b"{}\n"), "not a record", None, (FIRST, 1), [(1, 12)]),
        (_inserted(CURRENT, 2, lambda _: b"once more\n"), "not a record", None, (CURRENT, 3), [(1, 12)]),
        (_inserted(SECOND, 1, lambda t: t.lines(FIRST)[1]), "duplicate", (2, 2), (SECOND, 2), [(1, 12)]),
        (_inserted(FIRST, 2, lambda t: t.lines(FIRST)[1]), "duplicate", (2, 2), (FIRST, 3), [(1, 12)]),
        (_inserted(FIRST, 2, lambda t: t.forge(t.link(1))), "duplicate", (2, 2), (FIRST, 3), [(1, 12)]),
        (_inserted(FIRST, 1, lambda t: t.forge(t.link(1))), "duplicate", (2, 2), (FIRST, 2), [(1, 12)]),
        (_inserted(FIRST, 2, lambda t: t.forge(t.link(9), worker=3)), "foreign", None, (FIRST, 3), [(1, 12)]),
    ],
)
def test_what_was_done_is_named_with_its_record_and_its_place(
    trail: Trail,
    tamper: Callable[[Trail], None],
    kind: str,
    records: tuple[int, int] | None,
    place: tuple[str, int] | None,
    sound: list[tuple[int, int]],
) -> None:
    tamper(trail)

    chain = trail.chain()

    (problem,) = chain.verdict.problems
    assert not chain.sound
    assert (problem.kind, problem.records, problem.place) == (kind, records, place), problem.text
    assert holds(chain) == sound


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (_swapped((FIRST, 1), (FIRST, 2)), "records are out of order: here stands record 3, then record 2"),
        (
            _swapped((FIRST, 1), (SECOND, 0)),
            "records are out of order: here stands record 6, then records 3 to 5, then record 2",
        ),
        (_files_swapped, "records are out of order: here stands records 6 to 10, then records 1 to 5"),
        (_removed(FIRST, 2), "record 3 is missing, and so nothing vouches for record 2"),
        (_file_removed(SECOND), f"records 6 to 10 are missing: the segment between {FIRST} and {CURRENT} is gone"),
        (_file_removed(FIRST), "records 1 to 5 are missing at the beginning: retention has removed none"),
        (_file_removed(CURRENT), "records 11 to 12 are missing at the end: the anchor names record 12 as the last"),
        (_renumbered, "record 3 is altered: its line says that it is record 7"),
        (_line_end_removed, "record 3 is altered: the end of its line is gone"),
        (_cut(CURRENT, 9), "record 12 is cut off: it had been written whole, and now has no line's end"),
    ],
)
def test_what_was_done_is_said_in_words(trail: Trail, tamper: Callable[[Trail], None], words: str) -> None:
    tamper(trail)

    (problem,) = trail.chain().verdict.problems

    assert problem.text == words


def test_of_several_things_each_is_named_in_the_chain_s_order(trail: Trail) -> None:
    _altered_body(CURRENT, 0)(trail)
    _removed(SECOND, 2)(trail)
    _altered_body(FIRST, 1)(trail)

    chain = trail.chain()

    assert [(each.kind, each.records) for each in chain.verdict.problems] == [
        ("altered", (2, 2)),
        ("missing", (8, 8)),
        ("altered", (11, 11)),
    ]
    assert holds(chain) == [(1, 1), (3, 6), (9, 10), (12, 12)]


def test_of_two_altered_records_in_a_row_both_are_named(trail: Trail) -> None:
    _altered_body(FIRST, 1)(trail)
    _altered_body(FIRST, 2)(trail)

    assert [each.records for each in trail.chain().verdict.problems] == [(2, 2), (3, 3)]


def test_a_cut_through_an_earlier_record_names_that_one_and_all_behind_it(trail: Trail) -> None:
    _cut(CURRENT, len(trail.lines(CURRENT)[1]) + 100)(trail)

    assert [(each.kind, each.records) for each in trail.chain().verdict.problems] == [
        ("cut off", (11, 11)),
        ("missing", (12, 12)),
    ]


def test_lines_that_were_made_illegible_are_the_records_that_should_stand_there(trail: Trail) -> None:
    lines = trail.lines(FIRST)
    trail.write(FIRST, [lines[0], b"\0" * 40 + b"\n", b"?\n", b"\n", *lines[3:]])

    problems = trail.chain().verdict.problems

    assert [(each.kind, each.records, each.place) for each in problems] == [
        ("altered", (2, 3), (FIRST, 2)),
        ("not a record", None, (FIRST, 4)),
    ]


def test_a_rewritten_record_that_the_next_was_made_to_fit_shows_where_the_rewriting_ends(trail: Trail) -> None:
    lines = trail.lines(FIRST)
    lines[1] = lines[1].replace(b'"status":200', b'"status":404')
    lines[2] = lines[2].replace(trail.link(2).digest.encode(), digest(lines[1][:-1]).encode())
    trail.write(FIRST, lines)

    (problem,) = trail.chain().verdict.problems

    assert (problem.kind, problem.records) == ("altered", (3, 3))


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_one_changed_byte_names_the_record_that_it_is_in(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    layout = Layout(tmp_path_factory.mktemp("journal") / "journal.jsonl")
    small = [{"gap": None, "status": 200 + n, "text": "a"} for n in range(5)]
    trails.write(layout, small, segment=data.draw(st.sampled_from([2, 3, 5])))
    files = [segment.path for segment in layout.segments(0)]
    path = data.draw(st.sampled_from(files))
    before = path.read_bytes()
    position = data.draw(st.integers(0, len(before) - 1))
    value = data.draw(st.one_of(st.integers(0, 255), st.sampled_from(b'\n{}"0123456789abcdef,:')))
    path.write_bytes(before[:position] + bytes([value]) + before[position + 1 :])
    earlier = sum(file.read_bytes().count(b"\n") for file in files[: files.index(path)])
    changed = earlier + before[:position].count(b"\n") + 1

    report = verify(layout)

    assert report.sound is (before[position] == value)
    if not report.sound:
        first = report.chains[0].verdict.problems[0]
        assert first.records == (changed, changed), report.json()
        assert first.kind in {"altered", "cut off"}
        assert all(changed not in range(first, last + 1) for first, last in report.chains[0].verdict.holds) or (
            before[position : position + 1] == b"\n"
        )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_bytes_a_journal_holds_verifying_it_ends_in_a_verdict(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    layout = Layout(tmp_path_factory.mktemp("journal") / "journal.jsonl")
    links = trails.write(layout, map(trails.facts, range(1, 7)), segment=3)
    lines = b"".join(segment.path.read_bytes() for segment in layout.segments(0)).splitlines(keepends=True)
    pieces = st.one_of(st.sampled_from(lines), st.binary(max_size=30), st.sampled_from([b"\n", lines[2][:100]]))
    for segment in layout.segments(0):
        segment.path.write_bytes(b"".join(data.draw(st.lists(pieces, max_size=8))))
    whole = b"".join(segment.path.read_bytes() for segment in layout.segments(0))

    report = verify(layout)

    assert report.sound is (whole == b"".join(lines)) or report.chains[0].verdict.torn is not None
    json.dumps(report.json())
    assert len(links) == 6


def test_a_torn_last_line_behind_the_anchor_s_record_is_named_and_nothing_wrong(trail: Trail) -> None:
    path = trail.layout.current(0)
    path.write_bytes(path.read_bytes() + trail.forge(trail.link(12))[:700])

    chain = trail.chain()

    assert chain.sound
    assert chain.verdict.torn is not None
    assert (chain.verdict.torn.kind, chain.verdict.torn.records) == ("torn", (13, 13))
    assert chain.verdict.torn.place == (CURRENT, 3)
    assert chain.verdict.torn.text.startswith("record 13 is torn after 700 bytes")
    assert holds(chain) == [(1, 12)]


def test_records_behind_the_one_that_the_anchor_names_are_as_a_crash_leaves_them(trail: Trail) -> None:
    trail.anchor(head=trail.link(10))

    assert trail.chain().sound


def test_an_unfinished_record_behind_those_is_torn_too(trail: Trail) -> None:
    trail.anchor(head=trail.link(10))
    _cut(CURRENT, 1)(trail)

    chain = trail.chain()

    assert chain.sound
    assert chain.verdict.torn is not None
    assert chain.verdict.torn.records == (12, 12)


def test_a_fragment_is_torn_in_a_closed_segment_too_where_no_other_was_begun(trail: Trail) -> None:
    (trail.layout.folder / CURRENT).unlink()
    path = trail.layout.folder / SECOND
    path.write_bytes(path.read_bytes() + trail.forge(trail.link(10))[:700])
    trail.anchor(head=trail.link(10))

    chain = trail.chain()

    assert (chain.sound, chain.records) == (True, 10)
    assert chain.verdict.torn is not None
    assert (chain.verdict.torn.records, chain.verdict.torn.place) == ((11, 11), (SECOND, 6))


@pytest.mark.parametrize(("name", "last"), [(FIRST, 5), (SECOND, 10)])
def test_a_fragment_in_a_closed_segment_that_another_follows_is_no_crash_s(trail: Trail, name: str, last: int) -> None:
    trail.write(name, [*trail.lines(name), trail.forge(trail.link(last))[:700]])

    chain = trail.chain()

    assert (chain.sound, chain.verdict.torn) == (False, None)
    assert chain.verdict.problems[0].place == (name, 6)


@pytest.mark.parametrize("sequence", [11, 12])
@pytest.mark.parametrize("true_one_first", [True, False])
def test_where_the_anchor_s_record_is_there_twice_once_altered_the_anchor_is_right(
    trail: Trail, sequence: int, true_one_first: bool
) -> None:
    trail.anchor(head=trail.link(sequence))
    lines, place = trail.lines(CURRENT), sequence - 11
    pair = [lines[place], lines[place].replace(b'"status":200', b'"status":404')]
    lines[place : place + 1] = pair if true_one_first else pair[::-1]
    trail.write(CURRENT, lines)

    chain = trail.chain()

    assert [(problem.kind, problem.records) for problem in chain.verdict.problems] == [("duplicate", (sequence,) * 2)]
    assert holds(chain) == [(1, 12)]


def test_a_last_line_that_is_no_json_shows_without_the_anchor_s_word(trail: Trail) -> None:
    trail.anchor(head=trail.link(11))
    trail.change(CURRENT, 1, b'"status":', b'"status"?')

    (problem,) = trail.chain().verdict.problems

    assert (problem.kind, problem.records, problem.place) == ("altered", (12, 12), (CURRENT, 2))


@pytest.mark.parametrize("left", [None, b"", b"head 1 2\n", b"\xff" * 156])
def test_without_an_anchor_cuts_at_the_ends_cannot_be_seen(trail: Trail, left: bytes | None) -> None:
    anchor = trail.layout.anchor(0)
    anchor.unlink() if left is None else anchor.write_bytes(left)

    chain = trail.chain()

    (problem,) = chain.verdict.problems
    assert (problem.kind, problem.records) == ("anchor", None)
    assert "cannot be told" in problem.text
    assert holds(chain) == [(1, 12)]


def test_without_an_anchor_what_is_altered_is_named_all_the_same(trail: Trail) -> None:
    trail.layout.anchor(0).unlink()
    _altered_body(FIRST, 2)(trail)
    _file_removed(SECOND)(trail)

    kinds = [(each.kind, each.records) for each in trail.chain().verdict.problems]

    assert kinds == [("anchor", None), ("altered", (3, 3)), ("missing", (6, 10))]


@pytest.mark.parametrize(("word", "sequence"), [("head", 12), ("head", 8), ("base", 3)])
def test_an_anchor_that_names_another_record_does_not_pass(trail: Trail, word: str, sequence: int) -> None:
    trail.anchor(**{word: Link(sequence, "a" * 64)})

    (problem,) = trail.chain().verdict.problems

    expected = "altered" if sequence == LAST else "anchor"  # what is last, only the anchor vouches for
    assert problem.kind == expected


def test_what_retention_has_removed_is_not_missing(trail: Trail) -> None:
    trail.anchor(base=trail.link(5))
    _file_removed(FIRST)(trail)

    chain = trail.chain()

    assert (chain.sound, chain.records, chain.removed, chain.verdict.first) == (True, 7, 5, 6)


def test_what_retention_is_just_about_to_remove_is_not_wrong(trail: Trail) -> None:
    trail.anchor(base=trail.link(5))

    assert trail.chain().sound


def test_more_removed_at_the_beginning_than_by_retention_is_missing(trail: Trail) -> None:
    trail.anchor(base=trail.link(5))
    _file_removed(FIRST)(trail)
    _removed(SECOND, 0)(trail)

    (problem,) = trail.chain().verdict.problems

    assert (problem.kind, problem.records, problem.place) == ("missing", (6, 6), (SECOND, 1))
    assert problem.text.endswith("retention has removed those up to record 5")


def test_a_beginning_that_does_not_follow_what_retention_removed_does_not_pass(trail: Trail) -> None:
    trail.anchor(base=Link(5, "a" * 64))
    _file_removed(FIRST)(trail)

    (problem,) = trail.chain().verdict.problems

    assert problem.kind == "anchor"


def test_all_that_there_was_removed_by_retention_is_sound(trail: Trail) -> None:
    trail.anchor(base=trail.link(12))
    _all_removed(trail)

    assert trail.chain().sound


def test_a_segment_by_another_name_is_named(trail: Trail) -> None:
    (trail.layout.folder / FIRST).rename(trail.layout.folder / "journal.000000000002.jsonl")

    (problem,) = trail.chain().verdict.problems

    assert (problem.kind, problem.records) == ("misnamed", (1, 1))


def test_a_file_that_cannot_be_read_is_named(trail: Trail) -> None:
    (trail.layout.folder / SECOND).unlink()
    (trail.layout.folder / SECOND).mkdir()

    kinds = [each.kind for each in trail.chain().verdict.problems]

    assert kinds == ["missing", "unreadable"]


def test_each_worker_s_chain_is_verified_by_itself(trail: Trail) -> None:
    trails.write(trail.layout, map(trails.facts, range(1, 5)), worker=2)
    other = trail.layout.current(2)
    other.write_bytes(other.read_bytes().replace(b'"status":200', b'"status":201', 1))

    report = verify(trail.layout)

    assert not report.sound
    assert [(chain.worker, chain.sound) for chain in report.chains] == [(0, True), (2, False)]
    assert report.chains[1].verdict.problems[0].place == ("journal.w2.jsonl", 1)


def test_another_worker_s_file_in_place_of_ours_is_foreign_and_ours_missing(trail: Trail) -> None:
    trails.write(trail.layout, map(trails.facts, range(1, 13)), worker=1, segment=5)
    for name in (FIRST, SECOND, CURRENT):
        trail.write(name, trail.lines(name.replace("journal", "journal.w1")))

    kinds = [(each.kind, each.records) for each in verify(trail.layout).chains[0].verdict.problems]

    assert kinds == [("foreign", None), ("missing", (1, 12))]


def test_gaps_that_the_records_tell_of_are_summed_up_and_nothing_wrong(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    gaps = [None, {"torn_bytes": 700, "unrecorded": 0}, None, {"torn_bytes": 0, "unrecorded": 41}]
    trails.write(layout, [trails.facts(n, gap=gap) for n, gap in enumerate(gaps, start=1)])

    (chain,) = verify(layout).chains

    assert chain.sound
    assert chain.json()["gaps"] == {"records": 2, "torn_bytes": 700, "unrecorded": 41}


def test_a_file_that_is_one_endless_line_does_not_fill_the_memory(trail: Trail) -> None:
    with trail.layout.current(0).open("r+b") as file:
        file.truncate(1 << 28)  # sparse

    tracemalloc.start()
    chain = trail.chain()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 1 << 26
    assert chain.sound
    assert chain.verdict.torn is not None
    assert "is torn after 268,4" in chain.verdict.torn.text


def test_a_record_longer_than_what_is_looked_at_whole_is_verified_as_any(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    trails.write(layout, [trails.facts(n, token="t" * (9 << 20 if n == 2 else 9)) for n in (1, 2, 3)])
    assert verify(layout).sound
    path = layout.current(0)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + b"u" + whole[len(whole) // 2 + 1 :])

    (problem,) = verify(layout).chains[0].verdict.problems

    assert (problem.kind, problem.records, problem.place) == ("altered", (2, 2), ("journal.jsonl", 2))


def test_a_journal_in_too_many_pieces_is_given_up_and_a_report_names_a_hundred_problems(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    trails.write(layout, ({"gap": None, "n": n} for n in range(12_000)))
    path = layout.current(0)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    chain = verify(layout).chains[0]

    assert chain.verdict.problems[0].records == (1, 1)
    assert chain.verdict.problems[-1].kind == "given up"
    told = chain.json()
    assert len(told["problems"]) == 100
    assert told["problems_not_named"] == len(chain.verdict.problems) - 100


def test_nothing_at_all_is_not_sound(tmp_path: Path) -> None:
    report = verify(Layout(tmp_path / "none" / "journal.jsonl"))

    assert (report.sound, report.chains) == (False, ())


def test_the_anchor_of_these_tests_is_one(trail: Trail) -> None:
    assert read_anchor(trail.layout.anchor(0)) == (trail.link(12), GENESIS)
