"""The figures of the audit trail: moments, spans, bytes each way and statuses, held against what both ends saw.

Source: Spine Core SSP implementation guide, "Auditing"; docs/audit.md for what each figure counts.
"""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support.handshakes import put
from support.stub import OK

if TYPE_CHECKING:
    from support.running import Running
    from support.stub import StubProvider

GUID = "629ea9ba-a077-4d99-b289-7a9b19fd4e03"


def assert_moments(record: dict[str, Any], *, connected: bool) -> None:
    spans = record["timings_ms"]
    assert set(spans) == {"tls", "checks", "faults", "connect", "first_byte", "total", "provider", "own"}
    assert (spans["tls"] is not None) is (record["client"]["tls"] is not None)
    assert (spans["connect"] is not None) is (spans["first_byte"] is not None) is connected
    assert (spans["provider"] is not None) is connected
    assert spans["own"] + (spans["provider"] or 0) <= spans["total"] + 0.002
    assert all(span >= 0 for span in spans.values() if span is not None)
    parts = sum(spans[name] or 0 for name in ("checks", "faults", "connect", "first_byte"))
    assert parts <= spans["total"] + 0.002  # each is rounded to a microsecond


async def test_time_is_utc_to_the_millisecond_and_spans_are_as_long_as_what_they_measure(
    ssp: Running, provider: StubProvider
) -> None:
    asked, answer_now, held = asyncio.Event(), asyncio.Event(), 0.0

    async def hold_the_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal held
        await reader.readuntil(b"\r\n\r\n")
        if not asked.is_set():
            asked.set()
            since = time.monotonic()
            await answer_now.wait()
            held = (time.monotonic() - since) * 1000
        writer.write(OK)
        await writer.drain()

    provider.play = hold_the_first
    slow = await ssp.wire()
    before = datetime.now(UTC)
    since = time.monotonic()
    await slow.send(ssp.request(Ssp_TraceID=GUID))
    await asyncio.wait_for(asked.wait(), 10)
    last = datetime.now(UTC)
    await ssp.ask()  # another request goes all its way while the first is held, which takes its time
    answer_now.set()
    await slow.answer()
    whole = (time.monotonic() - since) * 1000

    quick, first = ssp.records()
    assert first["trace_id"] == GUID
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])
    assert before - timedelta(milliseconds=1) <= datetime.fromisoformat(first["time"]) <= last
    assert_moments(first, connected=True)
    assert_moments(quick, connected=True)
    spans = first["timings_ms"]
    assert held <= spans["first_byte"] + 0.002
    assert spans["first_byte"] <= spans["total"] <= whole
    assert quick["timings_ms"]["total"] <= held  # it began after that, and ended before
    assert min(spans["tls"], spans["checks"], spans["connect"], spans["own"]) > 0
    assert held <= spans["provider"] + 0.002  # the waiting for the provider is none of the proxy's own time
    assert spans["own"] <= spans["total"] - held + 0.002


async def test_the_handshake_belongs_to_the_connection_and_a_kept_leg_needs_no_time_to_connect(ssp: Running) -> None:
    wire = await ssp.wire()
    for _ in range(5):
        await wire.ask(ssp.request())

    first, *others = (record["timings_ms"] for record in ssp.records())
    assert {spans["tls"] for spans in others} == {first["tls"]}
    assert min(spans["connect"] for spans in others) < first["connect"]  # which took a handshake


@pytest.mark.parametrize(
    ("settings", "changes"),
    [({"tls": False}, {}), ({"shown": None}, {}), ({}, {"Ssp_From": "1"}), ({}, {"fields": (("Bad Name", "x"),)})],
    ids=["plain HTTP", "no certificate", "refused", "not HTTP"],
)
async def test_a_request_that_went_no_further_has_no_spans_beyond(
    ssp: Running, settings: dict[str, Any], changes: dict[str, Any]
) -> None:
    await (await ssp.wire(**settings)).ask(ssp.request(**changes))

    assert_moments(ssp.record(), connected=False)


