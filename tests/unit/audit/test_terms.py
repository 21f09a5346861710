from __future__ import annotations

from typing import Any

import pytest
from support import trails

from ssp_emulator.audit.terms import Terms, folded, is_time, sound, terms_of


def terms(**changes: Any) -> Terms | None:
    return terms_of({"sequence": 1, **trails.facts(1, **changes)})


def test_the_terms_of_a_record() -> None:
    fault = {"rule": "slow", "kind": "latency", "count": 1, "asked": False, "did": None}
    found = terms(
        trace_id="ABC",
        status=502,
        denial={"reason": "bad-gateway", "text": "The Provider IS gone"},
        faults=[fault, {**fault, "rule": "off"}],
        advisories=[{"advisory": "no-accept", "found": "none"}],
        checks=[
            {"check": "tls", "result": "pass", "found": "unseen"},
            {"check": "method", "result": "fail", "expected": "GET", "found": "BREW"},
            {"check": "token", "result": "not reached"},
        ],
        provider={"address": "h:1", "error": "Refused"},
        notes=["Slashes collapsed"],
    )

    assert found is not None
    assert (found.trace_id, found.status, found.denial, found.nth) == ("abc", 502, "bad-gateway", 1)
    assert (found.from_ods, found.to_ods, found.method) == ("A1001", "A20047", "GET")
    assert (found.faults, found.advisories) == (("slow", "off"), (("no-accept", "none"),))
    assert found.text.splitlines()[1:] == [
        *("the provider is gone", "h:1", "refused", "method", "get", "brew", "slashes collapsed")
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "yesterday"},
        {"time": "2026-02-30T00:00:00.000Z"},
        {"time": 1},
        {"status": "502"},
        {"status": -1},
        {"status": 10**20},
        {"from": None},
        {"from": {"asid": 1, "ods": None}},
        {"method": None},
        {"client": []},
        {"checks": None},
        {"notes": [1]},
        {"faults": [{}]},
        {"advisories": ["x"]},
        {"denial": "no"},
    ],
)
def test_what_is_no_record_has_none(changes: dict[str, Any]) -> None:
    assert terms() is not None
    assert terms(**changes) is None


def test_a_record_of_an_older_version_has_terms() -> None:
    record = trails.facts(1)
    for name in ("faults", "advisories", "gap", "token", "bodies"):
        del record[name]
    del record["client"]["request"]
    found = terms_of({"sequence": 1, **record})
    assert found is not None
    assert (found.nth, found.faults, found.advisories) == (0, (), ())


@pytest.mark.parametrize(
    ("text", "held"), [("abc", "abc"), ("ŵ", "ŵ"), ("a\0b", "a\ufffdb"), ("\ud800x", "\ufffdx"), ("𝄞", "𝄞")]
)
def test_a_text_can_be_held_by_sqlite(text: str, held: str) -> None:
    assert sound(text) == held
    sound(text).encode()


def test_upper_and_lower_case_are_one_for_searching() -> None:
    assert folded("STRASSE Ŵ") == folded("straße ŵ")


@pytest.mark.parametrize(
    ("text", "whether"),
    [
        ("2026-03-04T12:00:00.000Z", True),
        ("2026-13-04T12:00:00.000Z", False),
        ("2026-03-04T12:00:00Z", False),
        ("2026-03-04T12:00:00.000Z\n", False),
        ("\uff12026-03-04T12:00:00.000Z", False),
    ],
)
def test_times_are_as_records_have_them(text: str, whether: bool) -> None:
    assert is_time(text) is whether
