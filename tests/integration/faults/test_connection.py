"""What faults do to connections, as a consumer's socket sees it: RST against FIN, close_notify or none, each byte."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.raw import raw, recorded, seen_by
from support.rules import rule
from support.running import running
from support.stub import OK

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter

LONG = bytes(range(256)) * 4096  # 1 MiB
UPLOAD = 4 * 1024 * 1024
LENGTHY = (("Content-Length", str(UPLOAD)),)


def answer(body: bytes, *, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def misbehave(ssp: Running, kind: str, **parameters: Any) -> None:
    ssp.emulator.faults.put([rule("it", effect={"kind": kind, **parameters})])


def did(record: dict[str, Any]) -> str:
    (fault,) = record["faults"]
    return fault["did"]


BEFORE, IN_PLACE = "before the provider was asked", "in place of the answer, which was 200"
UNANSWERED = {
    "close": ({"kind": "close"}, "FIN", f"closed the connection {BEFORE}"),
    "close, asked": ({"kind": "close", "at": "answer"}, "FIN", f"closed the connection {IN_PLACE}"),
    "reset": ({"kind": "reset"}, "RST", f"reset the connection {BEFORE}"),
    "reset, asked": ({"kind": "reset", "at": "answer"}, "RST", f"reset the connection {IN_PLACE}"),
}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(("effect", "end", "what"), UNANSWERED.values(), ids=UNANSWERED)
async def test_a_connection_that_ends_unanswered(
    ssp: Running, provider: StubProvider, effect: dict[str, Any], end: str, what: str, method: str
) -> None:
    misbehave(ssp, **effect)

    seen = await seen_by(ssp, ssp.request(method=method))

    record = ssp.record()
    asked = "at" in effect and method != "OPTIONS"
    assert (seen.end, seen.close_notify, seen.data) == (end, False, b"")
    assert len(provider.received) == asked
    assert (record["status"], record["broken_off"]) == (444, True)
    assert record["bytes"]["to_consumer"] == 0
    assert (record["provider"] or {}).get("status") == (200 if asked else None)
    assert did(record) == what


@pytest.mark.parametrize(("kind", "end"), [("close", "FIN"), ("reset", "RST"), ("garbage", "FIN")])
async def test_they_end_plain_http_the_same_way(ssp: Running, kind: str, end: str) -> None:
    misbehave(ssp, kind)

    seen = await seen_by(ssp, ssp.request(), tls=False)

    assert seen.end == end
    assert len(seen.data) == (512 if kind == "garbage" else 0)
    assert ssp.record()["status"] == 444


@pytest.mark.parametrize("kind", ["close", "garbage"])
async def test_a_body_on_its_way_does_not_make_a_fin_a_rst(ssp: Running, provider: StubProvider, kind: str) -> None:
    misbehave(ssp, kind)

    async with raw(ssp) as consumer:
        consumer.replies = False
        await consumer.send(ssp.request(method="POST", fields=LENGTHY))
        sending = asyncio.create_task(consumer.send(bytes(UPLOAD)))
        seen = await consumer.ended()
        await asyncio.wait_for(sending, 5)  # and it could be sent to its end

    assert seen.end == "FIN"
    assert len(seen.data) == (512 if kind == "garbage" else 0)
    assert provider.connections == 0


@pytest.mark.parametrize("after_bytes", [0, 1, 1000, len(LONG) - 1])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_what_goes_before_a_reset_arrives(
    ssp: Running, provider: StubProvider, after_bytes: int, version: bytes
) -> None:
    provider.answer = answer(LONG)
    misbehave(ssp, "reset", after_bytes=after_bytes)

    seen = await seen_by(ssp, ssp.request().replace(b"HTTP/1.1", b"HTTP/" + version))

    record = ssp.record()
    assert (seen.end, seen.close_notify) == ("RST", False)
    assert seen.head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nContent-Length: %d" % len(LONG) in seen.head
    assert seen.body == LONG[:after_bytes]
    assert (record["status"], record["broken_off"]) == (200, True)
    assert record["bytes"]["to_consumer"] == after_bytes
    assert did(record) == f"reset the connection after {after_bytes} bytes of the body"


@pytest.mark.parametrize(
    ("kind", "parameters", "end"),
    [("reset", {}, "RST"), ("truncate", {}, "FIN"), ("truncate", {"close_notify": False}, "FIN")],
)
async def test_what_goes_before_an_end_arrives_at_a_slow_reader_too(
    ssp: Running, provider: StubProvider, kind: str, parameters: dict[str, Any], end: str
) -> None:
    body = LONG * 8
    provider.answer = answer(body)
    misbehave(ssp, kind, after_bytes=len(body) - 1, **parameters)

    async with raw(ssp, receive_buffer=4096) as consumer:
        await consumer.send(ssp.request())
        await consumer.until(1)
        await asyncio.sleep(0.3)  # a reader that is slow to go on; the proxy's buffers fill
        seen = await consumer.ended()

    assert (seen.end, seen.close_notify) == (end, kind == "truncate" and not parameters)
    assert len(seen.body) == len(body) - 1


@pytest.mark.parametrize(("close_notify", "after_bytes"), [(True, 0), (False, 0), (True, 700), (False, 700)], ids=str)
async def test_a_truncated_answer_keeps_its_length_and_ends_with_a_fin(
    ssp: Running, provider: StubProvider, close_notify: bool, after_bytes: int
) -> None:
    provider.answer = answer(LONG)
    misbehave(ssp, "truncate", after_bytes=after_bytes, close_notify=close_notify)

    seen = await seen_by(ssp, ssp.request())

    assert (seen.end, seen.close_notify) == ("FIN", close_notify)
    assert b"\r\nContent-Length: %d" % len(LONG) in seen.head
    assert seen.body == LONG[:after_bytes]
    assert ssp.record()["broken_off"]


NOTHING_TO_CUT = {
    "a shorter body": ("GET", OK, "nothing: the body had no more than 2 bytes"),
    "HEAD": ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "nothing: the answer has no body"),
    "204": ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", "nothing: the answer has no body"),
    "304": ("GET", b"HTTP/1.1 304 Not Modified\r\n\r\n", "nothing: the answer has no body"),
}


@pytest.mark.parametrize("kind", ["reset", "truncate", "stall"])
@pytest.mark.parametrize(("method", "whole", "what"), NOTHING_TO_CUT.values(), ids=NOTHING_TO_CUT)
async def test_an_answer_that_has_nothing_to_cut_goes_out_whole(
    ssp: Running, provider: StubProvider, kind: str, method: str, whole: bytes, what: str
) -> None:
    provider.answer = whole
    misbehave(ssp, kind, after_bytes=2)
    wire = await ssp.wire()

    first = await wire.ask(ssp.request(method=method))
    again = await wire.ask(ssp.request(method=method))

    assert first.status == again.status == int(whole[9:12])
    assert first.body == again.body == whole.partition(b"\r\n\r\n")[2]
    assert did(ssp.record()) == what
    assert not ssp.record()["broken_off"]


IN_CHUNKS = {
    "at once": (0, LONG, b""),
    "later": (500, LONG, LONG[:500]),
    "behind all of it": (500, b"x" * 500, b"x" * 500),
    "behind less": (500, b"short", b"short"),
    "an empty body": (0, b"", b""),
}


@pytest.mark.parametrize(("after_bytes", "body", "before"), IN_CHUNKS.values(), ids=IN_CHUNKS)
async def test_a_malformed_chunk_comes_after_so_many_bytes(
    ssp: Running, provider: StubProvider, after_bytes: int, body: bytes, before: bytes
) -> None:
    provider.answer = answer(body)
    misbehave(ssp, "malformed-chunk", after_bytes=after_bytes)

    seen = await seen_by(ssp, ssp.request())

    chunk = b"%x\r\n%b\r\n" % (len(before), before) if before else b""
    assert b"\r\nTransfer-Encoding: chunked" in seen.head
    assert b"content-length" not in seen.head.lower()
    assert seen.body == chunk + b"no-size\r\n"
    assert (seen.end, seen.close_notify) == ("FIN", True)
    assert did(ssp.record()) == "sent a chunk whose size is no number, and closed the connection"
    assert ssp.record()["bytes"]["to_consumer"] == len(before)


NO_CHUNKS = {
    "HTTP/1.0": (b"GET", b"1.0", answer(b"whole"), b"whole", "nothing: HTTP/1.0 knows no chunks"),
    "HEAD": (b"HEAD", b"1.1", answer(b""), b"", "nothing: the answer has no body"),
    "204": (b"GET", b"1.1", b"HTTP/1.1 204 No Content\r\n\r\n", b"", "nothing: the answer has no body"),
}


@pytest.mark.parametrize(("method", "version", "whole", "body", "what"), NO_CHUNKS.values(), ids=NO_CHUNKS)
async def test_where_there_can_be_no_chunks_the_answer_is_as_it_was(
    ssp: Running, provider: StubProvider, method: bytes, version: bytes, whole: bytes, body: bytes, what: str
) -> None:
    provider.answer = whole
    misbehave(ssp, "malformed-chunk")
    request = ssp.request(method=method.decode(), fields=(("Connection", "close"),))

    seen = await seen_by(ssp, request.replace(b"HTTP/1.1", b"HTTP/" + version))

    assert seen.body == body
    assert b"Transfer-Encoding" not in seen.head
    assert did(ssp.record()) == what
    assert not ssp.record()["broken_off"]


@pytest.mark.parametrize("at", ["request", "answer"])
async def test_garbage_is_no_http_and_the_same_for_the_same_seed(ssp: Running, provider: StubProvider, at: str) -> None:
    came = []
    for _ in range(2):
        misbehave(ssp, "garbage", bytes=70_000, at=at)
        came.append(await seen_by(ssp, ssp.request()))
    other = await seen_by(ssp, ssp.request())

    assert [(seen.end, seen.close_notify, len(seen.data)) for seen in (*came, other)] == [("FIN", True, 70_000)] * 3
    assert came[0].data == came[1].data != other.data
    assert came[0].data[0] >= 0x80
    assert len(provider.received) == (3 if at == "answer" else 0)
    assert (ssp.record()["status"], ssp.record()["broken_off"]) == (444, True)
    assert did(ssp.record()).startswith("sent 70000 random bytes ")


async def test_a_slow_close_comes_after_a_whole_answer(ssp: Running, provider: StubProvider) -> None:
    misbehave(ssp, "slow-close", delay_ms=300)

    async with raw(ssp) as consumer:
        await consumer.send(ssp.request())
        answered = await consumer.answer()
        written = ssp.record()
        await consumer.send(ssp.request())  # which nobody answers: this was the last answer
        seen = await consumer.ended()
        lasted = asyncio.get_running_loop().time() - answered.records[-1][0]

    assert answered.body == b"ok"
    assert b"\r\nConnection: close" in answered.head
    assert (seen.end, seen.close_notify, seen.data) == ("FIN", True, b"")
    assert lasted >= 0.3
    assert (written["status"], written["broken_off"]) == (200, False)
    assert did(written) == "kept the connection open for 300 ms after the answer"
    assert len(provider.received) == 1


async def test_a_kept_connection_closes_as_it_is_used_again(ssp: Running, provider: StubProvider) -> None:
    misbehave(ssp, "close-idle")

    async with raw(ssp) as consumer:
        await consumer.send(ssp.request())
        first, new = await consumer.answer(), ssp.record()
        await consumer.send(ssp.request())
        seen = await consumer.ended()

    assert first.body == b"ok"
    assert did(new) == "nothing: the connection was new"
    assert (seen.end, seen.close_notify, seen.data) == ("FIN", True, b"")
    assert did(ssp.record()) == "closed the kept connection as it was used again"
    assert ssp.record()["status"] == 444
    assert len(provider.received) == 1


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("reset", {"after_bytes": 10}),
        ("truncate", {"after_bytes": 10}),
        ("malformed-chunk", {"after_bytes": 10}),
        ("close", {"at": "answer"}),
        ("garbage", {"at": "answer"}),
    ],
)
async def test_an_end_lets_the_provider_go(
    ssp: Running, provider: StubProvider, kind: str, parameters: dict[str, Any]
) -> None:
    let_go = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + bytes(100))  # and there it waits
        assert await reader.read() == b""
        let_go.set()

    provider.play = play
    misbehave(ssp, kind, **parameters)

    seen = await seen_by(ssp, ssp.request())
    await asyncio.wait_for(let_go.wait(), 5)

    assert seen.end in ("FIN", "RST")


async def test_an_upload_under_way_is_let_go_with_the_connection(ssp: Running, provider: StubProvider) -> None:
    let_go = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"early"))
        while await reader.read(65536):
            pass
        let_go.set()

    provider.play = play
    misbehave(ssp, "close", at="answer")

    async with raw(ssp) as consumer:
        await consumer.send(ssp.request(method="POST", fields=LENGTHY, body=bytes(1000)))  # and no more
        seen = await consumer.ended()
    await asyncio.wait_for(let_go.wait(), 5)

    assert (seen.end, seen.data) == ("FIN", b"")
    assert ssp.record()["status"] == 444


@pytest.mark.parametrize("kind", ["reset", "truncate"])
async def test_a_consumer_that_takes_nothing_is_given_up(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, kind: str
) -> None:
    provider.answer = answer(LONG * 16)
    async with running(tmp_path, certificates, provider.port, proxy={"idle_timeout_s": 0.2}) as ssp:
        misbehave(ssp, kind, after_bytes=len(LONG) * 16 - 1)
        async with raw(ssp, receive_buffer=4096) as consumer:
            await consumer.send(ssp.request())
            record = await recorded(ssp)

    assert (record["status"], record["broken_off"]) == (200, True)
    assert any("took nothing for" in note for note in record["notes"])
