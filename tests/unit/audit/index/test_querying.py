"""The index finds just what a question matches, whatever stands in the records."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import trails

from ssp_emulator.audit.index import Index
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.question import Question, QuestionError
from ssp_emulator.audit.reading import read

ODD = ["", "a", "A", "ab", "a*b", "a?b", "a[b]", "%", "_", "'", '"; DROP TABLE exchange; --', "ŵ", "Ŵ", "ß", "SS"]
ODD += ["a\0b", "\ud800", "𝄞", "a\nb", "İ", "502", "-"]
TEXTS = st.sampled_from(ODD) | st.text(max_size=3)
OPTIONAL = st.none() | TEXTS
TIMES = st.sampled_from([f"2026-03-04T12:00:0{second}.{ms}Z" for second in range(3) for ms in ("000", "001", "999")])
FAULT = st.builds(lambda rule: {"rule": rule}, TEXTS)
ADVISORY = st.builds(lambda name: {"advisory": name, "found": ""}, TEXTS)
PARTY = st.fixed_dictionaries({"asid": OPTIONAL, "ods": OPTIONAL})
RECORD = st.fixed_dictionaries(
    {
        "time": TIMES,
        "trace_id": OPTIONAL,
        "from": PARTY,
        "to": PARTY,
        "interaction": OPTIONAL,
        "method": TEXTS,
        "target": TEXTS,
        "denial": st.none() | st.fixed_dictionaries({"reason": TEXTS, "text": TEXTS}),
        "faults": st.lists(FAULT, max_size=2),
        "advisories": st.lists(ADVISORY, max_size=2),
        "status": st.none() | st.sampled_from([200, 204, 444, 499, 500, 502]),
        "notes": st.lists(TEXTS, max_size=2),
    }
)
NAMES = ["trace_id", "from", "to", "organisation", "interaction", "method", "refusal", "fault", "advisory", "text"]
GLOBS = TEXTS.map(lambda text: f"*{text}*") | st.sampled_from(["*", "a*", "*b", "a*b", "**", "a**b*"]) | TEXTS
STRINGS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(NAMES, TEXTS),
        "interaction": GLOBS,
        "status": st.sampled_from(["200", "502", "4xx", "5xx"]),
        "since": TIMES,
        "until": TIMES,
        "limit": st.just("1000"),
        "count": st.just("true"),
    },
)
ONE = STRINGS.filter(lambda strings: len(strings) == 1)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RECORD, max_size=12), st.lists(STRINGS | ONE, min_size=1, max_size=20))
def test_the_index_finds_what_the_question_matches(records: list[Any], asked: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder) / "journal.jsonl")
        trails.write(layout, [trails.facts(1, **changes) for changes in records])
        with Index(layout) as index:
            assert index.catch_up() == 0
            for strings in asked:
                try:
                    question = Question.of(strings)
                except QuestionError:
                    assert "" in strings.values()
                    continue
                page = index.search(question)
                matching = [record for record in read(layout.journal) if question.matches(record)]
                expected = sorted(matching, key=lambda each: (each["time"], each["sequence"]), reverse=True)
                limited = expected[: question.limit]
                assert page.records == limited, strings
                assert page.matching == (len(expected) if question.count else None)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RECORD, max_size=12), st.integers(1, 5))
def test_pages_make_up_the_whole(records: list[Any], limit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder) / "journal.jsonl")
        trails.write(layout, [trails.facts(1, **changes) for changes in records[::2]])
        trails.write(layout, [trails.facts(1, **changes) for changes in records[1::2]], worker=3)
        with Index(layout) as index:
            index.catch_up()
            whole = index.search(Question(limit=1000)).records
            pages, after = [], None
            while True:
                page = index.search(Question(limit=limit, after=after))
                assert len(page.records) <= limit
                pages += page.records
                if (after := page.next) is None:
                    break
    assert pages == whole
    assert len(whole) == len(records)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("a[b]", ["a[b]"]), ("a?b", ["a?b"]), ("a*b", ["a?b", "ab", "axb"]), ("A*", []), ("*[*", ["a[b]"]), ("a]", [])],
)
def test_only_a_star_is_a_pattern(tmp_path: Path, pattern: str, found: list[str]) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    interactions = ("ab", "a[b]", "a?b", "axb")
    trails.write(layout, [trails.facts(n, interaction=each) for n, each in enumerate(interactions)])
    with Index(layout) as index:
        index.catch_up()
        records = index.search(Question.of({"interaction": pattern})).records
    assert sorted(record["interaction"] for record in records) == found


@pytest.mark.parametrize(
    ("strings", "index"),
    [
        ({"trace_id": "x"}, "exchange_trace"),
        ({"from": "x"}, "exchange_from"),
        ({"to": "x"}, "exchange_to"),
        ({"status": "502"}, "exchange_status"),
        ({"refusal": "x"}, "exchange_denial"),
        ({"since": "2026-03-04T12:00:00.000Z"}, "exchange_time"),
        ({"fault": "x"}, "fault_rule"),
        ({"advisory": "x"}, "advisory_name"),
        ({}, "exchange_time"),
    ],
)
def test_a_query_goes_by_an_index(tmp_path: Path, strings: dict[str, str], index: str) -> None:
    layout = Layout(tmp_path / "journal.jsonl")
    trails.write(layout, [trails.facts(1)])
    with Index(layout) as opened:
        statements: list[str] = []
        opened._opened().set_trace_callback(statements.append)
        opened.search(Question.of(strings))
        (statement,) = (each for each in statements if "ORDER BY" in each and "FROM exchange" in each)
        plan = [row[3] for row in opened.rows(f"EXPLAIN QUERY PLAN {statement}")]
    assert any(f"INDEX {index}" in step for step in plan), plan
    if index.startswith("exchange"):
        assert not any("TEMP B-TREE" in step for step in plan), plan
