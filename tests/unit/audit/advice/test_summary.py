"""The summary of a whole trail: by sender, by advisory, and what only the whole shows; and what it does not cover."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support import setup, trails

from ssp_emulator.audit.advice import CATALOGUE
from ssp_emulator.audit.advice.summary import Summary, summarise
from ssp_emulator.audit.anchor import Anchor
from ssp_emulator.audit.chain import Link
from ssp_emulator.audit.index import Index
from ssp_emulator.audit.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

    Record = dict[str, Any]

OTHER = {"asid": setup.OTHER_CONSUMER, "ods": "A1001"}
ACCEPT, VERSION = "accept-missing", "trace-id-version"
ALWAYS = 3  # sentences on what is never looked at


def record(
    number: int, *advisories: tuple[str, str], nth: int = 2, after_s: float | None = None, **changes: Any
) -> Record:
    """A record; `after_s` is its time in seconds after the first, `nth` which request on its connection it is."""
    made = trails.facts(number, **changes)
    made["client"] = {**made["client"], "request": nth}
    made["advisories"] = [{"advisory": name, "found": found} for name, found in advisories]
    if after_s is not None:
        made["time"] = time(after_s)
    return made


def time(after_s: float) -> str:
    moment = trails.BEGAN + timedelta(seconds=after_s)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "audit" / "journal.jsonl")


def summed_up(layout: Layout, records: list[Record], sender: str | None = None) -> Summary:
    trails.write(layout, records)
    with Index(layout) as index:
        index.catch_up()
        return summarise(index, sender)


def found(summary: Summary) -> dict[str, list[tuple[str, int]]]:
    """What was found and how often, by the sender's ASID."""
    return {sender.asid: [(each.name, each.count) for each in sender.findings] for sender in summary.senders}


def test_each_advisory_is_counted_for_its_sender(layout: Layout) -> None:
    records = [
        record(1, (VERSION, "a"), (ACCEPT, "b")),
        record(2),
        record(3, (ACCEPT, "c")),
        record(4, (ACCEPT, "d"), **{"from": OTHER}),
    ]
    summary = summed_up(layout, records)

    assert found(summary) == {
        setup.CONSUMER: [(VERSION, 1), (ACCEPT, 2)],
        setup.OTHER_CONSUMER: [(ACCEPT, 1)],
    }
    first, second = summary.senders
    assert (first.ods, first.exchanges, first.first, first.last) == ("A1001", 3, time(0.01), time(0.03))
    assert second.exchanges == 1
    accept = first.findings[1]
    assert accept.advice is CATALOGUE[ACCEPT]
    assert (accept.first, accept.last, accept.found) == (time(0.01), time(0.03), "c")
    assert accept.trace_ids == (trails.trace_id(3), trails.trace_id(1))
    assert found(summed_up(layout, records, setup.OTHER_CONSUMER)) == {setup.OTHER_CONSUMER: [(ACCEPT, 1)]}
    assert found(summed_up(layout, records, "299999999999")) == {}


def test_three_examples_are_enough(layout: Layout) -> None:
    summary = summed_up(layout, [record(n, (ACCEPT, "x")) for n in range(1, 10)])
    assert summary.senders[0].findings[0].trace_ids == tuple(trails.trace_id(n) for n in (9, 8, 7))


def test_there_may_be_nothing_to_advise(layout: Layout) -> None:
    summary = summed_up(layout, [record(n, after_s=n) for n in range(1, 50)])
    assert found(summary) == {setup.CONSUMER: []}
    assert summary.senders[0].exchanges == 49


def test_who_is_not_in_the_registry_is_no_sender(layout: Layout) -> None:
    records = [
        record(1, (ACCEPT, "x"), **{"from": {"asid": "299999999999", "ods": None}}),
        record(2, (ACCEPT, "x"), **{"from": {"asid": None, "ods": None}}),
        record(3, (ACCEPT, "x"), denial={"reason": "certificate-error", "text": "SSL_CERTIFICATE_ERROR_FQDN_MISMATCH"}),
    ]
    assert found(summed_up(layout, records)) == {}


def test_an_advisory_that_nobody_knows_any_more_is_counted(layout: Layout) -> None:
    summary = summed_up(layout, [record(1, ("of-an-older-release", "x"), (ACCEPT, "y"))])
    assert found(summary) == {setup.CONSUMER: [(ACCEPT, 1), ("of-an-older-release", 1)]}
    assert summary.senders[0].findings[1].advice is None
    assert summary.json()["senders"][0]["advisories"][1] == {
        "advisory": "of-an-older-release",
        "count": 1,
        "first": time(0.01),
        "last": time(0.01),
        "found": "x",
        "trace_ids": [trails.trace_id(1)],
    }


# What only the whole shows

REPEATED, NOT_REUSED = "trace-id-repeated", "connection-not-reused"


