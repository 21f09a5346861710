"""`audit show`, on trails that no emulator wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from support import trails

from ssp_emulator.audit.anchor import Anchor
from ssp_emulator.audit.chain import GENESIS, Link
from ssp_emulator.audit.layout import Layout
from ssp_emulator.cli.audit import audit
from ssp_emulator.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

TRACE_ID = trails.trace_id(7)
ANSWERED_404 = {**trails.facts()["provider"], "status": 404}
REFUSED = {"denial": {"reason": "fot-check-failed", "text": "FOT"}, "status": 403, "provider": None}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "emulator.yaml").write_text("audit: {journal: audit/journal.jsonl}\n")
    return Layout(tmp_path / "audit" / "journal.jsonl")


def show(layout: Layout, trace_id: str, *options: str) -> Result:
    config = str(layout.folder.parent / "emulator.yaml")
    return CliRunner().invoke(audit, ["show", trace_id, "--config", config, *options], catch_exceptions=True)


def retried(layout: Layout) -> None:
    """A trace of three requests among others, the last of them of another worker."""
    same = {"trace_id": TRACE_ID}
    first = [trails.facts(1), trails.facts(2, **same, **REFUSED), trails.facts(3), trails.facts(9, **same)]
    trails.write(layout, first, segment=2)
    trails.write(layout, [trails.facts(5, **same, status=404, provider=ANSWERED_404)], worker=1)


def removed(layout: Layout, records: int) -> None:
    """Say that retention has removed so many records of worker 0, as many as its first segment has."""
    layout.closed(0, 1).unlink()
    anchor = layout.anchor(0)
    with anchor.open("r+b") as file:
        Anchor(file.fileno()).set_base(Link(records, GENESIS.digest))


def test_all_exchanges_of_a_trace_are_shown_in_their_order(layout: Layout) -> None:
    retried(layout)

    shown = show(layout, TRACE_ID.upper())

    assert (shown.exit_code, shown.stderr) == (0, "")
    headings = [line for line in shown.stdout.splitlines() if " of 3, at " in line]
    assert headings == [
        "1 of 3, at 2026-03-04T12:00:00.020Z",
        "2 of 3, at 2026-03-04T12:00:00.050Z",
        "3 of 3, at 2026-03-04T12:00:00.090Z",
    ]
    sentences = [line for line in shown.stdout.splitlines() if " asked " in line]
    assert ["refused with 403" in sentences[0], "answered 404" in sentences[1], "answered 200" in sentences[2]] == [
        True,
        True,
        True,
    ]
    assert shown.stdout.count("What to change: Ask for a data sharing agreement from ") == 1
    assert layout.index.exists()


def test_one_exchange_needs_no_number(layout: Layout) -> None:
    retried(layout)

    assert " of 1" not in show(layout, trails.trace_id(1)).stdout


def test_for_programs_it_is_what_the_api_answers(layout: Layout) -> None:
    retried(layout)

    told = json.loads(show(layout, TRACE_ID, "--json").stdout)

    assert set(told) == {"trace_id", "exchanges", "more", "records"}
    assert told["more"] is False
    assert told["trace_id"] == TRACE_ID
    assert told["records"] == {"kept": 5, "removed": 0, "behind": 0}
    assert [(each["worker"], each["sequence"]) for each in told["exchanges"]] == [(0, 2), (1, 1), (0, 4)]
    explanations = [each["explanation"] for each in told["exchanges"]]
    assert set(explanations[0]) == {"summary", "remedy", "page"}
    assert explanations[0]["remedy"].startswith("Ask for a data sharing agreement")
    assert set(explanations[0]["page"]) == {"title", "url"}
    assert (explanations[2]["remedy"], explanations[2]["page"]) == (None, None)


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_what_retention_has_removed_is_said_beside_it(layout: Layout, as_json: list[str]) -> None:
    retried(layout)
    removed(layout, 2)

    shown = show(layout, TRACE_ID, *as_json)

    assert (shown.exit_code, shown.stderr) == (0, "The trace may have had more: retention has removed 2 records.\n")
    assert "removed" not in shown.stdout or json.loads(shown.stdout)["records"]["removed"] == 2


@pytest.mark.parametrize(("gone", "said"), [(0, "retention has removed none"), (2, "retention has removed 2 records")])
def test_a_trace_that_is_not_there_fails_and_says_whether_it_may_have_been(
    layout: Layout, gone: int, said: str
) -> None:
    retried(layout)
    if gone:
        removed(layout, gone)

    shown = show(layout, "no\x1bwhere")

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr == f"error: no request with the trace ID no\\x1bwhere is in {layout.journal}; {said}\n"


@pytest.mark.parametrize("gone", [0, 2])
def test_an_index_that_cannot_be_used_is_done_without(layout: Layout, gone: int) -> None:
    retried(layout)
    if gone:
        removed(layout, gone)
    layout.index.mkdir()

    told = json.loads(show(layout, TRACE_ID.upper(), "--json").stdout)

    assert told["records"] == {"kept": 5 - gone, "removed": gone, "behind": 0}
    places = [(0, 2), (1, 1), (0, 4)] if not gone else [(1, 1), (0, 4)]
    assert [(each["worker"], each["sequence"]) for each in told["exchanges"]] == places


def test_a_trail_that_is_not_there_is_a_wrong_configuration_and_gets_no_index(layout: Layout) -> None:
    layout.folder.mkdir()

    for _ in range(2):
        shown = show(layout, TRACE_ID)

        assert isinstance(shown.exception, SetupError)
        assert "there is none yet" in str(shown.exception)
        assert list(layout.folder.iterdir()) == []
