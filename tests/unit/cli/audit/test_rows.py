from __future__ import annotations

from typing import Any

import pytest
from support import trails

from ssp_emulator.cli.audit.rows import HEADINGS, row_of

SLOW = {"rule": "slow", "kind": "latency", "count": 3, "asked": False, "did": "waited 400 ms before the request"}
ASKED = {"rule": "off", "kind": "unavailable", "count": 1, "asked": True, "did": None}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"faults": [SLOW, ASKED]}, "fault slow, fault off"),
        ({"denial": {"reason": "token-missing", "text": ""}}, "token-missing"),
        ({"denial": {"reason": "unavailable", "text": ""}, "faults": [ASKED]}, "unavailable, fault off"),
    ],
)
def test_a_row_says_which_rules_fired_beside_the_refusal(changes: dict[str, Any], why: str) -> None:
    assert row_of(trails.facts(1, **changes))[-1] == why


def test_what_is_not_known_is_a_dash() -> None:
    nobody = {"asid": None, "ods": None}
    row = row_of(
        trails.facts(1, trace_id=None, to=nobody, interaction=None, target="/x", status=None, **{"from": nobody})
    )
    assert row == ("2026-03-04T12:00:00.010Z", "-", "-", "-", "GET /x", "-", "")
    assert len(row) == len(HEADINGS)


def test_a_record_of_an_older_version_has_a_row() -> None:
    record = trails.facts(1)
    del record["faults"]
    assert row_of(record)[-1] == ""


def test_an_enquiry_of_the_directory_is_told_by_its_path() -> None:
    row = row_of(trails.facts(1, service="directory", target="/spine-directory/FHIR/R4/Device?organization=a"))
    assert row[4] == "GET /spine-directory/FHIR/R4/Device"
