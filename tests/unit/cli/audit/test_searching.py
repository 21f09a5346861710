from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import trails

from ssp_emulator.audit.anchor import Anchor
from ssp_emulator.audit.index import Index, SlowError, Standing
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.question import Question
from ssp_emulator.audit.reading import JournalError
from ssp_emulator.cli.audit import searching
from ssp_emulator.cli.audit.searching import read_through, search

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "audit" / "journal.jsonl")


def write(layout: Layout) -> None:
    """Write two chains, of which one says that retention has removed its first record."""
    trails.write(layout, [trails.facts(n, status=200 + n % 2) for n in range(1, 10)], segment=4)
    trails.write(layout, [trails.facts(n, status=200 + n % 2) for n in range(4, 8)], worker=1)
    links = trails.write(layout, [trails.facts(n) for n in (20, 21, 22)], worker=2)
    lines = layout.current(2).read_bytes().splitlines(keepends=True)
    layout.current(2).write_bytes(b"".join(lines[1:]))
    with layout.anchor(2).open("r+b") as file:
        Anchor(file.fileno()).set_base(links[0])


@pytest.mark.parametrize(
    "question", [Question(), Question(status=(201, 201), count=True), Question(limit=3), Question(text="binary/5")]
)
def test_without_an_index_the_answer_is_the_same(layout: Layout, question: Question) -> None:
    write(layout)
    while True:
        page = read_through(layout, question)
        assert page == search(layout, question)
        assert page.standing == Standing(15, 1, 0)
        if page.next is None:
            break
        question = Question(**{**_fields(question), "after": page.next})


def _fields(question: Question) -> dict[str, object]:
    return {name: getattr(question, name) for name in Question.__dataclass_fields__}


def test_where_there_can_be_no_index_the_journal_is_read(layout: Layout) -> None:
    write(layout)
    layout.index.mkdir()
    assert len(search(layout, Question()).records) == 15


def test_where_there_is_no_journal_it_is_said(layout: Layout) -> None:
    with pytest.raises(JournalError, match="cannot be read: there is none yet"):
        search(layout, Question())
    assert not layout.folder.exists()


def test_a_search_that_takes_too_long_ends_the_command(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def slow(index: Index, question: Question) -> None:
        raise SlowError

    trails.write(layout, [trails.facts(1)])
    monkeypatch.setattr(Index, "search", slow)
    with pytest.raises(SystemExit) as ended:
        search(layout, Question())
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "error: the search took too long and was given up; narrow it, as by --since or --from\n"
    )


@pytest.mark.parametrize(("on_a_terminal", "bar"), [(True, True), (False, False)])
def test_a_bar_shows_how_far_the_index_is(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], on_a_terminal: bool, bar: bool
) -> None:
    trails.write(layout, [trails.facts(n) for n in range(1, 6)])
    monkeypatch.setattr(searching, "_MANY", 5)
    monkeypatch.setattr("sys.stderr.isatty", lambda: on_a_terminal)
    assert len(search(layout, Question()).records) == 5
    assert ("Indexing the journal" in capsys.readouterr().err) is bar
