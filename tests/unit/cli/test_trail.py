from __future__ import annotations

from typing import Any

import pytest

from ssp_emulator.cli.audit import _row
from ssp_emulator.cli.trail import _facts

RECORD: dict[str, Any] = {
    "sequence": 1,
    "time": "2026-11-22T22:30:00.000Z",
    "trace_id": "t",
    "from": {"asid": "1", "ods": "A"},
    "to": {"asid": "2", "ods": "B"},
    "interaction": "i",
    "method": "GET",
    "target": "/x",
    "client": {"certificate": None},
    "claims": None,
    "checks": [],
    "denial": None,
    "provider": None,
    "status": 200,
    "broken_off": False,
    "bytes": {"from_consumer": 0, "to_consumer": 0},
    "timings_ms": {},
    "notes": [],
}
SLOW = {"rule": "slow", "kind": "latency", "count": 3, "asked": False, "did": "waited 400 ms before the request"}
ASKED = {"rule": "off", "kind": "unavailable", "count": 1, "asked": True, "did": None}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"faults": []}, ""),
        ({"faults": [SLOW, ASKED]}, "fault slow, fault off"),
        ({"denial": {"reason": "token-missing", "text": ""}}, "token-missing"),
        ({"denial": {"reason": "unavailable", "text": ""}, "faults": [ASKED]}, "unavailable, fault off"),
    ],
)
def test_the_list_says_which_rules_fired_beside_the_refusal(changes: dict[str, Any], why: str) -> None:
    assert _row({**RECORD, **changes})[-1] == why


@pytest.mark.parametrize(
    ("faults", "lines"),
    [
        ({}, []),
        (
            {"faults": [SLOW, ASKED]},
            [
                "slow (latency), match 3: waited 400 ms before the request",
                "off (unavailable), request 1: it did not come to that",
            ],
        ),
    ],
)
def test_a_record_shows_each_firing(faults: dict[str, Any], lines: list[str]) -> None:
    assert [value for name, value in _facts({**RECORD, **faults}) if name == "Fault"] == lines
