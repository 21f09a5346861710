"""When the provider, the consumer or the disk fails: the status, the exact text, and what the trail says."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support import setup
from support.running import running
from support.stub import OK, StubProvider
from support.unwritable import unwritable_file

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running

    from ssp_emulator.pki.folder import CertificateFolder

TARGET = f"{setup.ROOT}/Binary/1"
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


async def test_a_provider_that_stops_is_502_at_once_and_200_when_it_is_back(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    async with StubProvider(certificates) as provider:
        port = provider.port
        async with running(tmp_path, certificates, port) as ssp:
            wire = await ssp.wire()
            before = await wire.ask(ssp.request())
            await provider.__aexit__()
            stopped = await wire.ask(ssp.request())
            async with StubProvider(certificates, port):
                after = await wire.ask(ssp.request())

            assert [answer.status for answer in (before, stopped, after)] == [200, 502, 200]
            (issue,) = stopped.json()["issue"]
            assert issue["code"] == "transient"
            assert issue["diagnostics"] == f"ERROR_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}"
            assert issue["details"]["coding"][0]["display"] == issue["diagnostics"]
            record = ssp.records()[1]
            assert "no connection to 127.0.0.1" in record["provider"]["error"]
            assert record["denial"]["reason"] == "bad-gateway"


async def test_a_kept_connection_that_the_provider_has_closed_is_not_held_against_it(
    ssp: Running, provider: StubProvider
) -> None:
    served = 0

    async def one_answer_a_connection(reader: Reader, writer: Writer) -> None:
        nonlocal served
        served += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        if served == 1:
            await reader.read(1)  # the next request reaches a connection that says nothing and closes

    provider.play = one_answer_a_connection
    wire = await ssp.wire()

    answers = [await wire.ask(ssp.request()) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 200]
    notes = [record["notes"] for record in ssp.records()]
    assert notes[1] == ["a kept connection to the provider turned out closed; asked again on a new one"]


async def test_a_request_that_may_do_harm_twice_is_not_sent_twice(ssp: Running, provider: StubProvider) -> None:
    async def close_on_the_second(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")

    provider.play = close_on_the_second
    wire = await ssp.wire()

    first = await wire.ask(ssp.request())
    second = await wire.ask(ssp.request(method="POST", fields=(("Content-Length", "0"),)))

    assert (first.status, second.status) == (200, 502)
    assert provider.connections == 1


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "the answer is not HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "the answer switches protocols"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000, "the answer's head is larger than"),
        (b"", "the provider closed the connection"),
    ],
    ids=["not HTTP", "two lengths", "101", "an endless head", "nothing"],
)
async def test_an_answer_that_makes_no_sense_is_502(
    ssp: Running, provider: StubProvider, said: bytes, reason: str
) -> None:
    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()

    provider.play = play

    answer = await ssp.ask()

    assert answer.status == 502
    assert answer.json()["issue"][0]["diagnostics"] == f"ERROR_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}"
    assert reason in ssp.record()["provider"]["error"]


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n"],
    ids=["Content-Length", "chunked"],
)
async def test_an_answer_that_breaks_off_is_never_passed_off_as_whole(
    ssp: Running, provider: StubProvider, head: bytes
) -> None:
    head_is_here = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"half")
        await head_is_here.wait()
        writer.transport.abort()

    provider.play = play
    wire = await ssp.wire()
    await wire.send(ssp.request())
    assert (await wire.head()).status == 200
    head_is_here.set()

    rest = b""
    with suppress(ConnectionError):
        rest = await wire.reader.read()

    assert b"0\r\n\r\n" not in rest
    record = ssp.record()
    assert (record["status"], record["broken_off"]) == (200, True)
    assert "closed the connection" in record["provider"]["error"]


async def test_an_answer_up_to_a_broken_connection_is_not_whole(ssp: Running, provider: StubProvider) -> None:
    head_is_here = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\npartial")
        await head_is_here.wait()
        writer.transport.abort()

    provider.play = play
    wire = await ssp.wire()
    await wire.send(ssp.request())
    await wire.head()
    head_is_here.set()

    rest = b""
    with suppress(ConnectionError):
        rest = await wire.reader.read()

    assert b"0\r\n\r\n" not in rest
    assert ssp.record()["broken_off"] is True


async def test_what_a_provider_sends_behind_its_answer_reaches_no_one(ssp: Running, provider: StubProvider) -> None:
    provider.answer = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"
    wire = await ssp.wire()

    answers = [await wire.ask(ssp.request()) for _ in range(3)]

    assert [answer.body for answer in answers] == [b"ok"] * 3
    assert provider.connections == 3


async def test_a_provider_that_says_nothing_is_504(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async def play(reader: Reader, _: Writer) -> None:
        await reader.read()

    provider.play = play
    async with running(tmp_path, certificates, provider.port, providers={"first_byte_timeout_s": 0.2}) as ssp:
        answer = await ssp.ask()

        assert (answer.status, answer.phrase) == (504, "Gateway Timeout")
        assert answer.json()["issue"][0]["diagnostics"] == f"TIMEOUT_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}"
        assert ssp.record()["provider"]["error"] == "0.2 s went by without the head of the answer"


@pytest.mark.parametrize(("status", "phrase"), [(504, "Gateway Timeout"), (599, "Network Connect Timeout Error")])
async def test_a_connection_that_is_not_made_in_time_is_504_or_599_as_configured(
    tmp_path: Path, certificates: CertificateFolder, status: int, phrase: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts, and never shakes hands
        patience = {"connect_timeout_s": 0.2, "connect_timeout_status": status}
        async with running(tmp_path, certificates, silent.getsockname()[1], providers=patience) as ssp:
            answer = await ssp.ask()

    assert (answer.status, answer.phrase) == (status, phrase)
    assert answer.json()["issue"][0]["diagnostics"] == f"TIMEOUT_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}"


async def test_an_answer_that_stalls_is_broken_off(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await reader.read()

    provider.play = play
    async with running(tmp_path, certificates, provider.port, providers={"idle_timeout_s": 0.2}) as ssp:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await ssp.ask()

        assert ssp.record()["provider"]["error"] == "0.2 s went by without more of the answer"
        assert ssp.record()["broken_off"] is True


async def test_a_provider_with_another_hosts_certificate_is_502(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    impostor = StubProvider(certificates, shown=certificates.ssp_server)
    async with impostor, running(tmp_path, certificates, impostor.port) as ssp:
        answer = await ssp.ask()

        assert answer.status == 502
        assert "certificate" in ssp.record()["provider"]["error"]
        assert impostor.received == []


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
    said = "The request's body is not well-formed: it breaks the rules of its framing"
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


async def test_a_malformed_request_that_cannot_be_written_down_is_not_answered(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"journal": unwritable_file()}) as ssp:
        wire = await ssp.wire()
        await wire.send(b"BAD LINE\r\n\r\n")

        assert await wire.is_closed()


async def test_what_cannot_be_written_down_is_not_answered(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, audit={"journal": unwritable_file()}) as ssp:
        answer = await ssp.ask()

    assert answer.status == 500
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "INTERNAL_SERVER_ERROR"
    assert b"ok" not in answer.body


async def test_a_last_byte_whose_record_cannot_be_written_does_not_go_out(
    ssp: Running, provider: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    head_is_here = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        await head_is_here.wait()
        writer.write(b"more")
        await writer.drain()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    provider.play = play
    wire = await ssp.wire()
    await wire.send(ssp.request())
    assert (await wire.head()).status == 200
    assert await wire.reader.readexactly(4) == b"half"
    monkeypatch.setattr("ssp_emulator.audit.journal.os.write", full)
    head_is_here.set()

    assert await wire.is_closed()  # not one byte of "more"
    monkeypatch.undo()
    assert ssp.records() == []


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


async def test_a_kept_connection_is_closed_after_a_while(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    closed = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        assert await reader.read() == b""
        closed.set()

    provider.play = play
    async with running(tmp_path, certificates, provider.port, providers={"kept_for_s": 0.1}) as ssp:
        assert (await ssp.ask()).status == 200

        await asyncio.wait_for(closed.wait(), 5)


async def test_no_more_connections_are_kept_than_configured(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, providers={"kept_connections": 0}) as ssp:
        wire = await ssp.wire()
        for _ in range(3):
            assert (await wire.ask(ssp.request())).status == 200

    assert provider.connections == 3


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

    assert (await wire.answer()).status == 400
    assert ssp.record()["trace_id"] is None


async def test_the_sequence_goes_on_after_a_restart_and_after_a_line_that_was_cut_off(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port) as ssp:
        await ssp.ask()
        await ssp.ask()
    with ssp.plan.journal.open("ab") as journal:
        journal.write(b'{"sequence":3,"time":"20')
    async with running(tmp_path, certificates, provider.port) as ssp:
        await ssp.ask()

        assert [record["sequence"] for record in ssp.records()] == [1, 2, 3]
        assert ssp.plan.journal.stat().st_mode & 0o777 == 0o600


async def test_a_request_in_flight_ends_when_the_emulator_stops(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    asked, answer_now = asyncio.Event(), asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await answer_now.wait()
        writer.write(OK)
        await writer.drain()

    provider.play = play
    async with running(tmp_path, certificates, provider.port) as ssp:
        wire = await ssp.wire()
        await wire.send(ssp.request())
        await asked.wait()
        stopping = asyncio.create_task(ssp.emulator.__aexit__(None, None, None))
        answer_now.set()
        answer = await wire.answer()
        await stopping

        assert (answer.status, answer.body) == (200, b"ok")
        assert await wire.is_closed()
        assert ssp.record()["status"] == 200
