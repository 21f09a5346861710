"""A transport over real sockets: every byte comes, in its order, and every end is told for what it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.ends import MUCH, PATIENCE_S, WAITING, Met, connected, lost, pair, write
from support.waiting import until

from ssp_emulator.proxy.channel import LARGEST, Plain
from ssp_emulator.proxy.transport import Transport

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from ssp_emulator.pki.folder import CertificateFolder

TLS = pytest.mark.parametrize("tls", [True, False], ids=["TLS", "plain"])


# What passes.


@TLS
@pytest.mark.parametrize("piece", [777, LARGEST - 1, LARGEST, LARGEST + 1, len(MUCH)])
async def test_every_byte_comes_in_its_order_both_ways_at_once(
    certificates: CertificateFolder, tls: bool, piece: int
) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        async with asyncio.timeout(3 * PATIENCE_S), asyncio.TaskGroup() as all_at_once:
            all_at_once.create_task(write(met, MUCH, piece))
            all_at_once.create_task(theirs.send(MUCH[::-1]))
            reading = all_at_once.create_task(theirs.until(len(MUCH)))
            all_at_once.create_task(met.until(len(MUCH)))

        assert reading.result().data == MUCH
        assert met.received == MUCH[::-1]


@pytest.mark.parametrize("length", [1, LARGEST - 1, LARGEST, LARGEST + 1, 2 * LARGEST])
async def test_a_record_is_read_whole_whatever_its_length(certificates: CertificateFolder, length: int) -> None:
    async with connected(certificates, buffers=1 << 20) as (met, theirs):
        await theirs.send(MUCH[:length])

        assert await met.until(length) == MUCH[:length]


async def test_a_record_may_come_byte_by_byte(certificates: CertificateFolder) -> None:
    async with connected(certificates) as (met, theirs):
        await theirs.drip(MUCH[:300])

        assert await met.until(300) == MUCH[:300]


class Stingy(Plain):
    """A channel that takes only as many bytes at once as it is told to, in turn, and then all."""

    def __init__(self, connection: socket.socket, takes: list[int]) -> None:
        super().__init__(connection)
        self._takes = takes

    def send(self, data: bytes | memoryview) -> int:
        most = self._takes.pop(0) if self._takes else len(data)
        return super().send(data[:most]) if most else 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=12), st.lists(st.integers(0, 9), max_size=20))
def test_what_is_taken_in_parts_is_sent_once_and_in_its_order(pieces: list[bytes], takes: list[int]) -> None:
    async def sent() -> bytes:
        ours, theirs = await pair()
        with theirs:
            met = Met()
            transport = Transport(ours, Stingy(ours, takes), met)
            for piece in pieces:
                transport.write(piece)
            transport.close()
            received = b""
            while some := await asyncio.get_running_loop().sock_recv(theirs, 1 << 16):
                received += some
        assert await lost(met) is None
        return received

    assert asyncio.run(sent()) == b"".join(pieces)


def there(theirs: socket.socket) -> bytes:
    """What has come by now."""
    try:
        return theirs.recv(1 << 20)
    except BlockingIOError:
        return b""


async def leave_it(transport: Transport) -> None:
    await asyncio.sleep(0)


async def flush(transport: Transport) -> None:
    transport.flush()


async def close(transport: Transport) -> None:
    transport.close()


async def hang_up(transport: Transport) -> None:
    transport.hang_up()


async def abort(transport: Transport) -> None:
    transport.abort()


async def write_much(transport: Transport) -> None:
    transport.write(bytes(LARGEST - 4))


@pytest.mark.parametrize("does", [leave_it, flush, close, hang_up, abort, write_much])
async def test_what_is_small_goes_out_at_the_next_turn_or_before_whatever_comes_next(
    does: Callable[[Transport], Awaitable[None]],
) -> None:
    ours, theirs = await pair()
    with theirs:
        met = Met()
        transport = Transport(ours, Plain(ours), met)
        transport.write(b"abc")
        transport.write(b"de")
        early = there(theirs)
        await does(transport)
        assert (early, there(theirs)[:5]) == (b"", b"abcde")

        transport.abort()
        await lost(met)


async def test_what_is_small_goes_out_in_one_piece(certificates: CertificateFolder) -> None:
    async with connected(certificates) as (met, theirs):
        sent = []
        channel = met.made.get_extra_info("channel")
        plain = channel.send
        channel.send = lambda data: sent.append(len(data)) or plain(data)
        for piece in (b"head", b"body", b"", b"end"):
            met.made.write(piece)
        assert (await theirs.until(11)).data == b"headbodyend"
        assert sent == [11]


async def test_what_was_to_go_out_is_forgotten_where_the_connection_is_gone(certificates: CertificateFolder) -> None:
    async with connected(certificates, tls=False) as (met, theirs):
        theirs.reset()
        await until(met.lost.done)
        met.made.write(b"abc")
        met.made.flush()
        assert await lost(met) is not None


# Who waits.


@TLS
async def test_a_writer_is_asked_to_wait_once_too_much_waits_and_to_go_on_once_little_does(
    certificates: CertificateFolder, tls: bool
) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        low, high = met.made.get_write_buffer_limits()
        written, before = 0, []
        while met.made.get_write_buffer_size() <= high:
            before = list(met.told)
            met.made.write(bytes(5000))
            written += 5000
        told = list(met.told)
        met.made.write(bytes(5000))
        await theirs.until(written - low)
        enough = list(met.told)
        await theirs.until(written + 5000)

        assert (before, told) == ([], ["pause"])
        assert enough == met.told == ["pause", "resume"]


async def test_limits_can_be_set_and_hold_for_what_waits_already(certificates: CertificateFolder) -> None:
    async with connected(certificates) as (met, theirs):
        usual = met.made.get_write_buffer_limits()
        met.made.set_write_buffer_limits(high=10 * WAITING)
        met.made.write(bytes(2 * WAITING))
        before = met.made.get_write_buffer_limits(), list(met.told)
        met.made.set_write_buffer_limits(high=0, low=0)
        after = met.made.get_write_buffer_limits(), list(met.told)
        await theirs.until(2 * WAITING)
        await asyncio.wait_for(met.room(), PATIENCE_S)
        met.made.set_write_buffer_limits()

        assert before == ((10 * WAITING // 4, 10 * WAITING), [])
        assert after == ((0, 0), ["pause"])
        assert (met.told, met.made.get_write_buffer_size()) == (["pause", "resume"], 0)
        assert met.made.get_write_buffer_limits() == usual


@TLS
async def test_nothing_is_handed_on_to_a_reader_that_waits_and_all_of_it_afterwards(
    certificates: CertificateFolder, tls: bool
) -> None:
    async with connected(certificates, tls=tls) as (met, theirs):
        met.made.pause_reading()
        met.made.pause_reading()
        sending = asyncio.create_task(theirs.send(MUCH))
        for _ in range(50):
            await asyncio.sleep(0)
        meanwhile = bytes(met.received), met.made.is_reading(), sending.done()
        met.made.resume_reading()
        met.made.resume_reading()

        assert meanwhile == (b"", False, False)
        assert await met.until(len(MUCH)) == MUCH
        assert met.made.is_reading()
        await sending


async def test_a_reader_that_asks_for_a_pause_gets_no_other_piece(certificates: CertificateFolder) -> None:
    class Sated(Met):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self.made.pause_reading()

    ours, theirs = await pair()
    with theirs:
        await asyncio.get_running_loop().sock_sendall(theirs, MUCH[: 3 * LARGEST])
        met = Sated()
        transport = Transport(ours, Plain(ours), met)
        lengths = []
        for _ in range(3):
            await met.until(sum(lengths) + 1)
            lengths.append(len(met.received) - sum(lengths))
            transport.resume_reading()
        transport.abort()
        await lost(met)

    assert lengths == [LARGEST] * 3


# Protocols that have a will of their own.


async def test_a_protocol_may_give_up_as_soon_as_it_has_the_connection() -> None:
    class Unwilling(Met):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.made.abort()

    ours, theirs = await pair()
    with theirs:
        theirs.send(b"nobody reads that")
        met = Unwilling()
        Transport(ours, Plain(ours), met)

        assert await lost(met) is None
        assert met.received == b""


@pytest.mark.parametrize("end", [Transport.abort, Transport.close])
async def test_a_protocol_that_ends_in_the_middle_is_handed_nothing_more(end: Callable[[Transport], None]) -> None:
    class Fussy(Met):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            end(self.made)

    ours, theirs = await pair()
    with theirs:
        await asyncio.get_running_loop().sock_sendall(theirs, MUCH[: 3 * LARGEST])
        met = Fussy()
        Transport(ours, Plain(ours), met, farewell_s=0.05)

        assert await lost(met) is None
        assert len(met.received) == LARGEST


async def test_a_socket_is_closed_also_where_its_protocol_fails() -> None:
    class Failing(Met):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            raise LookupError("this is a defect")

    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what["exception"]))
    ours, theirs = await pair()
    with theirs:
        met = Failing()
        Transport(ours, Plain(ours), met).abort()
        await lost(met)
        await until(lambda: told)

    assert ours.fileno() == -1
    assert [type(error) for error in told] == [LookupError]
