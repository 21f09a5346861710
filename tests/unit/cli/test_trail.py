"""A record, laid out for people."""

from __future__ import annotations

from typing import Any

import pytest
from support.trails import facts

from ssp_emulator.cli.trail import show_record

SLOW = {"rule": "slow", "kind": "latency", "count": 3, "asked": False, "did": "waited 400 ms before the request"}
ASKED = {"rule": "off", "kind": "unavailable", "count": 1, "asked": True, "did": None}
DENIED = {
    "status": 403,
    "provider": None,
    "denial": {"reason": "fot-check-failed", "text": "FOT_CHECK_FAILED_MESSAGESENDER_1_MESSAGERECEIVER_2"},
    "checks": [
        {"check": "endpoint", "result": "pass", "found": "https://gp.example.nhs.uk"},
        {"check": "agreement", "result": "fail", "expected": "an agreement", "found": "none in the registry"},
        {"check": "token", "result": "not reached"},
    ],
}


def shown(capsys: pytest.CaptureFixture[str], **changes: Any) -> list[str]:
    show_record({"sequence": 7, **facts(**changes)})
    return capsys.readouterr().out.splitlines()


def under(lines: list[str], heading: str) -> list[str]:
    return [line.removeprefix(heading).strip() for line in lines if line.startswith(f"{heading} ")]


def test_who_asked_whom_for_what_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys)

    assert lines[0].startswith("200000000115 of A1001 asked 200000000116 of A20047 for urn:nhs:")
    assert under(lines, "Time") == ["2026-03-04T12:00:00.010Z (record 7)"]
    assert under(lines, "Provider") == [
        "127.0.0.1:9443: answered 200, on a kept connection; 700 bytes sent, 4000 received"
    ]
    assert under(lines, "Connection") == ["127.0.0.1:50001, TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256, request 1 on it"]
    assert not any(line.startswith(("What to change", "Read more", "Error sent")) for line in lines)


def test_a_refusal_shows_what_was_expected_and_found_the_error_and_what_to_change(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = shown(capsys, **DENIED)

    rows = [line.split() for line in lines]
    assert ["agreement", "fail", "none", "in", "the", "registry", "an", "agreement"] in rows
    assert ["token", "not", "reached"] in rows
    assert under(lines, "Error sent") == ["fot-check-failed: FOT_CHECK_FAILED_MESSAGESENDER_1_MESSAGERECEIVER_2"]
    change, page = lines[-3:-1]
    assert change.startswith("What to change: Ask for a data sharing agreement from 200000000115 to 200000000116 for ")
    assert page.startswith("Read more: GP Connect, Error handling, https://developer.nhs.uk/apis/")


@pytest.mark.parametrize(
    ("faults", "lines"),
    [
        ([], []),
        (
            [SLOW, ASKED],
            [
                "slow (latency), match 3: waited 400 ms before the request",
                "off (unavailable), request 1: it did not come to that",
            ],
        ),
    ],
)
def test_a_record_shows_each_firing(
    capsys: pytest.CaptureFixture[str], faults: list[dict[str, Any]], lines: list[str]
) -> None:
    assert under(shown(capsys, faults=faults), "Fault") == lines


def test_advisories_notes_and_timings_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, advisories=[{"advisory": "trace-id-repeated", "found": "3 times"}], notes=["one", "two"])

    assert under(lines, "Advisory") == ["trace-id-repeated: 3 times"]
    assert under(lines, "Note") == ["one", "two"]
    assert under(lines, "Shares") == ["own 0.8 ms, provider 2.6 ms"]
    assert [line.split()[0] for line in lines if line.endswith(" ms")][-6:] == [
        "tls", "checks", "connect", "first", "rest", "total",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        (None, "not asked"),
        ({"address": None, "status": None, "error": "it is away"}, "not reached: it is away; 0 bytes sent, 0 received"),
        ({"address": "a:1", "status": 200, "error": "broke off"}, ("a:1: answered 200, broke off; 0 bytes sent, 0 "
         "received")),
    ],
)  # fmt: skip
def test_the_leg_to_the_provider(
    capsys: pytest.CaptureFixture[str], provider: dict[str, Any] | None, said: str
) -> None:
    assert under(shown(capsys, provider=provider), "Provider") == [said]


def test_nothing_that_a_consumer_sent_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b[2J\x07\x9b31m\r\nError sent   none"

    show_record({"sequence": 1, **facts(**DENIED, interaction=evil, target=evil, trace_id=evil, notes=[evil])})

    out = capsys.readouterr().out
    assert {character for character in out if ord(character) < 32 or 127 <= ord(character) < 160} == {"\n"}
    assert "\\x1b[2J\\x07\\x9b31m\\r\\nError sent" in out
    assert len(under(out.splitlines(), "Error sent")) == 1


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"sequence": 1, "checks": None, "faults": {}, "timings_ms": [], "client": 7, "notes": "x", "bytes": None},
        {"checks": [None, 7, {"check": 5}], "faults": [{}], "advisories": [{}], "denial": {}, "claims": {"user": 3}},
    ],
)
def test_anything_that_stands_in_a_journal_can_be_shown(
    capsys: pytest.CaptureFixture[str], record: dict[str, Any]
) -> None:
    show_record(record)

    assert "Trace ID" in capsys.readouterr().out
