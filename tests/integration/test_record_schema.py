"""The JSON Schema of a record, as other tools read it: real records fit it, and spoilt ones do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from support import setup, trails

from ssp_emulator.faults.rule import Rule

if TYPE_CHECKING:
    from support.running import Running

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "audit.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(SCHEMA)
    return Draft202012Validator(SCHEMA)


async def test_what_an_emulator_writes_fits_the_schema(ssp: Running, validator: Draft202012Validator) -> None:
    ssp.emulator.faults.put([Rule.model_validate({"name": "slow", "effect": {"kind": "latency", "delay_ms": 1}})])
    await ssp.ask()
    await ssp.ask(Ssp_From=setup.OTHER_CONSUMER)  # refused: there is no agreement
    await ssp.ask(Authorization=None, Ssp_TraceID=None)
    wire = await ssp.wire(tls=False)
    await wire.send(b"BAD LINE\r\n\r\n")
    await wire.is_closed()

    records = ssp.records()

    assert [record["status"] for record in records] == [200, 403, 400, 497]
    assert [error.message for record in records for error in validator.iter_errors(record)] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sequence": 0}, "0 is less than the minimum of 1"),
        ({"previous": "ab"}, "'ab' does not match '^[0-9a-f]{64}$'"),
        ({"status": "200"}, "'200' is not valid under any of the given schemas"),
        ({"more": 1}, "Additional properties are not allowed ('more' was unexpected)"),
        ({"time": "2026-03-04 12:00"}, "does not match"),
    ],
)
def test_a_spoilt_record_does_not(changes: dict[str, Any], said: str, validator: Draft202012Validator) -> None:
    record = {"sequence": 1, "previous": "0" * 64, "worker": 0, **trails.facts()}
    assert list(validator.iter_errors(record)) == []

    (error,) = validator.iter_errors({**record, **changes})

    assert said in error.message
