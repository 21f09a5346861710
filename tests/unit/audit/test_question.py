from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import trails

from ssp_emulator.audit.cursor import Cursor
from ssp_emulator.audit.question import FILTERS, PAGING, Question, QuestionError

CURSOR = Cursor("2026-03-04T12:00:00.000Z", 0, 7)
A_MOMENT = (
    "should be a date and time with its offset, as in 2026-11-22T22:30:00Z (in a URL, + is written %2B), found {!r}"
)
A_STATUS = "should be a status, as in 502, or 5xx for all from 500 to 599, found {!r}"
A_LIMIT = "should be a number from 1 to 1000, found {!r}"


@pytest.mark.parametrize(
    ("strings", "question"),
    [
        ({}, Question()),
        ({"trace_id": "ABC"}, Question(trace_id="abc")),
        ({"from": "1", "to": "2", "organisation": "A"}, Question(from_asid="1", to_asid="2", organisation="A")),
        ({"status": "502"}, Question(status=(502, 502))),
        ({"status": "5xx"}, Question(status=(500, 599))),
        ({"since": "2026-03-04T13:00:00+01:00"}, Question(since="2026-03-04T12:00:00.000Z")),
        ({"until": "2026-03-04t12:00:00.1231z"}, Question(until="2026-03-04T12:00:00.124Z")),
        ({"text": "ŴALES"}, Question(text="ŵales")),
        ({"limit": "1000", "count": "true", "after": str(CURSOR)}, Question(limit=1000, count=True, after=CURSOR)),
        ({"count": "false"}, Question()),
    ],
)
def test_a_question_is_read(strings: dict[str, str], question: Question) -> None:
    assert Question.of(strings) == question


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        *((name, "", "should not be empty") for name, *_ in (*FILTERS, *PAGING)),
        ("colour", "red", f"is not known; these are: {', '.join(name for name, *_ in (*FILTERS, *PAGING))}"),
        *(
            ("status", text, A_STATUS.format(text))
            for text in ("50", "5XX", "xxx", "5020", "0xx", "099", "\uff1502", "502\n")
        ),
        *(("limit", text, A_LIMIT.format(text)) for text in ("0", "-1", "1001", "x", "1.0", " 1", "٣", "9" * 50)),
        *(
            (name, text, A_MOMENT.format(text))
            for name in ("since", "until")
            for text in (
                "yesterday",
                "2026-03-04",
                "2026-03-04T12:00:00",
                "2026-03-04T12:00:00 01:00",
                "2026-02-30T12:00:00Z",
                "0001-01-01T00:00:00+14:00",
                "2026-W10-3T12:00:00Z",
                "2026-03-04T12:00:00Z\n",
            )
        ),
        ("after", "x" * 200, f"should be what an answer has given as next, found {'x' * 100 + '…'!r}"),
        ("count", "yes", "should be true or false, found 'yes'"),
    ],
)
def test_what_is_wrong_with_a_parameter_is_said(name: str, text: str, message: str) -> None:
    with pytest.raises(QuestionError) as raised:
        Question.of({name: text})
    assert (raised.value.parameter, raised.value.message) == (name, message)
    assert str(raised.value) == f"{name} {message}"


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([name for name, *_ in (*FILTERS, *PAGING)]), st.text()))
def test_nothing_else_is_raised(strings: dict[str, str]) -> None:
    wrong = set(strings)
    try:
        Question.of(strings)
    except QuestionError as error:
        wrong &= {error.parameter}
    assert len(wrong) > 0 or not strings


@pytest.mark.parametrize(
    ("pattern", "interaction", "whether"),
    [
        ("a", "a", True),
        ("a", "A", False),
        ("*", None, False),
        ("*", "", True),
        ("a*", "ab", True),
        ("*b", "ab", True),
        ("a*a", "a", False),
        ("*:documents:*", "urn:documents:x", True),
        ("a*b*c", "acb", False),
        ("*x*y*", "yx", False),
        ("a?", "ab", False),
        ("[a]", "a", False),
    ],
)
def test_a_star_stands_for_any_characters_and_nothing_else_does(
    pattern: str, interaction: str | None, whether: bool
) -> None:
    record = {"sequence": 1, **trails.facts(1, interaction=interaction)}
    assert Question.of({"interaction": pattern}).matches(record) is whether


@pytest.mark.parametrize(
    ("strings", "changes", "whether"),
    [
        ({"organisation": "A20047"}, {}, True),
        ({"organisation": "a20047"}, {}, False),
        ({"status": "2xx"}, {}, True),
        ({"status": "2xx"}, {"status": None}, False),
        ({"status": "2xx"}, {"status": 300}, False),
        ({"since": "2026-03-04T12:00:00.010Z"}, {}, True),
        ({"since": "2026-03-04T12:00:00.011Z"}, {}, False),
        ({"until": "2026-03-04T12:00:00.010Z"}, {}, False),
        ({"until": "2026-03-04T12:00:00.011Z"}, {}, True),
        ({"text": "binary/1"}, {}, True),
        ({"text": "binary/2"}, {}, False),
        ({"refusal": "bad-gateway"}, {"denial": {"reason": "bad-gateway", "text": ""}}, True),
        ({"refusal": "bad-gateway"}, {}, False),
        ({"fault": "slow"}, {"faults": [{"rule": "slow"}]}, True),
        ({"fault": "slow"}, {"faults": [{"rule": "slower"}]}, False),
        ({"advisory": "x"}, {"advisories": [{"advisory": "x", "found": ""}]}, True),
        ({"method": "GET", "status": "201"}, {}, False),
    ],
)
def test_a_record_matches_or_does_not(strings: dict[str, str], changes: dict[str, Any], whether: bool) -> None:
    assert Question.of(strings).matches({"sequence": 1, **trails.facts(1, **changes)}) is whether


def test_what_is_no_record_matches_nothing() -> None:
    assert not Question().matches({"sequence": 1})


def test_every_parameter_is_described() -> None:
    for name, description, schema in (*FILTERS, *PAGING):
        assert description.endswith("."), name
        assert schema["type"] in ("string", "integer", "boolean")
