"""ClientHellos are read to their end, in however many pieces they come, and what is none is told at once."""

from __future__ import annotations

import asyncio
import socket
import ssl
import warnings
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.proxy import hello
from ssp_emulator.proxy.hello import Hello, Listening

if TYPE_CHECKING:
    from collections.abc import Iterator

V = ssl.TLSVersion


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
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


async def test_it_may_come_byte_by_byte(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = ends
    data = said("ssp.example.nhs.uk")
    monkeypatch.setattr(hello, "_PIECE", 1)
    theirs.sendall(data + b"more")

    assert await heard(ours) == Hello(data, "ssp.example.nhs.uk", whole=True)
    assert ours.recv(10) == b"more"


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
    assert len(made.received) <= hello._LONGEST + hello._PIECE
