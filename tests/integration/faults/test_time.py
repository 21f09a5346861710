"""What faults do to time, as a consumer's socket sees it: when each byte comes, and what becomes of who waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.raw import raw, recorded, seen_by
from support.rules import rule
from support.running import running
from support.stub import OK, body_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.raw import Seen
    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter

BODY = bytes(range(250)) * 4
UPLOAD = 4 * 1024 * 1024
PATIENCE_S = 5


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def misbehave(ssp: Running, *effects: dict[str, Any]) -> None:
    ssp.emulator.faults.put([rule(f"it-{place}", effect=effect) for place, effect in enumerate(effects)])


def did(record: dict[str, Any]) -> list[str]:
    return [fault["did"] for fault in record["faults"]]


def lasted(seen: Seen) -> float:
    """Return the seconds between the first bytes and the last."""
    return seen.records[-1][0] - seen.records[0][0]


async def test_a_slow_first_byte_leaves_the_head_alone(ssp: Running, provider: StubProvider) -> None:
    provider.answer = answer(BODY)
    misbehave(ssp, {"kind": "slow-first-byte", "delay_ms": 200})

    async with raw(ssp) as consumer:
        await consumer.send(ssp.request())
        seen = await consumer.answer()

    assert seen.records[0][1].endswith(b"\r\n\r\n")
    assert seen.body == BODY
    assert seen.records[1][0] - seen.records[0][0] >= 0.19
    assert did(ssp.record()) == ["waited 200 ms between head and body"]
    assert (ssp.record()["status"], ssp.record()["broken_off"]) == (200, False)


BODILESS = {
    "HEAD": ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    "204": ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    "304": ("GET", b"HTTP/1.1 304 Not Modified\r\n\r\n"),
}


@pytest.mark.parametrize(
    "effect",
    [
        {"kind": "slow-first-byte", "delay_ms": 3_600_000},
        {"kind": "dribble", "bytes": 1, "every_ms": 3_600_000},
        {"kind": "bandwidth", "bytes_per_s": 1},
    ],
    ids=lambda effect: effect["kind"],
)
@pytest.mark.parametrize(("method", "whole"), BODILESS.values(), ids=BODILESS)
async def test_an_answer_without_a_body_is_not_held_up(
    ssp: Running, provider: StubProvider, effect: dict[str, Any], method: str, whole: bytes
) -> None:
    provider.answer = whole
    misbehave(ssp, effect)
    wire = await ssp.wire()

    answers = [await wire.ask(ssp.request(method=method)) for _ in range(2)]

    assert [one.status for one in answers] == [int(whole[9:12])] * 2
    assert did(ssp.record()) == ["nothing: the answer has no body"]


async def test_an_empty_body_has_no_first_byte_to_wait_for(ssp: Running, provider: StubProvider) -> None:
    provider.answer = answer(b"")
    misbehave(ssp, {"kind": "slow-first-byte", "delay_ms": 3_600_000})

    assert (await ssp.ask()).body == b""
    assert did(ssp.record()) == ["nothing: the answer has no body"]


CUTS = {"one piece": (1000,), "odd pieces": (7, 300, 301, 999, 1000), "byte by byte": tuple(range(1, 1001))}


@pytest.mark.parametrize("ends", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize(("size", "sizes"), [(300, [300, 300, 300, 100]), (250, [250] * 4), (1000, [1000])])
async def test_a_body_dribbles_so_many_bytes_at_a_time(
    ssp: Running, provider: StubProvider, size: int, sizes: list[int], ends: tuple[int, ...]
) -> None:
    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(BODY)[: -len(BODY)])
        for start, end in zip((0, *ends), ends, strict=False):
            writer.write(BODY[start:end])
            await writer.drain()
        await reader.read()

    provider.play = play
    misbehave(ssp, {"kind": "dribble", "bytes": size, "every_ms": 40})

    async with raw(ssp) as consumer:
        await consumer.send(ssp.request())
        seen = await consumer.answer()

    assert [len(piece) for piece in seen.pieces] == sizes
    assert seen.body == BODY
    assert lasted(seen) >= 0.039 * (len(sizes) - 1)
    assert did(ssp.record()) == [f"sent {size} bytes every 40 ms"]
    assert ssp.record()["bytes"]["to_consumer"] == len(BODY)


async def test_an_answer_goes_no_faster_than_the_bandwidth(ssp: Running, provider: StubProvider) -> None:
    provider.answer = answer(BODY)
    misbehave(ssp, {"kind": "bandwidth", "bytes_per_s": 3000})

    async with raw(ssp) as consumer:
        await consumer.send(ssp.request())
        seen = await consumer.answer()

    began = seen.records[0][0]
    assert [len(piece) for piece in seen.pieces] == [300, 300, 300, 100]
    assert seen.body == BODY
    assert lasted(seen) >= (len(BODY) - 300) / 3000 - 0.01
    gone = 0
    for (moment, _), piece in zip(seen.records[-4:], seen.pieces, strict=True):
        gone += len(piece)
        assert gone - 300 <= (moment - began + 0.01) * 3000
    assert did(ssp.record()) == ["held the answer's body to 3000 bytes/s"]


@pytest.mark.parametrize("direction", ["request", "both"])
@pytest.mark.parametrize("framing", ["Content-Length", "chunked"])
async def test_a_request_goes_no_faster_than_the_bandwidth(
    ssp: Running, provider: StubProvider, direction: str, framing: str
) -> None:
    lasting: list[float] = []
    bodies: list[bytes] = []
    loop = asyncio.get_running_loop()

    async def play(reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        began = loop.time()
        bodies.append(await body_of(head, reader))
        lasting.append(loop.time() - began)
        writer.write(OK)
        await reader.read()

    provider.play = play
    misbehave(ssp, {"kind": "bandwidth", "bytes_per_s": 4000, "direction": direction})
    chunked = framing == "chunked"
    field = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(BODY)))
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY) if chunked else BODY

    answered = await (await ssp.wire()).ask(ssp.request(method="POST", fields=(field,), body=body))

    both = ["held the answer's body to 4000 bytes/s"] if direction == "both" else []
    assert answered.body == b"ok"
    assert bodies == [BODY]
    assert lasting[0] >= len(BODY) / 4000 - 0.02  # the head may have been on its way for a moment
    assert ssp.record()["bytes"]["from_consumer"] == len(BODY)
    assert did(ssp.record()) == ["; ".join(["held the request's body to 4000 bytes/s", *both])]


STALLS = {
    "request": ({}, 0, 499, "stalled before the provider was asked"),
    "answer": ({"at": "answer"}, 1, 499, "stalled in place of the answer, which was 200"),
    "within": ({"after_bytes": 10}, 1, 200, "stalled after 10 bytes of the body"),
    "behind the head": ({"after_bytes": 0}, 1, 200, "stalled after 0 bytes of the body"),
}


@pytest.mark.parametrize("tls", [True, False], ids=["TLS", "plain"])
@pytest.mark.parametrize(("parameters", "asked", "status", "what"), STALLS.values(), ids=STALLS)
async def test_a_stall_ends_when_the_consumer_leaves(
    ssp: Running,
    provider: StubProvider,
    parameters: dict[str, Any],
    asked: int,
    status: int,
    what: str,
    tls: bool,
) -> None:
    provider.answer = answer(BODY)
    misbehave(ssp, {"kind": "stall", **parameters})
    before = asyncio.all_tasks()

    async with raw(ssp, tls=tls) as consumer:
        await consumer.send(ssp.request())
        seen = await consumer.until(1) if "after_bytes" in parameters else consumer.seen
        nothing = await consumer.silent(0.1)
    record = await recorded(ssp)

    assert nothing
    sent = parameters.get("after_bytes", 0)
    assert len(seen.body) == sent
    if tls:  # else it is refused with 497, and the provider is not asked in any case
        assert (record["status"], did(record)) == (status, [what])
        assert len(provider.received) == asked
    assert record["broken_off"]
    assert record["bytes"]["to_consumer"] == sent
    await gone(asyncio.all_tasks() - before)


async def gone(tasks: set[asyncio.Task[Any]]) -> None:
    """Wait until tasks are done, but for those of the test's own provider."""
    ours = [task for task in tasks if "StubProvider" not in repr(task.get_coro())]
    await asyncio.wait_for(asyncio.gather(*ours, return_exceptions=True), PATIENCE_S)


