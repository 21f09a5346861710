"""When the consumer fails: it goes away, falls asleep, or sends a body or a request that breaks the rules.

The provider is let go and nothing is held against it; what is refused is a 400; the trail tells what the consumer got.

Source: Spine Core SSP implementation guide (499, "Auditing"); RFC 9112, 6.1 (chunks in HTTP/1.0), 7.1 (chunks) and 8
(incomplete messages); RFC 9110, 10.1.1 (Expect).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.running import running
from support.stub import OK

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


async def test_a_consumer_that_goes_away_is_499_and_the_provider_is_let_go(
    ssp: Running, provider: StubProvider
) -> None:
    asked, let_go = asyncio.Event(), asyncio.Event()

    async def play(reader: Reader, _: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        assert await reader.read() == b""
        let_go.set()

    provider.play = play
    wire = await ssp.wire()
    await wire.send(ssp.request())
    await asyncio.wait_for(asked.wait(), 5)
    wire.writer.transport.abort()
    await asyncio.wait_for(let_go.wait(), 5)

    assert ssp.record()["status"] == 499
    assert ssp.record()["denial"] is None


async def test_a_consumer_that_leaves_in_the_middle_keeps_the_status_that_it_was_sent(
    ssp: Running, provider: StubProvider
) -> None:
    let_go = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        assert await reader.read() == b""
        let_go.set()

    provider.play = play
    wire = await ssp.wire()
    await wire.send(ssp.request())
    await wire.head()
    wire.writer.transport.abort()
    await asyncio.wait_for(let_go.wait(), 5)

    assert (ssp.record()["status"], ssp.record()["broken_off"]) == (200, True)


async def test_a_consumer_may_be_slow_but_not_asleep(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    provider.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n" + b"x" * 30_000_000
    async with running(tmp_path, certificates, provider.port, proxy={"idle_timeout_s": 0.3}) as ssp:
        slow = await ssp.wire()
        await slow.send(ssp.request())
        await slow.head()
        taken = 0
        while taken < 30_000_000:  # about a second and a half in all, in steps shorter than the patience
            taken += len(await slow.reader.readexactly(min(1_500_000, 30_000_000 - taken)))
            await asyncio.sleep(0.07)

        asleep = await ssp.wire()
        await asleep.send(ssp.request())
        await asleep.head()
        async with asyncio.timeout(10):
            while len(ssp.records()) < 2:  # noqa: ASYNC110 - the trail is a file, and tells no one
                await asyncio.sleep(0.05)

        assert [record["broken_off"] for record in ssp.records()] == [False, True]
        assert ssp.record()["notes"] == ["the consumer took nothing for 0.3 s"]


async def test_a_body_that_breaks_the_rules_is_400_and_closes(ssp: Running, provider: StubProvider) -> None:
    asked = asyncio.Event()

    async def play(reader: Reader, _: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()

    provider.play = play
    wire = await ssp.wire()
    await wire.send(ssp.request(method="POST", fields=(("Transfer-Encoding", "chunked"),)) + b"4\r\nbody\r\n")
    await asyncio.wait_for(asked.wait(), 5)  # the request's head has been read by itself
    await wire.send(b"nonsense\r\n")

    answer = await wire.answer()

    assert answer.status == 400
    said = "The request's body is not well-formed: Invalid character in chunk size"
    assert answer.json()["issue"][0]["diagnostics"] == said
    assert await wire.is_closed()
    assert [record["status"] for record in ssp.records()] == [400]


async def test_a_body_that_is_whole_is_not_held_up_by_what_comes_behind_it(
    ssp: Running, provider: StubProvider
) -> None:
    body = b"x" * 3_000_000
    wire = await ssp.wire()
    await wire.send(
        ssp.request(method="POST", fields=(("Content-Length", str(len(body))),), body=body)
        + b"GET /x y z HTTP/1.1\r\n\r\n"
    )

    first, second = await wire.answer(), await wire.answer()

    assert (first.status, second.status) == (200, 400)
    assert provider.received[0].body == body
    assert [record["status"] for record in ssp.records()] == [200, 400]


async def test_a_body_that_stops_coming_is_400_and_not_held_against_the_provider(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async def play(reader: Reader, _: Writer) -> None:
        await reader.read()

    provider.play = play
    async with running(tmp_path, certificates, provider.port, proxy={"idle_timeout_s": 0.2}) as ssp:
        wire = await ssp.wire()
        await wire.send(ssp.request(method="POST", fields=(("Content-Length", "10"),), body=b"half"))

        answer = await wire.answer()

        assert answer.status == 400
        assert answer.json()["issue"][0]["diagnostics"].startswith("The request's body is not whole")


@pytest.mark.parametrize("version", ["HTTP/1.0"])
async def test_an_http_1_0_request_in_chunks_is_refused(ssp: Running, provider: StubProvider, version: str) -> None:
    asked = ssp.request(method="POST", fields=(("Transfer-Encoding", "chunked"),), body=b"0\r\n\r\n")
    wire = await ssp.wire()

    answer = await wire.ask(asked.replace(b"HTTP/1.1", version.encode(), 1))

    assert answer.status == 400
    assert provider.connections == 0


async def test_a_request_in_two_pieces_that_is_no_http_is_told_by_its_trace_id(ssp: Running) -> None:
    trace_id = "629ea9ba-a077-4d99-b289-7a9b19fd4e03"
    bad = ssp.request(Ssp_TraceID=trace_id, fields=(("Bad Name", "x"),))
    wire = await ssp.wire()
    await wire.send(bad[:100])
    await wire.reader.read(0)
    await wire.send(bad[100:])

    assert (await wire.answer()).status == 400
    assert (ssp.record()["trace_id"], ssp.record()["method"]) == (trace_id, "GET")
    assert ssp.record()["claims"]["organisation"] == "A1001"


async def test_a_bad_request_behind_a_good_one_is_not_held_against_the_good_ones_trace(ssp: Running) -> None:
    trace_id = "629ea9ba-a077-4d99-b289-7a9b19fd4e03"
    wire = await ssp.wire()
    await wire.send(ssp.request(Ssp_TraceID=trace_id) + ssp.request(fields=(("Bad Name", "x"),)))

    assert [(await wire.answer()).status for _ in range(2)] == [200, 400]
    assert await wire.is_closed()
    assert [(record["status"], record["trace_id"]) for record in ssp.records()] == [(200, trace_id), (400, None)]


async def test_the_body_of_a_refused_request_is_never_told_as_a_request(ssp: Running, provider: StubProvider) -> None:
    """The rest of its body comes after its answer, looks like a request, and what is no HTTP comes behind it."""
    forged, trace_id = b"https://evil.example/forged", "629ea9ba-a077-4d99-b289-7a9b19fd4e03"
    body = b"GET /%b HTTP/1.1\r\nSsp-TraceID: %b\r\nSsp-From: 200000000118\r\n\r\n" % (forged, trace_id.encode())
    wire = await ssp.wire()
    refused = await wire.ask(
        ssp.request(method="POST", Ssp_To="999999999999", fields=(("Content-Length", str(len(body))),))
    )
    await wire.send(body)
    await wire.send(b"\x01\x02\r\n\r\n")
    rest = await asyncio.wait_for(wire.reader.read(), 5)  # to its end

    assert refused.status == 400
    assert rest == b"" or rest.startswith(b"HTTP/1.1 400 ")
    journal = ssp.plan.journal.read_text()
    assert len(ssp.records()) == (2 if rest else 1)
    assert [part for part in (trace_id, forged.decode(), "evil.example") if part in journal] == []
    assert all(record["trace_id"] is None for record in ssp.records()[1:])
    assert provider.connections == 0


EXPECTS = (("Expect", "100-continue"), ("Content-Length", "4"))


async def test_a_refusal_of_a_body_that_was_not_asked_for_closes(ssp: Running, provider: StubProvider) -> None:
    wire = await ssp.wire()

    refused = await wire.ask(ssp.request(method="POST", Ssp_To="999999999999", fields=EXPECTS))

    assert (refused.status, refused.all("Connection"), refused.interim) == (400, ["close"], [])
    assert await wire.is_closed()
    assert provider.connections == 0


async def test_a_providers_answer_before_the_body_was_asked_for_closes(ssp: Running, provider: StubProvider) -> None:
    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.read()

    provider.play = play
    wire = await ssp.wire()

    answer = await wire.ask(ssp.request(method="POST", fields=EXPECTS))

    assert (answer.status, answer.body, answer.interim) == (200, b"ok", [])
    assert answer.all("Connection") == ["close"]
    assert await wire.is_closed()