@pytest.mark.parametrize(
    "effect",
    [
        {"kind": "latency", "delay_ms": 60},
        {"kind": "latency", "delay_ms": 60, "at": "answer"},
        {"kind": "slow-first-byte", "delay_ms": 60},
    ],
    ids=["before the request", "before the answer", "before its body"],
)
async def test_what_fault_rules_wait_is_not_the_proxys_own_time(ssp: Running, effect: dict[str, Any]) -> None:
    await put(ssp, effect)

    assert (await ssp.ask()).status == 200

    spans = ssp.record()["timings_ms"]
    assert spans["total"] >= 60
    assert spans["own"] <= spans["total"] - spans["provider"] - 60 + 0.004


CHUNKS = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "answer", "down"),
    [
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n" + b"x" * 300, 300),
        ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS, 5),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n", 0),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n", 0),
        ("GET", b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK, 2),
    ],
    ids=["Content-Length", "chunked", "HEAD", "204", "interim answer"],
)
async def test_bytes_that_came_down_are_told_exactly(
    ssp: Running, provider: StubProvider, method: str, answer: bytes, down: int
) -> None:
    provider.answer = answer

    came = await ssp.ask(method=method)

    assert len(came.body) == down
    assert ssp.record()["bytes"] == {"from_consumer": 0, "to_consumer": down}
    assert ssp.record()["provider"]["bytes_received"] == len(answer)
    assert ssp.record()["provider"]["bytes_sent"] == len(provider.received[0].head)


@pytest.mark.parametrize(
    ("field", "body", "up"),
    [
        (("Content-Length", "7"), b"\x00\xff{}\r\n\n", 7),
        (("Content-Length", "0"), b"", 0),
        (("Transfer-Encoding", "chunked"), CHUNKS, 5),
    ],
    ids=["Content-Length", "empty", "chunked"],
)
async def test_bytes_that_went_up_are_told_exactly(
    ssp: Running, provider: StubProvider, field: tuple[str, str], body: bytes, up: int
) -> None:
    came = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        head = await reader.readuntil(b"\r\n\r\n")
        chunked = field[0] == "Transfer-Encoding"
        came = len(head) + len(await (reader.readuntil(b"\r\n0\r\n\r\n") if chunked else reader.readexactly(up)))
        writer.write(OK)
        await writer.drain()

    provider.play = count

    assert (await ssp.ask(method="POST", fields=(field,), body=body)).status == 200

    assert ssp.record()["bytes"] == {"from_consumer": up, "to_consumer": 2}
    assert ssp.record()["provider"]["bytes_sent"] == came


async def test_bytes_of_a_refusal_are_those_of_its_body(ssp: Running, provider: StubProvider) -> None:
    in_json = await ssp.ask(Ssp_From="1", method="POST", body=b"never read", fields=(("Content-Length", "10"),))
    in_xml = await ssp.ask(Ssp_From="1", Accept="application/fhir+xml")
    none = await ssp.ask(Ssp_From="1", method="HEAD")

    told = [record["bytes"] for record in ssp.records()]
    assert [figures["to_consumer"] for figures in told] == [len(in_json.body), len(in_xml.body), 0]
    assert [figures["from_consumer"] for figures in told] == [0, 0, 0]
    assert (none.status, provider.connections) == (403, 0)


@pytest.mark.parametrize(
    ("answer", "sent", "received", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 200, None),
        (b"HTTP/1.1 799 Beyond\r\nContent-Length: 0\r\n\r\n", 799, 799, None),
        (
            b"HTTP/1.1 99 Below\r\nContent-Length: 0\r\n\r\n",
            502,
            None,
            "the answer is not HTTP: Invalid status code",
        ),
        (b"nonsense\r\n\r\n", 502, None, "the answer is not HTTP: Expected HTTP/, RTSP/ or ICE/"),
    ],
    ids=["200", "799", "99", "not HTTP"],
)
async def test_the_status_sent_and_the_status_received(
    ssp: Running, provider: StubProvider, answer: bytes, sent: int, received: int | None, error: str | None
) -> None:
    provider.answer = answer

    assert (await ssp.ask()).status == sent

    record = ssp.record()
    assert (record["status"], record["provider"]["status"], record["provider"]["error"]) == (sent, received, error)
    assert record["provider"]["address"] == f"127.0.0.1:{provider.port}"
