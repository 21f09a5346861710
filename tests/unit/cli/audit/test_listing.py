from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from support import trails

from ssp_emulator.audit.anchor import Anchor
from ssp_emulator.audit.explaining import explain
from ssp_emulator.audit.layout import Layout
from ssp_emulator.cli.audit import audit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    made = Layout(tmp_path / "audit" / "journal.jsonl")
    monkeypatch.setattr("ssp_emulator.cli.audit.listing.journal_of", lambda _: made.journal)
    return made


def ours(*arguments: str) -> Result:
    return CliRunner().invoke(audit, ["list", *arguments], catch_exceptions=False)


def test_for_people_the_newest_is_the_last(layout: Layout) -> None:
    trails.write(layout, [trails.facts(1), trails.facts(2, status=502), trails.facts(3, method="\x1b[31m")])
    listed = ours("--limit", "2")
    lines = listed.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["Time", "2026-03-04T12:00:00.020Z", "2026-03-04T12:00:00.030Z"]
    assert "  502" in lines[1]
    assert "\\x1b[31m" in lines[2]
    assert listed.stderr == ""


def test_for_programs_it_is_what_the_api_says(layout: Layout) -> None:
    links = trails.write(layout, [trails.facts(n) for n in (1, 2, 3)])
    with layout.anchor(0).open("r+b") as file:
        Anchor(file.fileno()).set_base(links[0])
    listed = ours("--json", "--limit", "1", "--count")
    answer = json.loads(listed.stdout)
    (record,) = answer["exchanges"]
    explanation = record.pop("explanation")
    assert {**answer, "exchanges": [record["sequence"]]} == {
        "exchanges": [3],
        "next": answer["next"],
        "records": {"kept": 2, "removed": 1, "behind": 0},
        "matching": 2,
    }
    assert explanation == explain(record).json()
    assert listed.stderr == "Retention has removed 1 older records.\n"
    behind = json.loads(ours("--json", "--after", answer["next"]).stdout)
    assert [each["sequence"] for each in behind["exchanges"]] == [2]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--status", "5xx"], [2]),
        (["--from", "nobody"], []),
        (["--since", "1d"], []),
        (["--since", "2026-03-04T12:00:00.020Z", "--method", "GET"], [3, 2]),
        (["--trace-id", trails.trace_id(1).upper()], [1]),
    ],
)
def test_requests_are_found_by_what_is_asked(layout: Layout, options: list[str], found: list[int]) -> None:
    trails.write(layout, [trails.facts(1), trails.facts(2, status=502), trails.facts(3)])
    listed = json.loads(ours("--json", *options).stdout)
    assert [record["sequence"] for record in listed["exchanges"]] == found


def test_all_that_match_are_counted_where_that_is_asked(layout: Layout) -> None:
    trails.write(layout, [trails.facts(n) for n in (1, 2, 3)])
    assert ours("--count", "--limit", "1").stdout.splitlines()[-1] == "3 match."


def test_a_wrong_option_is_bad_usage(layout: Layout) -> None:
    ended = ours("--status", "bad")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert (
        ended.stderr == "error: --status should be a status, as in 502, or 5xx for all from 500 to 599, found 'bad'\n"
    )
