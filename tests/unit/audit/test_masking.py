"""Masking: no NHS number in any of its written forms is left, and what is none stays as it is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import trails

from ssp_emulator.audit.masking import MASK, masked, masked_facts

NUMBER = "9000000009"
GUID = "629ea9ba-a077-4d99-b289-7a9b19fd4e03"


def with_check_digit(nine: str) -> str | None:
    """Return an NHS number of nine digits and the check digit that belongs to them; None where there is none.

    Source: NHS Data Model and Dictionary, "NHS NUMBER".
    """
    check = 11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
    return None if check == 10 else nine + str(check % 11)


@pytest.mark.parametrize(
    "number",
    [
        NUMBER,
        "9434765919",
        "943 476 5919",
        "943-476-5919",
        "943+476+5919",
        "943%20476%205919",
        "943%2520476%25205919",
        "943 4765919",
        "943.476.5919",
        "943_476_5919",
        "943  476  5919",
        "943%2D476%2D5919",
        "943%252d476%2B5919",
        "943%09476%095919",
        "943%2525204765919",
        "%39%34%33%34%37%36%35%39%31%39",
        "9434765%2539%2531%2539",
        "943476 5919",
        "9000000000",  # whether its check digit is right or not
        "0000000000",
        "1700000004",  # a time, and an NHS number too
    ],
)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("https://gp/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|", "&_format=json"),
        ("https://gp/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C", ""),
        ("https://gp/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7c", "#x"),
        ("nhs-number%25257C", ""),
        ("https%253A%252F%252Ffhir.nhs.uk%252FId%252Fnhs-number%257C", "%26"),
        ("https://gp/Patient/", "/_history"),
        ("Patient?nhs=%22", "%22"),
        ("a claim is not right: '", "' is not a practitioner"),
        ('{"value":"', '"}'),
        ("(", ")"),
        ("nhs_", "_"),
        ("in 2026: ", ", 3 of them"),
    ],
)
def test_ten_digits_are_masked_wherever_they_stand(number: str, before: str, after: str) -> None:
    assert masked(f"{before}{number}{after}") == f"{before}{MASK}{after}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "200000000115",  # an ASID
        "asid|200000000115&to=200000000116",
        GUID,
        "12345678-1234-4234-8234-123456789012",
        "00000000-0000-4000-8000-000000000001",
        "ab" * 32,
        "01" * 32,  # a fingerprint of digits only
        "1772625600",  # Unix times, in seconds, in milliseconds
        "exp should be after 1772625600, found 1772625300",
        "1772625600123",
        "2026-03-04T12:00:00.123Z",
        "S20001A000116",
        "A20047-810002",
        "127.0.0.1:50001",
        "[2001:db8::1]:50001",
        "111111111111",  # an SDS user ID
        "22222222222222",
        "R0260",
        "01632 960000",  # telephone numbers
        "+44 1632 960000",
        "020 7946 0958",
        "0123 456 7890",
        "123456789",
        "12345678901",
        "123 456 789",
        "x9000000009",
        "9000000009x",
        "90000000 09",
        "1.9434765919e10"[:5],
        "Bundle-3-4",
    ],
)
def test_what_is_no_nhs_number_stays(text: str) -> None:
    assert masked(text) == text


def test_each_of_several_is_masked() -> None:
    assert masked("9434765919,9000000009 943 476 5919|9434765870") == f"{MASK},{MASK} {MASK}|{MASK}"


@settings(deadline=None)
@given(st.text("0123456789", min_size=9, max_size=9))
def test_every_valid_number_is_masked_in_each_of_its_forms(nine: str) -> None:
    number = with_check_digit(nine)
    if number is None:
        return
    for gap in ("", " ", "-", "+", "%20", "%2520"):
        written = gap.join((number[:3], number[3:6], number[6:]))
        for before in ("", "|", "%7C", "%257C", "=", "/", '"', " "):
            for after in ("", "&", "%", "/", '"', " "):
                assert masked(f"{before}{written}{after}") == f"{before}{MASK}{after}"


@settings(deadline=None)
@given(st.text("0123456789 -+|%7C25&/ax", max_size=60))
def test_whatever_the_text_no_valid_number_that_stands_alone_is_left(text: str) -> None:
    left = re.findall(r"(?<![0-9A-Za-z])[0-9]{10}(?![0-9A-Za-z])", masked(text))
    assert [each for each in left if with_check_digit(each[:9]) == each] == []


@settings(deadline=None)
@given(st.text(max_size=100))
def test_what_was_masked_is_masked_no_further(text: str) -> None:
    assert masked(masked(text)) == masked(text)


WHERE_IT_MAY_BE: list[dict[str, Any]] = [
    {"trace_id": NUMBER},
    {"from": {"asid": NUMBER, "ods": None}},
    {"interaction": f"urn:x:{NUMBER}"},
    {"target": f"https://gp/Patient?identifier=x%7C{NUMBER}"},
    {"claims": {"device": f"for {NUMBER}", "user": NUMBER}},
    {"checks": [{"check": "token", "result": "fail", "expected": NUMBER, "found": f"patient/{NUMBER}"}]},
    {"denial": {"reason": "bad-request", "text": f"ENDPOINT_x_VARIES_FROM_TARGETURL_{NUMBER}"}},
    {"faults": [{"rule": "r", "kind": "k", "count": 1, "asked": True, "did": f"added {NUMBER}"}]},
    {"advisories": [{"advisory": "encoding", "found": f"{NUMBER}"}]},
    {"provider": {"error": f"the answer is not HTTP: {NUMBER}"}},
    {"notes": ["x", f"a target with {NUMBER}"]},
]


@pytest.mark.parametrize("change", WHERE_IT_MAY_BE, ids=[next(iter(each)) for each in WHERE_IT_MAY_BE])
def test_it_is_masked_in_every_part_of_a_record_where_a_consumers_words_are(change: dict[str, Any]) -> None:
    facts = trails.facts(1, **change)
    assert NUMBER in str(facts)
    found = masked_facts(facts)
    assert NUMBER not in str(found)
    assert MASK in str(found)
    assert NUMBER in str(facts)  # what was given is left as it was


def test_a_record_without_any_stays_as_it_is() -> None:
    facts = trails.facts(1)
    assert masked_facts(facts) == facts


def test_what_says_who_was_connected_is_spared() -> None:
    facts = trails.facts(1)
    facts["client"]["certificate"]["serial"] = NUMBER
    assert masked_facts(facts) == facts