def test_a_trace_id_that_comes_again_after_a_week_is_found(layout: Layout) -> None:
    week_s = 7 * 86400.0
    records = [
        record(1, after_s=0),
        *(record(n, after_s=n) for n in range(2, 9)),
        record(1, after_s=week_s),
        record(2, after_s=week_s + 1),
        record(1, after_s=week_s + 2),
    ]
    summary = summed_up(layout, records)

    assert found(summary) == {setup.CONSUMER: [(REPEATED, 3)]}
    finding = summary.senders[0].findings[0]
    assert finding.found == f"5 requests with 2 trace IDs; {trails.trace_id(1)} in 3 of them"
    assert (finding.first, finding.last) == (time(0), time(week_s + 2))
    assert finding.trace_ids == (trails.trace_id(1), trails.trace_id(2))


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "OPTIONS"},
        {"method": "-"},
        {"trace_id": None},
        {"from": OTHER},
        {"denial": {"reason": "certificate-error", "text": ""}},
    ],
    ids=["OPTIONS", "none", "no trace ID", "another sender's", "somebody else's"],
)
def test_what_is_no_repetition(layout: Layout, changes: Record) -> None:
    records = [record(1), record(1, **changes), record(2, trace_id=None)]
    assert all(REPEATED not in dict(findings) for findings in found(summed_up(layout, records)).values())


def test_what_records_bear_is_not_counted_twice(layout: Layout) -> None:
    summary = summed_up(layout, [record(1), record(1, (REPEATED, "x")), record(2, (REPEATED, "another sender's too"))])
    assert found(summary) == {setup.CONSUMER: [(REPEATED, 2)]}


def test_connections_that_are_never_used_again_are_found(layout: Layout) -> None:
    summary = summed_up(layout, [record(n, nth=1, after_s=n) for n in range(1, 25)])
    assert found(summary) == {setup.CONSUMER: [(NOT_REUSED, 23)]}
    assert summary.senders[0].findings[0].found == "24 requests on as many connections"


@pytest.mark.parametrize(
    ("every_s", "last_nth", "many"),
    [(1.0, 2, 25), (6.0, 1, 25), (0.05, 1, 25), (1.0, 1, 20)],
    ids=["used again once", "too seldom", "at the same time", "too few"],
)
def test_connections_that_say_nothing(layout: Layout, every_s: float, last_nth: int, many: int) -> None:
    records = [record(n, nth=1, after_s=n * every_s) for n in range(1, many)]
    summary = summed_up(layout, [*records, record(many, nth=last_nth, after_s=many * every_s)])
    assert found(summary) == {setup.CONSUMER: []}


# What it does not cover


def test_what_is_never_looked_at_is_said(layout: Layout) -> None:
    summary = summed_up(layout, [record(1)])
    assert len(summary.not_covered) == ALWAYS
    assert (
        summary.not_covered[0]
        == "Whether the Spine Directory Service was asked: its calls do not say which system makes them."
    )
    assert summary.json()["records"] == {"kept": 1, "removed": 0, "behind": 0}


def test_records_that_are_gone_or_not_there_yet_are_said(layout: Layout) -> None:
    links = trails.write(layout, [record(n) for n in range(1, 8)], segment=3)
    layout.closed(0, 1).unlink()
    with layout.anchor(0).open("r+b") as file:
        Anchor(file.fileno()).set_base(Link(3, links[2].digest))
    with Index(layout) as index:
        index.catch_up()
        assert summarise(index).not_covered[ALWAYS:] == ("3 records that retention has removed.",)
        assert summarise(index).senders[0].exchanges == 4
    layout.index.unlink()
    with Index(layout) as index:
        summary = summarise(index)
    assert summary.not_covered[ALWAYS:] == (
        "3 records that retention has removed.",
        "4 records that the index has not taken in yet.",
    )
    assert summary.json()["records"] == {"kept": 4, "removed": 3, "behind": 4}


def test_the_whole_as_json(layout: Layout) -> None:
    (sender,) = summed_up(layout, [record(1, (VERSION, "x, of version 1"))]).json()["senders"]
    advice = CATALOGUE[VERSION]
    assert sender == {
        "asid": setup.CONSUMER,
        "ods": "A1001",
        "exchanges": 1,
        "first": time(0.01),
        "last": time(0.01),
        "advisories": [
            {
                "advisory": VERSION,
                "title": advice.title,
                "remedy": advice.remedy,
                "wanted": "good practice",
                "source": {"title": advice.source.title, "url": "https://www.rfc-editor.org/rfc/rfc9562#section-5.4"},
                "count": 1,
                "first": time(0.01),
                "last": time(0.01),
                "found": "x, of version 1",
                "trace_ids": [trails.trace_id(1)],
            }
        ],
    }