async def test_a_stall_lets_the_provider_go_when_the_consumer_leaves(ssp: Running, provider: StubProvider) -> None:
    let_go = asyncio.Event()

    async def play(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(BODY)[:-1])
        assert await reader.read() == b""
        let_go.set()

    provider.play = play
    misbehave(ssp, {"kind": "stall", "after_bytes": 10})

    async with raw(ssp) as consumer:
        await consumer.send(ssp.request())
        await consumer.until(1)
        held = not let_go.is_set()
    await asyncio.wait_for(let_go.wait(), PATIENCE_S)

    assert held


async def test_a_consumer_that_leaves_behind_a_long_body_is_seen_to_leave(ssp: Running, provider: StubProvider) -> None:
    misbehave(ssp, {"kind": "stall"})

    async with raw(ssp) as consumer:
        fields = (("Content-Length", str(UPLOAD)),)
        await consumer.send(ssp.request(method="POST", fields=fields, body=bytes(UPLOAD)))
    record = await recorded(ssp)

    assert record["status"] == 499
    assert provider.connections == 0


async def test_a_stall_holds_no_stop_up_beyond_its_time(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, proxy={"drain_timeout_s": 0.2}) as ssp:
        misbehave(ssp, {"kind": "stall", "at": "answer"})
        async with raw(ssp) as consumer:
            await consumer.send(ssp.request())
            while not provider.received:  # noqa: ASYNC110 - the stub tells no one
                await asyncio.sleep(0.01)
            await asyncio.wait_for(ssp.emulator.__aexit__(None, None, None), PATIENCE_S)
            seen = await consumer.ended()

        assert seen.data == b""
        assert ssp.record()["broken_off"]
        assert did(ssp.record()) == ["stalled in place of the answer, which was 200"]


