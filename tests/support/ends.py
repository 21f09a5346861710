"""Two ends of a connection, the proxy's under asyncio and the consumer's in a test's own hands."""

from __future__ import annotations

import asyncio
import random
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from ssp_emulator.clock import SystemClock
from ssp_emulator.proxy.channel import Plain
from ssp_emulator.proxy.tls import ConsumerTls, for_consumers
from ssp_emulator.proxy.transport import Transport, shake_hands
from support.raw import RawConsumer
from support.wire import context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ssp_emulator.pki.folder import CertificateFolder

SMALL = 8 * 1024  # bytes of a socket's buffer
WAITING = 60_000  # more than two such sockets hold
PATIENCE_S = 10.0
MUCH = random.Random(1).randbytes(1_000_000)


class Met(asyncio.Protocol):
    """The proxy's end of a connection, as a protocol that keeps what it is told, and as what carries an answer."""

    retiring = False
    deaf = False
    requests = 1

    def __init__(self) -> None:
        self.received = bytearray()
        self.told: list[str] = []
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.transport: Transport | None = None
        self._room = asyncio.Event()
        self._room.set()

    @property
    def made(self) -> Transport:
        """The transport, also when the connection is gone."""
        return self._made

    async def room(self) -> None:
        """Return when more may be written."""
        await self._room.wait()

    async def until(self, length: int) -> bytes:
        """Wait until so many bytes have come, and return all."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.received) < length:  # noqa: ASYNC110 - what comes tells no one
                await asyncio.sleep(0.001)
        return bytes(self.received)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._made = self.transport = cast("Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.received += data

    def eof_received(self) -> None:
        self.told.append("end")

    def pause_writing(self) -> None:
        self.told.append("pause")
        self._room.clear()

    def resume_writing(self) -> None:
        self.told.append("resume")
        self._room.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._room.set()
        self.lost.set_result(exc)


async def lost(met: Met) -> Exception | None:
    """Wait until a connection is gone, and return why."""
    return await asyncio.wait_for(met.lost, PATIENCE_S)


async def write(met: Met, data: bytes, piece: int) -> None:
    """Write bytes in pieces of a length, each when there is room for it."""
    for start in range(0, len(data), piece):
        met.made.write(data[start : start + piece])
        await met.room()


async def pair(buffers: int | None = None) -> tuple[socket.socket, socket.socket]:
    """Return two ends of a TCP connection, ours that was accepted and theirs, neither blocking.

    Their buffers have so many bytes, or as many as the system gives them.
    """
    loop = asyncio.get_running_loop()
    theirs = socket.socket()
    theirs.setblocking(False)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        for end in (listening, theirs) if buffers is not None else ():
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
        await loop.sock_connect(theirs, listening.getsockname())
        ours, _ = await loop.sock_accept(listening)
    ours.setblocking(False)
    return ours, theirs


@asynccontextmanager
async def connected(
    folder: CertificateFolder, *, tls: bool = True, farewell_s: float = 2.0, buffers: int = SMALL
) -> AsyncIterator[tuple[Met, RawConsumer]]:
    """Two ends whose buffers have so many bytes, the consumer's not reading."""
    ours, sock = await pair(buffers)
    theirs = RawConsumer(sock, context(folder, folder.consumer) if tls else None)
    met = Met()
    if tls:
        files = ConsumerTls(folder.ssp_server.certificate, folder.ssp_server.key, folder.chain)
        channel = for_consumers(files, SystemClock()).over(ours)
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as both:
            both.create_task(shake_hands(ours, channel))
            both.create_task(theirs.shake_hands())
        Transport(ours, channel, met, farewell_s=farewell_s)
    else:
        Transport(ours, Plain(ours), met, farewell_s=farewell_s)
    try:
        yield met, theirs
    finally:
        theirs.close()
        met.made.abort()
        await asyncio.wait_for(met.lost, PATIENCE_S)
