"""ClientHellos are looked at to their end, in however many pieces they come, and what is none is told at once.

Over TCP, and not a pair of local sockets: only there can a socket be told to wait for more than it has.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import warnings
from typing import TYPE_CHECKING

import pytest
from support.ends import pair
from support.waiting import until

from ssp_emulator.proxy import hello
from ssp_emulator.proxy.hello import Hello, Listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

V = ssl.TLSVersion


@pytest.fixture
async def ends() -> AsyncIterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = await pair()
    theirs.setblocking(True)
    theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with ours, theirs:
        yield ours, theirs


def said(name: str | None, lowest: ssl.TLSVersion = V.TLSv1_2, highest: ssl.TLSVersion = V.TLSv1_3) -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are asked for on purpose
        context.minimum_version, context.maximum_version = lowest, highest
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


async def heard(ours: socket.socket) -> Hello:
    async with asyncio.timeout(10):
        return await Listening().hear(ours)


@pytest.mark.parametrize(
    "versions",
    [(V.TLSv1, V.TLSv1), (V.TLSv1_1, V.TLSv1_1), (V.TLSv1_2, V.TLSv1_2), (V.TLSv1_3, V.TLSv1_3), (V.TLSv1, V.TLSv1_3)],
    ids=["1.0", "1.1", "1.2", "1.3", "any"],
)
@pytest.mark.parametrize(
    ("name", "sni"),
    [("ssp.example.nhs.uk", "ssp.example.nhs.uk"), (None, None), ("127.0.0.1", None)],
    ids=["a name", "none", "an address"],
)
async def test_a_clienthello_is_read_with_its_name(
    ends: tuple[socket.socket, socket.socket],
    name: str | None,
    sni: str | None,
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion],
) -> None:
    ours, theirs = ends
    data = said(name, *versions)
    theirs.sendall(data)

    assert await heard(ours) == Hello(data, sni, whole=True)


async def test_it_may_come_byte_by_byte_and_stays_where_it_is(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    data = said("ssp.example.nhs.uk")
    hearing = asyncio.create_task(heard(ours))
    for byte in data:
        theirs.sendall(bytes([byte]))
        await asyncio.sleep(0)

    assert await hearing == Hello(data, "ssp.example.nhs.uk", whole=True)
    assert ours.recv(1 << 16) == data


async def test_what_comes_behind_it_stays_where_it_is_too(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    data = said("ssp.example.nhs.uk")
    theirs.sendall(data + b"more")

    made = await heard(ours)

    assert (made.received[: len(data)], made.sni, made.whole) == (data, "ssp.example.nhs.uk", True)
    assert await asyncio.get_running_loop().sock_recv(ours, 1 << 16) == data + b"more"


async def test_half_of_one_does_not_keep_the_loop_busy_and_one_byte_wakes_it_afterwards(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    data = said("ssp.example.nhs.uk")
    theirs.sendall(data[:100])
    hearing = asyncio.create_task(heard(ours))
    await until(lambda: ours.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == 101)
    readable = select.select([ours], [], [], 0)[0]
    theirs.sendall(data[100:])
    made = await hearing
    ours.recv(len(data))
    theirs.sendall(b"1")

    assert not readable
    assert made.whole
    assert await asyncio.wait_for(asyncio.get_running_loop().sock_recv(ours, 10), 10) == b"1"


async def test_who_waits_for_the_rest_can_be_stopped(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(said("ssp.example.nhs.uk")[:100])

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await Listening().hear(ours)

    assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == 1
    assert not asyncio.get_running_loop().remove_reader(ours)  # nobody watches it any more


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x00\x05hello", b"\x16GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 100],
    ids=["another message", "no version", "a record that is too long"],
)
async def test_what_is_no_clienthello_is_handed_on(ends: tuple[socket.socket, socket.socket], data: bytes) -> None:
    ours, theirs = ends
    theirs.sendall(data)

    assert await heard(ours) == Hello(data)


@pytest.mark.parametrize("length", [0, 1, 50, -1])
async def test_one_that_breaks_off_is_handed_on(ends: tuple[socket.socket, socket.socket], length: int) -> None:
    ours, theirs = ends
    data = said("ssp.example.nhs.uk")[:length]
    theirs.sendall(data)
    theirs.shutdown(socket.SHUT_WR)

    assert await heard(ours) == Hello(data)


async def test_one_without_end_is_not_read_for_ever(ends: tuple[socket.socket, socket.socket]) -> None:
    """Records of one byte each, of a ClientHello that says that it is as long as one may be."""
    ours, theirs = ends
    start = b"\x01\x01\xff\xfb"  # 131,067 bytes
    record = b"\x16\x03\x01\x00\x01"
    data = b"".join(record + bytes([byte]) for byte in start + bytes(20_000))
    sending = asyncio.create_task(asyncio.to_thread(theirs.sendall, data))
    made = await heard(ours)
    ours.setblocking(True)
    while not sending.done():
        await asyncio.to_thread(ours.recv, 1 << 16)

    assert not made.whole
    assert len(made.received) <= hello._LONGEST
