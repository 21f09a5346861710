"""`audit advise`: the report for people, what it says where there is nothing, and how it fails."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from support import setup, trails

from ssp_emulator.audit.layout import Layout
from ssp_emulator.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NEVER = """\
Not looked at:
- Whether the Spine Directory Service was asked: its calls do not say which system makes them.
- Retries of requests with a body: their heads do not tell whether two of them ask for the same thing.
- Requests of senders that are not in the registry, and OPTIONS, which the proxy answers itself.
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "journal.jsonl")


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    path = tmp_path / "emulator.yaml"
    path.write_text("audit: {journal: journal.jsonl}\n")
    return lambda *arguments: CliRunner().invoke(cli, ["audit", "advise", "--config", str(path), *arguments])


def advised(number: int, *advisories: tuple[str, str], **changes: Any) -> dict[str, Any]:
    return trails.facts(
        number, advisories=[{"advisory": name, "found": found} for name, found in advisories], **changes
    )


def test_the_report_says_what_was_found_what_to_do_and_who_wants_it_so(
    layout: Layout, run: Callable[..., Result]
) -> None:
    trails.write(
        layout, [advised(1), advised(2, ("host-port", "Host: a:443")), advised(3, ("host-port", "Host: b:443"))]
    )

    told = run()

    assert (told.exit_code, told.stderr) == (0, "")
    assert (
        told.stdout
        == f"""\
{setup.CONSUMER} of A1001: 3 exchanges, 2026-03-04T12:00:00.010Z to 2026-03-04T12:00:00.030Z

  Host has :443 after the proxy's name (host-port)
    Seen       2 times, 2026-03-04T12:00:00.020Z to 2026-03-04T12:00:00.030Z
    Found      Host: b:443
    Do         Leave the port out of Host where it is 443, the default of https.
    Wanted by  good practice: RFC 3986, 3.2.3: Port
               https://www.rfc-editor.org/rfc/rfc3986#section-3.2.3
    Trace IDs  {trails.trace_id(3)}
               {trails.trace_id(2)}

{NEVER}"""
    )


def test_where_there_is_nothing_to_advise_it_says_on_how_many_exchanges_that_rests(
    layout: Layout, run: Callable[..., Result]
) -> None:
    trails.write(layout, [advised(1)])
    told = run("--from", setup.CONSUMER)
    assert told.exit_code == 0
    assert told.stdout == (
        f"{setup.CONSUMER} of A1001: 1 exchange, 2026-03-04T12:00:00.010Z to 2026-03-04T12:00:00.010Z\n\n"
        f"  Nothing to advise.\n\n{NEVER}"
    )


@pytest.mark.parametrize(
    ("arguments", "whose"), [((), "a sender that is in the registry"), (("--from", "299999999999"), "299999999999")]
)
def test_where_nobody_has_asked_it_says_so(
    layout: Layout, run: Callable[..., Result], arguments: tuple[str, ...], whose: str
) -> None:
    trails.write(layout, [advised(1, **{"from": {"asid": None, "ods": None}})])
    told = run(*arguments)
    assert told.exit_code == 0
    assert told.stdout == f"There is no request from {whose} in the trail, so there is nothing to advise.\n\n{NEVER}"


def test_nothing_that_a_consumer_sent_moves_the_cursor(layout: Layout, run: Callable[..., Result]) -> None:
    trails.write(layout, [advised(1, ("host-port", "Host: \x1b[2J\u202e\n:443"))])
    assert "Host: \\x1b[2J\\u202e\\n:443" in run().stdout


def test_a_name_that_this_release_does_not_know_is_shown(layout: Layout, run: Callable[..., Result]) -> None:
    trails.write(layout, [advised(1, ("of-old", "something"))])
    told = run()
    assert re.search(r"an advisory that this release does not know \(of-old\)\n +Seen +1 time, ", told.stdout)


def test_programs_get_json(layout: Layout, run: Callable[..., Result]) -> None:
    trails.write(layout, [advised(1, ("host-port", "Host: a:443"))])
    told = json.loads(run("--json").stdout)
    assert list(told) == ["senders", "not_covered", "records"]
    assert told["senders"][0]["advisories"][0]["advisory"] == "host-port"
    assert told["records"] == {"kept": 1, "removed": 0, "behind": 0}


@pytest.mark.parametrize("asid", ["", "x", "1\n", "123456789012345678901", "-1"])
def test_what_is_no_asid_is_bad_usage(layout: Layout, run: Callable[..., Result], asid: str) -> None:
    trails.write(layout, [advised(1)])
    told = run(f"--from={asid}")
    assert told.exit_code == 2
    assert "should be an ASID, which is digits, found" in told.stderr


def test_without_a_journal_it_fails_and_leaves_nothing_behind(layout: Layout, run: Callable[..., Result]) -> None:
    told = run()
    assert told.exit_code != 0
    assert "there is none yet" in str(told.exception)
    assert [each.name for each in layout.folder.iterdir()] == ["emulator.yaml"]