@pytest.mark.parametrize(
    "effect",
    [
        {"kind": "slow-first-byte", "delay_ms": 3_600_000},
        {"kind": "dribble", "bytes": 10, "every_ms": 3_600_000},
        {"kind": "bandwidth", "bytes_per_s": 10},
        {"kind": "slow-close", "delay_ms": 3_600_000},
    ],
    ids=lambda effect: effect["kind"],
)
async def test_who_leaves_in_a_wait_ends_it(ssp: Running, provider: StubProvider, effect: dict[str, Any]) -> None:
    provider.answer = answer(BODY)
    misbehave(ssp, effect)
    before = asyncio.all_tasks()

    async with raw(ssp) as consumer:
        await consumer.send(ssp.request())
        await (consumer.answer() if effect["kind"] == "slow-close" else consumer.until(1))
    record = await recorded(ssp)
    await gone(asyncio.all_tasks() - before)

    assert record["status"] == 200
    assert record["broken_off"] == (effect["kind"] != "slow-close")
    assert not did(record)[0].startswith("nothing")


async def test_a_dribble_can_be_truncated(ssp: Running, provider: StubProvider) -> None:
    provider.answer = answer(BODY)
    misbehave(
        ssp,
        {"kind": "truncate", "after_bytes": 250},
        {"kind": "dribble", "bytes": 100, "every_ms": 40},
    )

    seen = await seen_by(ssp, ssp.request())

    assert [len(piece) for piece in seen.pieces] == [100, 100, 50]
    assert lasted(seen) >= 0.078
    assert (seen.end, seen.close_notify) == ("FIN", True)
    assert b"\r\nContent-Length: 1000" in seen.head
    assert ssp.record()["bytes"]["to_consumer"] == 250
    assert did(ssp.record()) == [
        "closed the connection after 250 bytes of the body",
        "sent 100 bytes every 40 ms",
    ]


async def test_a_slow_first_byte_can_be_all_that_comes_before_a_reset(ssp: Running, provider: StubProvider) -> None:
    provider.answer = answer(BODY)
    misbehave(
        ssp,
        {"kind": "slow-first-byte", "delay_ms": 100},
        {"kind": "bandwidth", "bytes_per_s": 10_000},
        {"kind": "reset", "after_bytes": 500},
    )

    seen = await seen_by(ssp, ssp.request())

    assert seen.records[0][1].endswith(b"\r\n\r\n")
    assert seen.body == BODY[:500]
    assert seen.end == "RST"
    assert lasted(seen) >= 0.1 + 500 / 10_000 - 0.01
    assert len(did(ssp.record())) == 3
    assert all(did(ssp.record()))


async def test_a_stall_takes_nothing_of_a_body_that_the_provider_still_reads(
    ssp: Running, provider: StubProvider
) -> None:
    body = asyncio.get_running_loop().create_future()

    async def play(reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"early"))
        await asyncio.sleep(0.2)  # buffers fill, and the exchange stands still; the rest does not depend on it
        body.set_result(await body_of(head, reader))

    provider.play = play
    misbehave(ssp, {"kind": "stall", "at": "answer"})
    sent = BODY * (UPLOAD // len(BODY))

    async with raw(ssp) as consumer:
        fields = (("Content-Length", str(len(sent))),)
        await consumer.send(ssp.request(method="POST", fields=fields, body=sent))
        came = await asyncio.wait_for(body, PATIENCE_S)

    assert came == sent
    assert (await recorded(ssp))["status"] == 499
