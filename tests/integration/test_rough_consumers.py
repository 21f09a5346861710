"""Consumers that are slow, broken or gone: each costs no one else anything, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import random
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs
from support.handshakes import said_hello
from support.raw import RawConsumer, raw, recorded
from support.running import running
from support.waiting import until
from support.wire import context

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder
    from ssp_emulator.proxy.listener import Listener

LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n" + bytes(20_000_000)
UPLOAD = {"method": "POST", "fields": (("Content-Length", "100000"),)}
BELONGS = {"request", "the TLS handshake failed"}


def listener_of(ssp: Running) -> Listener:
    reloader: Any = ssp.emulator._reloader
    return next(part for part in reloader._parts if part.name == "certificates for consumers").apply.__self__


async def nobody_is_left(ssp: Running) -> None:
    listener = listener_of(ssp)
    await until(lambda: listener.connections == 0)


async def test_a_request_may_come_byte_by_byte_also_beneath_tls(ssp: Running) -> None:
    async with raw(ssp) as consumer:
        await consumer.drip(ssp.request())
        answer = await consumer.answer()

    assert answer.head.startswith(b"HTTP/1.1 200 ")
    await nobody_is_left(ssp)


async def test_so_may_a_handshake(ssp: Running) -> None:
    """A server that answers at all has read the ClientHello to its end."""
    async with raw(ssp, tls=False) as consumer:
        for byte in said_hello():
            await consumer.send(bytes([byte]))
            await asyncio.sleep(0)
        seen = await consumer.until(6)

    assert (seen.data[0], seen.data[5]) == (0x16, 2)  # a handshake's record, with a ServerHello


async def test_one_that_reads_nothing_of_a_large_answer_is_left(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    provider.answer = LARGE
    async with running(tmp_path, certificates, provider.port, proxy={"idle_timeout_s": 0.2}) as ssp:
        async with raw(ssp, receive_buffer=8192) as consumer:
            await consumer.send(ssp.request())
            record = await recorded(ssp)
            seen = await consumer.ended()

            assert (record["status"], record["broken_off"]) == (200, True)
            assert record["notes"] == ["the consumer took nothing for 0.2 s"]
            assert len(seen.data) < len(LARGE)
            assert not seen.close_notify
        await nobody_is_left(ssp)


@pytest.mark.parametrize("when", ["before a request", "during one", "during an upload"])
async def test_what_is_no_tls_within_a_connection_breaks_that_off_and_no_other(
    ssp: Running, provider: StubProvider, when: str
) -> None:
    asked = asyncio.Event()

    async def play(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()

    other = await ssp.wire()
    provider.play = play
    with capture_logs() as log:
        async with raw(ssp) as consumer:
            if when != "before a request":
                await consumer.send(ssp.request(**(UPLOAD if when == "during an upload" else {})))
                await asyncio.wait_for(asked.wait(), 5)
            await consumer.send_beneath(b"\x17\x03\x03\x00\x40" + bytes(64))
            with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):  # it is told so
                await consumer.ended()
            if when != "before a request":
                assert (await recorded(ssp))["status"] == 499
    provider.play = None

    assert {entry["event"] for entry in log} <= BELONGS
    assert (await other.ask(ssp.request())).status == 200
    await other.close()
    await nobody_is_left(ssp)


@pytest.mark.parametrize("part", [1, 5, 100, None], ids=["a byte", "a record's head", "half a hello", "a hello"])
async def test_half_a_handshake_is_waited_for_for_a_while_only(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, part: int | None
) -> None:
    async with running(tmp_path, certificates, provider.port, proxy={"handshake_timeout_s": 0.2}) as ssp:
        with capture_logs() as log:
            async with raw(ssp, tls=False) as consumer:
                await consumer.send(said_hello()[:part])
                await consumer.ended()
        await nobody_is_left(ssp)

        assert [entry["event"] for entry in log] == ["the TLS handshake failed"]
        assert ssp.records() == []
        assert (await ssp.ask()).status == 200


# What a consumer may do; it closes in its own way when it has done that.


async def say_nothing(_: Running, __: RawConsumer) -> None:
    """Do nothing at all."""


async def say_half_a_hello(_: Running, consumer: RawConsumer) -> None:
    await consumer.send_beneath(said_hello()[:100])


async def babble(_: Running, consumer: RawConsumer) -> None:
    await consumer.send_beneath(b"\x16\x03\x01\x00\x05hello")


async def shake_hands(_: Running, consumer: RawConsumer) -> None:
    await consumer.shake_hands()


async def ask_half(ssp: Running, consumer: RawConsumer) -> None:
    await consumer.shake_hands()
    await consumer.send(ssp.request()[:-10])


async def ask(ssp: Running, consumer: RawConsumer) -> None:
    await consumer.shake_hands()
    await consumer.send(ssp.request())


async def ask_and_read(ssp: Running, consumer: RawConsumer) -> None:
    await ask(ssp, consumer)
    await consumer.answer()


async def ask_several_times(ssp: Running, consumer: RawConsumer) -> None:
    await consumer.shake_hands()
    await consumer.send(ssp.request() * 5)
    await consumer.until(1)


async def upload_half(ssp: Running, consumer: RawConsumer) -> None:
    await consumer.shake_hands()
    await consumer.send(ssp.request(**UPLOAD) + bytes(50_000))


async def break_tls(ssp: Running, consumer: RawConsumer) -> None:
    await ask(ssp, consumer)
    await consumer.send_beneath(bytes(100))


DOES: list[Callable[[Running, RawConsumer], Awaitable[None]]] = [
    say_nothing, say_half_a_hello, babble, shake_hands, ask_half, ask, ask_and_read, ask_several_times, upload_half,
    break_tls,
]  # fmt: skip
ENDS: list[Callable[[RawConsumer], object]] = [RawConsumer.close, RawConsumer.reset, RawConsumer.hang_up]


async def test_five_hundred_that_come_and_go_as_they_like_leave_nothing_behind(
    ssp: Running, provider: StubProvider
) -> None:
    chance, few, told = random.Random(6), asyncio.Semaphore(20), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what))
    using = context(ssp.certificates, ssp.certificates.consumer)

    async def come_and_go(does: Callable[..., Awaitable[None]], end: Callable[[RawConsumer], object]) -> None:
        async with few:
            consumer = await RawConsumer.connect(ssp.port, using)
            with suppress(ConnectionError, ssl.SSLError):
                await does(ssp, consumer)
                end(consumer)
            consumer.close()

    with capture_logs() as log:
        async with asyncio.timeout(60), asyncio.TaskGroup() as all_of_them:
            for _ in range(500):
                all_of_them.create_task(come_and_go(chance.choice(DOES), chance.choice(ENDS)))
        await nobody_is_left(ssp)

    assert told == []
    assert {entry["event"] for entry in log} == BELONGS
    assert {entry["log_level"] for entry in log} == {"info"}
    assert {record["status"] for record in ssp.records()} <= {200, 400, 499}
    assert (await ssp.ask()).status == 200
