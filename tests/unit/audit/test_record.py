"""What is kept of an exchange, and what is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ssp_emulator import checks, outcome
from ssp_emulator.audit.record import record_of
from ssp_emulator.exchange import Client, ProviderLeg, Timings
from ssp_emulator.interactions import GP_CONNECT

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine

TARGET = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents/Binary/1"


@pytest.fixture
def answered(request_for: Callable[..., Exchange], spine: Spine, client: Client) -> Exchange:
    exchange = request_for()
    assert checks.examine(exchange, spine) is None
    exchange.status = 200
    exchange.provider = ProviderLeg("localhost:9443", True, 200, None, 700, 5000)
    exchange.timings = Timings(checked=0.001, connected=0.0035, first_byte=0.01, total=0.02)
    exchange.bytes_in, exchange.bytes_out = 0, 4000
    return exchange


def test_the_record_of_a_request_that_was_answered(answered: Exchange) -> None:
    record = record_of(answered, 7)
    verdicts = record.pop("checks")
    assert record == {
        "sequence": 7,
        "time": "2026-03-04T12:00:00.123Z",
        "trace_id": "9c2a4f0e-3b1d-4e57-8a60-5d1f7b2c9e34",
        "from": {"asid": "200000000115", "ods": "A1001"},
        "to": {"asid": "200000000116", "ods": "A20047"},
        "interaction": f"{GP_CONNECT}documents:fhir:rest:read:binary-1",
        "method": "GET",
        "target": TARGET,
        "client": {
            "address": "192.0.2.7:50001",
            "tls": "TLSv1.2",
            "cipher": "ECDHE-RSA-AES128-GCM-SHA256",
            "certificate": {
                "subject": "CN=consumer.example.nhs.uk",
                "issuer": "CN=Emulated SubCA",
                "serial": "1f",
                "sha256": "ab" * 32,
                "names": ["consumer.example.nhs.uk"],
            },
        },
        "claims": {
            "dialect": "gp-connect-1",
            "user": "111111111111",
            "role": "22222222222222",
            "organisation": "A1001",
            "device": "SSP emulator consumer 1",
            "reason": "directcare",
            "scope": "patient/*.read",
        },
        "denial": None,
        "faults": [],
        "provider": {
            "address": "localhost:9443",
            "reused": True,
            "status": 200,
            "error": None,
            "bytes_sent": 700,
            "bytes_received": 5000,
        },
        "status": 200,
        "broken_off": False,
        "bytes": {"from_consumer": 0, "to_consumer": 4000},
        "timings_ms": {"tls": None, "checks": 1.0, "faults": None, "connect": 2.5, "first_byte": 6.5, "total": 20.0},
        "notes": [],
    }
    assert [each["check"] for each in verdicts] == list(checks.NAMES)
    assert [each["result"] for each in verdicts] == [*["pass"] * 10, "skipped", "skipped"]
    assert verdicts[0] == {"check": "tls", "result": "pass", "found": "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"}


def test_a_denial_stands_with_its_check_and_those_after_it_as_not_reached(
    request_for: Callable[..., Exchange], spine: Spine
) -> None:
    exchange = request_for(headers={"Ssp-To": "9"})
    exchange.denial = checks.examine(exchange, spine)
    record = record_of(exchange, 1)
    assert record["denial"] == {"reason": "bad-request", "text": "The header Ssp-To is not a registered ASID: 9"}
    assert record["to"] == {"asid": "9", "ods": None}
    assert record["provider"] is None
    assert record["checks"][6:] == [
        {"check": "receiver", "result": "fail", "expected": "9 in the directory", "found": "no system with this ASID"},
        {"check": "endpoint", "result": "not reached"},
        {"check": "agreement", "result": "not reached"},
        {"check": "token", "result": "not reached"},
        {"check": "rate", "result": "not reached"},
        {"check": "media", "result": "not reached"},
    ]


@pytest.mark.parametrize("name", ["Ssp-TraceID", "Ssp-From", "Ssp-To", "Ssp-InteractionID"])
def test_the_claims_are_kept_where_the_token_check_was_not_reached(
    name: str, request_for: Callable[..., Exchange], spine: Spine
) -> None:
    exchange = request_for(headers={name: None})
    assert checks.examine(exchange, spine) is not None
    assert record_of(exchange, 1)["claims"]["organisation"] == "A1001"


@pytest.mark.parametrize("value", [None, "", "Bearer x", ["Bearer a", "Bearer b"]])
def test_without_a_token_there_are_no_claims(value: Any, request_for: Callable[..., Exchange]) -> None:
    assert record_of(request_for(headers={"Authorization": value}), 1)["claims"] is None


def test_a_request_in_plain_http_is_kept_too(request_for: Callable[..., Exchange], spine: Spine) -> None:
    exchange = request_for(client=Client("192.0.2.7:1", "192.0.2.7"))
    exchange.denial = checks.examine(exchange, spine)
    record = record_of(exchange, 1)
    assert record["client"] == {"address": "192.0.2.7:1", "tls": None, "cipher": None, "certificate": None}
    assert record["denial"]["reason"] == "plain-http"
    assert record["target"] == TARGET  # as it came
    assert [each["result"] for each in record["checks"]] == ["fail", *["not reached"] * 11]


def test_a_provider_that_was_not_reached_is_kept_with_its_error(request_for: Callable[..., Exchange]) -> None:
    exchange = request_for()
    exchange.provider.error = "connection refused"
    exchange.denial = outcome.bad_gateway(TARGET)
    record = record_of(exchange, 1)
    assert record["provider"]["error"] == "connection refused"
    assert record["provider"]["address"] is None
    assert record["timings_ms"] == dict.fromkeys(["tls", "checks", "faults", "connect", "first_byte", "total"])


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 3, 4, tzinfo=UTC), "2026-03-04T00:00:00.000Z"),
        (datetime(2026, 3, 4, 23, 59, 59, 999999, tzinfo=UTC), "2026-03-04T23:59:59.999Z"),
    ],
)
def test_times_are_utc_to_the_millisecond(moment: datetime, written: str, request_for: Callable[..., Exchange]) -> None:
    assert record_of(request_for(received_at=moment), 1)["time"] == written


def test_neither_the_token_nor_other_headers_are_kept(answered: Exchange, bearer: str) -> None:
    text = json.dumps(record_of(answered, 1))
    assert bearer.split(".")[1] not in text
    assert "Bearer" not in text
    assert "Authorization" not in text


def test_what_is_no_unicode_can_be_written_down(request_for: Callable[..., Exchange], spine: Spine) -> None:
    exchange = request_for(raw_target="/https://gp/\udcff", method="G\udcc3")
    checks.examine(exchange, spine)
    assert json.loads(json.dumps(record_of(exchange, 1)))["sequence"] == 1
