"""What is kept of an exchange, and what is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ssp_emulator import checks, outcome
from ssp_emulator.audit.chain import GENESIS, line_of
from ssp_emulator.audit.model import Record
from ssp_emulator.audit.record import facts_of
from ssp_emulator.exchange import Advisory, Client, ProviderLeg, Sample, Samples, Timings
from ssp_emulator.interactions import GP_CONNECT

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine

TARGET = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents/Binary/1"
SPANS = ("tls", "checks", "faults", "connect", "first_byte", "total", "provider", "own")


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
    record = facts_of(answered)
    verdicts = record.pop("checks")
    assert record == {
        "service": "proxy",
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
            "request": 1,
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
        "advisories": [],
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
        "timings_ms": {
            "tls": None,
            "checks": 1.0,
            "faults": None,
            "connect": 2.5,
            "first_byte": 6.5,
            "total": 20.0,
            "provider": 9.0,
            "own": 11.0,
        },
        "notes": [],
        "token": None,
        "bodies": None,
    }
    assert [each["check"] for each in verdicts] == list(checks.NAMES)
    assert [each["result"] for each in verdicts] == [*["pass"] * 10, "skipped", "skipped"]
    assert verdicts[0] == {"check": "tls", "result": "pass", "found": "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"}


def test_a_denial_stands_with_its_check_and_those_after_it_as_not_reached(
    request_for: Callable[..., Exchange], spine: Spine
) -> None:
    exchange = request_for(headers={"Ssp-To": "9"})
    exchange.denial = checks.examine(exchange, spine)
    record = facts_of(exchange)
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
    assert facts_of(exchange)["claims"]["organisation"] == "A1001"


@pytest.mark.parametrize("value", [None, "", "Bearer x", ["Bearer a", "Bearer b"]])
def test_without_a_token_there_are_no_claims(value: Any, request_for: Callable[..., Exchange]) -> None:
    assert facts_of(request_for(headers={"Authorization": value}))["claims"] is None


def test_a_request_in_plain_http_is_kept_too(request_for: Callable[..., Exchange], spine: Spine) -> None:
    exchange = request_for(client=Client("192.0.2.7:1", "192.0.2.7"))
    exchange.denial = checks.examine(exchange, spine)
    record = facts_of(exchange)
    assert record["client"] == {
        "address": "192.0.2.7:1",
        "tls": None,
        "cipher": None,
        "request": 1,
        "certificate": None,
    }
    assert record["denial"]["reason"] == "plain-http"
    assert record["target"] == TARGET  # as it came
    assert [each["result"] for each in record["checks"]] == ["fail", *["not reached"] * 11]


def test_a_provider_that_was_not_reached_is_kept_with_its_error(request_for: Callable[..., Exchange]) -> None:
    exchange = request_for()
    exchange.provider.error = "connection refused"
    exchange.denial = outcome.bad_gateway(TARGET)
    record = facts_of(exchange)
    assert record["provider"]["error"] == "connection refused"
    assert record["provider"]["address"] is None
    assert record["timings_ms"] == dict.fromkeys(SPANS)


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 3, 4, tzinfo=UTC), "2026-03-04T00:00:00.000Z"),
        (datetime(2026, 3, 4, 23, 59, 59, 999999, tzinfo=UTC), "2026-03-04T23:59:59.999Z"),
    ],
)
def test_times_are_utc_to_the_millisecond(moment: datetime, written: str, request_for: Callable[..., Exchange]) -> None:
    assert facts_of(request_for(received_at=moment))["time"] == written


def test_neither_the_token_nor_other_headers_are_kept(answered: Exchange, bearer: str) -> None:
    text = json.dumps(facts_of(answered))
    assert bearer.split(".")[1] not in text
    assert "Bearer" not in text
    assert "Authorization" not in text


def test_what_is_no_unicode_can_be_written_down(request_for: Callable[..., Exchange], spine: Spine) -> None:
    exchange = request_for(raw_target="/https://gp/\udcff", method="G\udcc3")
    checks.examine(exchange, spine)
    assert json.loads(json.dumps(facts_of(exchange)))["target"] == "https://gp/\udcff"


@pytest.mark.parametrize(
    ("value", "kept"),
    [("Bearer a.b.", "Bearer a.b."), (["Bearer a", "Basic b"], "Bearer a, Basic b"), ("", None), (None, None)],
)
def test_the_token_is_kept_where_it_is_asked_for_as_it_came(
    value: Any, kept: str | None, request_for: Callable[..., Exchange]
) -> None:
    exchange = request_for(headers={"Authorization": value})
    assert facts_of(exchange, with_token=True)["token"] == kept
    assert facts_of(exchange)["token"] is None


@pytest.mark.parametrize(
    ("limit", "body", "kept"),
    [
        (9, b"", {"text": "", "whole": True}),
        (9, b"caf\xc3\xa9", {"text": "caf\u00e9", "whole": True}),
        (5, b"caf\xc3\xa9", {"text": "caf\u00e9", "whole": True}),
        (3, b"caf\xc3\xa9", {"text": "caf", "whole": False}),
        (9, b"\x00\xff\r\n", {"base64": "AP8NCg==", "whole": True}),
        (2, b"\x00\xff\r\n", {"base64": "AP8=", "whole": False}),
        (9, b"nul \x00", {"text": "nul \x00", "whole": True}),
    ],
)
def test_a_body_is_text_where_it_is_utf_8_and_base64_where_it_is_not(
    limit: int, body: bytes, kept: dict[str, Any], request_for: Callable[..., Exchange]
) -> None:
    samples = Samples(Sample(limit), Sample(limit))
    samples.to_consumer.take(body)
    assert facts_of(request_for(samples=samples))["bodies"] == {
        "from_consumer": {"text": "", "whole": True},
        "to_consumer": kept,
    }


def test_a_text_that_is_cut_within_a_character_is_still_text(request_for: Callable[..., Exchange]) -> None:
    samples = Samples(Sample(4), Sample(4))
    samples.from_consumer.take("caf\u00e9".encode())
    assert facts_of(request_for(samples=samples))["bodies"]["from_consumer"] == {"text": "caf", "whole": False}


def test_what_is_advised_is_kept_with_what_was_found(request_for: Callable[..., Exchange]) -> None:
    exchange = request_for(advisories=(Advisory("a", "b"), Advisory("c", "d")))
    assert facts_of(exchange)["advisories"] == [{"advisory": "a", "found": "b"}, {"advisory": "c", "found": "d"}]


def test_which_request_on_its_connection_it_was_is_kept(request_for: Callable[..., Exchange]) -> None:
    assert facts_of(request_for(nth=12))["client"]["request"] == 12


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"headers": {"Ssp-To": "9"}},
        {"headers": {"Authorization": None}},
        {"client": Client("192.0.2.7:1", "192.0.2.7")},
        {"raw_target": "/https://gp/\u00ff", "nth": 0},
    ],
)
@pytest.mark.parametrize("bodies", [False, True])
def test_a_record_is_what_the_model_says_of_it(
    changes: dict[str, Any], bodies: bool, request_for: Callable[..., Exchange], spine: Spine
) -> None:
    exchange = request_for(**changes)
    exchange.denial = checks.examine(exchange, spine)
    exchange.samples = Samples(Sample(1), Sample(1)) if bodies else None
    exchange.timings.total = 0.1
    facts = facts_of(exchange, with_token=True)
    line = line_of(GENESIS, 0, json.dumps({"gap": None, **facts}).encode())
    names = [field.alias or name for name, field in Record.model_fields.items()]
    assert list(json.loads(line)) == names  # in that order
    assert Record.model_validate_json(line).model_dump(by_alias=True, exclude_unset=True) == json.loads(line)
