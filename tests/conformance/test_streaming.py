"""Bodies are passed on as they come: large ones, to whoever reads slowly, and while the provider's word is waited for.

Source: Spine Core SSP implementation guide, "Forwarding"; GP Connect Access Document 1.6.2 (sizes); RFC 9110, 10.1.1
(Expect).
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from support.stub import OK, body_of

if TYPE_CHECKING:
    from support.running import Running
    from support.stub import StubProvider

MIB = 1024 * 1024


async def test_large_bodies_stream_both_ways_unchanged(ssp: Running, provider: StubProvider) -> None:
    piece, count = bytes(range(256)) * 256, 16 * 16

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await body_of(head, reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body)
        await writer.drain()

    provider.play = echo
    wire = await ssp.wire()
    await wire.send(ssp.request(method="POST", fields=(("Content-Length", str(len(piece) * count)),)))
    for _ in range(count):
        await wire.send(piece)

    answer = await wire.answer()

    assert answer.status == 200
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(piece * count).digest()
    assert ssp.record()["bytes"] == {"from_consumer": 16 * MIB, "to_consumer": 16 * MIB}


async def test_a_consumer_that_does_not_read_holds_the_provider_back(ssp: Running, provider: StubProvider) -> None:
    held_back = asyncio.Event()
    taken = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MIB))
        taken = await poured(writer, held_back)

    provider.play = pour
    wire = await ssp.wire()
    await wire.send(ssp.request())
    await asyncio.wait_for(held_back.wait(), 10)
    answer = await wire.answer()

    assert len(answer.body) == 64 * MIB
    assert taken < 32 * MIB, "the proxy took in what its consumer had not asked for"


async def test_a_provider_that_does_not_read_holds_the_consumer_back(ssp: Running, provider: StubProvider) -> None:
    held_back = asyncio.Event()

    async def wait_then_swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        reader._transport.pause_reading()
        await held_back.wait()
        reader._transport.resume_reading()
        await body_of(head, reader)
        writer.write(OK)
        await writer.drain()

    provider.play = wait_then_swallow
    wire = await ssp.wire()
    await wire.send(ssp.request(method="POST", fields=(("Content-Length", str(64 * MIB)),)))
    taken = await poured(wire.writer, held_back)

    assert (await wire.answer()).status == 200
    assert taken < 32 * MIB, "the proxy took in what its provider had not asked for"


async def poured(writer: asyncio.StreamWriter, held_back: asyncio.Event) -> int:
    """Write 64 MiB, and return how many bytes had been taken when it first took no more for half a second."""
    piece, taken, at_hold = b"x" * 65_536, 0, 0
    while taken < 64 * MIB:
        writer.write(piece)
        try:
            await asyncio.wait_for(writer.drain(), None if held_back.is_set() else 0.5)
        except TimeoutError:
            at_hold = taken
            held_back.set()
            await writer.drain()
        taken += len(piece)
    held_back.set()
    return at_hold or taken


async def test_expect_continue_waits_for_the_providers_word(ssp: Running, provider: StubProvider) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"\r\nExpect: 100-continue\r\n" in head
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await reader.readexactly(4) == b"body"
        writer.write(OK)
        await writer.drain()

    provider.play = play
    wire = await ssp.wire()
    await wire.send(ssp.request(method="POST", fields=(("Expect", "100-continue"), ("Content-Length", "4"))))
    assert (await wire.head()).status == 100
    await wire.send(b"body")

    assert (await wire.answer()).status == 200


async def test_a_provider_may_refuse_a_body_that_waits_for_its_word(ssp: Running, provider: StubProvider) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await writer.drain()
        await reader.read(1)

    provider.play = play
    wire = await ssp.wire()
    await wire.send(ssp.request(method="POST", fields=(("Expect", "100-continue"), ("Content-Length", "4"))))

    answer = await wire.answer()

    assert (answer.status, answer.body, answer.interim) == (413, b"no", [])


async def test_an_early_answer_comes_back_while_the_body_is_still_on_its_way(
    ssp: Running, provider: StubProvider
) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 422 No\r\nContent-Length: 2\r\n\r\nno")
        await writer.drain()
        await reader.read()

    provider.play = play
    wire = await ssp.wire()
    await wire.send(ssp.request(method="POST", fields=(("Content-Length", "1000"),), body=b"half"))

    assert (await wire.answer()).status == 422
