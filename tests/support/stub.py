"""A provider that answers what a test says, byte for byte, and keeps what it was sent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from ssp_emulator.pki.folder import CertificateFolder, KeyPair

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Received:
    """A request as the provider got it: the head's bytes, and the body without its chunks."""

    head: bytes
    body: bytes
    connection: int

    @property
    def start(self) -> str:
        """The request line."""
        return self.head.split(b"\r\n", 1)[0].decode()

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The fields in their order and case."""
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        return [(name, value) for name, _, value in (line.partition(": ") for line in lines)]

    def all(self, name: str) -> list[str]:
        """Return every value of a field."""
        return [value for field_name, value in self.fields if field_name.lower() == name.lower()]


Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class StubProvider:
    """The provider, listening while the context manager is open.

    `answer` is sent to each request that has come whole. `play`, where a test sets it, has the connection to itself
    instead, from the first byte on.
    """

    def __init__(self, folder: CertificateFolder, port: int = 0, *, shown: KeyPair | None = None) -> None:
        self.answer = OK
        self.play: Play | None = None
        self.received: list[Received] = []
        self.connections = 0
        self.shown: list[int] = []  # the serial number of the certificate that the proxy showed on each
        self.resumed: list[bool] = []  # whether the proxy resumed a TLS session on each
        self.port = port
        self._shown = shown or folder.provider
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._shown.certificate, self._shown.key)
        context.load_verify_locations(self._folder.chain)
        context.verify_mode = ssl.CERT_REQUIRED
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.drop_connections()
        await self._server.wait_closed()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def drop_connections(self) -> None:
        """Break every connection there is."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        secured = writer.get_extra_info("ssl_object")
        self.shown.append(int(secured.getpeercert()["serialNumber"], 16))
        self.resumed.append(secured.session_reused)
        self._writers.add(writer)
        serving = asyncio.current_task()
        assert serving is not None
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)
        try:
            if self.play is not None:
                await self.play(reader, writer)
            else:
                await self._answer_each(reader, writer, self.connections)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the proxy closed; what it had sent is kept
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer_each(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.received.append(Received(head, await body_of(head, reader), connection))
            writer.write(self.answer)
            await writer.drain()


async def body_of(head: bytes, reader: asyncio.StreamReader) -> bytes:
    """Read the body that a head announces."""
    lowered = head.lower()
    if b"\r\ntransfer-encoding: chunked" in lowered:
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
        return body
    if b"\r\ncontent-length: " in lowered:
        return await reader.readexactly(int(lowered.split(b"\r\ncontent-length: ")[1].split(b"\r\n")[0]))
    return b""
