"""Two ends of a connection, the proxy's under asyncio and the consumer's in a test's own hands."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from aiohttp.base_protocol import BaseProtocol

from ssp_emulator.proxy.tls import ConsumerTls, for_consumers
from support.raw import RawConsumer
from support.wire import context

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from ssp_emulator.pki.folder import CertificateFolder

SMALL = 8 * 1024  # bytes of a socket's buffer
WAITING = 60_000  # more than that, and few enough for TLS to hand them all on


class Met(BaseProtocol):
    """The proxy's end of a connection."""

    retiring = False
    requests = 1

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.received = b""
        self.made: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.made.set_result(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set_result(exc)


@asynccontextmanager
async def connected(folder: CertificateFolder, *, tls: bool = True) -> AsyncIterator[tuple[Met, RawConsumer]]:
    """Two ends with small buffers, the consumer's not reading."""
    loop = asyncio.get_running_loop()
    met = Met()
    ours = ConsumerTls(folder.ssp_server.certificate, folder.ssp_server.key, folder.chain) if tls else None
    adapter = cast("ssl.SSLContext", for_consumers(ours, loop.time)) if ours else None
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        server = await loop.create_server(lambda: met, sock=listening, ssl=adapter)
        theirs = await RawConsumer.open(
            listening.getsockname()[1], context(folder, folder.consumer) if tls else None, receive_buffer=SMALL
        )
        await met.made
        try:
            yield met, theirs
        finally:
            theirs.close()
            met.made.result().abort()
            server.close()
            await server.wait_closed()
