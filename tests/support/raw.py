"""A consumer that sees both layers: what TLS says, and beneath it, how TCP ends."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from support.waiting import until
from support.wire import context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.running import Running

PATIENCE_S = 10.0
_RECORD = 16 * 1024


@dataclass
class Seen:
    """What came on a connection.

    `records` are the bytes of each TLS record, or of each read where there is no TLS, with the moment that they came,
    in seconds; `close_notify` and `end` are how TLS and TCP ended, the latter `FIN` or `RST`.
    """

    records: list[tuple[float, bytes]] = field(default_factory=list)
    close_notify: bool = False
    end: str | None = None

    @property
    def data(self) -> bytes:
        """All bytes."""
        return b"".join(some for _, some in self.records)

    @property
    def head(self) -> bytes:
        """The head of the answer."""
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        """What came after the head, as it came."""
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def pieces(self) -> list[bytes]:
        """The body by the records that it came in; what came with the head is the first."""
        pieces, head = [], b""
        for _, some in self.records:
            if b"\r\n\r\n" in head:
                pieces.append(some)
            else:
                head += some
                pieces = [head.partition(b"\r\n\r\n")[2]]
        return [piece for piece in pieces if piece]


class RawConsumer:
    """One connection to the proxy, over TLS where there is a context.

    `seen` is what came on it so far; `replies` says whether close_notify is answered with its like.
    """

    def __init__(self, sock: socket.socket, tls: ssl.SSLContext | None) -> None:
        self.seen = Seen()
        self.replies = True
        self._socket = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = tls.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost") if tls else None

    @classmethod
    async def open(cls, port: int, tls: ssl.SSLContext | None, *, receive_buffer: int | None = None) -> Self:
        """Connect to a port of this machine and shake hands; the socket's buffer may be made small, in bytes."""
        made = await cls.connect(port, tls, receive_buffer=receive_buffer)
        await made.shake_hands()
        return made

    @classmethod
    async def connect(cls, port: int, tls: ssl.SSLContext | None, *, receive_buffer: int | None = None) -> Self:
        """Connect to a port of this machine, and do not shake hands yet."""
        sock = socket.socket()
        sock.setblocking(False)
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        made = cls(sock, tls)
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        return made

    async def shake_hands(self) -> None:
        """Shake hands, where there is TLS."""
        async with asyncio.timeout(PATIENCE_S):
            while self._tls is not None:
                try:
                    self._tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    await self._flush()
                    await self._receive()
            await self._flush()

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        if self._tls is None:
            await asyncio.get_running_loop().sock_sendall(self._socket, data)
            return
        for start in range(0, len(data), _RECORD):
            self._tls.write(data[start : start + _RECORD])
            await self._flush()

    async def drip(self, data: bytes) -> None:
        """Send bytes, and each byte of the records that they make by itself."""
        assert self._tls is not None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tls.write(data)
        for byte in self._outgoing.read():
            await self.send_beneath(bytes([byte]))
            await asyncio.sleep(0)

    async def send_beneath(self, data: bytes) -> None:
        """Send bytes beneath TLS, as they are."""
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def finish(self) -> None:
        """Say that nothing more comes, in TLS where there is any, and send a FIN; what comes can still be read."""
        if self._tls is not None:
            with suppress(ssl.SSLWantReadError):
                self._tls.unwrap()
            await self._flush()
        self.hang_up()

    def hang_up(self) -> None:
        """Send a FIN, and say nothing in TLS; what comes can still be read."""
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close the connection with a RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    async def until(self, length: int) -> Seen:
        """Read until so many bytes have come."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.seen.data) < length:
                assert await self._read(), f"the connection ended: {self.seen}"
        return self.seen

    async def answer(self) -> Seen:
        """Read an answer that has a Content-Length, and return it alone."""
        async with asyncio.timeout(PATIENCE_S):
            while b"\r\n\r\n" not in self.seen.data or len(self.seen.body) < _length(self.seen.head):
                assert await self._read(), f"the connection ended: {self.seen}"
        answer, self.seen = self.seen, Seen()
        return answer

    async def ended(self) -> Seen:
        """Read until the connection ends."""
        async with asyncio.timeout(PATIENCE_S):
            while await self._read():
                pass
        return self.seen

    async def silent(self, seconds: float) -> bool:
        """Tell whether nothing comes for so long: no byte, and no end."""
        try:
            async with asyncio.timeout(seconds):
                await self._receive()
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        """Close the connection: with a FIN, and with nothing said in TLS."""
        self._socket.close()

    async def _read(self) -> bool:
        if not await self._receive():
            return False
        while self._tls is not None and not self.seen.close_notify:
            try:
                some = self._tls.read(_RECORD)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                some = b""
            if some:
                self.seen.records.append((time.monotonic(), some))
            else:
                self.seen.close_notify = True
                if self.replies:
                    await self._say_goodbye()
        return True

    async def _receive(self) -> bool:
        try:
            some = await asyncio.get_running_loop().sock_recv(self._socket, 64 * 1024)
        except ConnectionResetError:
            self.seen.end = "RST"
            return False
        if not some:
            self.seen.end = "FIN"
            return False
        if self._tls is not None:
            self._incoming.write(some)
        else:
            self.seen.records.append((time.monotonic(), some))
        return True

    async def _say_goodbye(self) -> None:
        with suppress(ssl.SSLError, ConnectionError):  # the other side may not wait for it
            self._tls.unwrap()
            await self._flush()

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await asyncio.get_running_loop().sock_sendall(self._socket, data)


def _length(head: bytes) -> int:
    return int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])


@asynccontextmanager
async def raw(ssp: Running, *, tls: bool = True, receive_buffer: int | None = None) -> AsyncIterator[RawConsumer]:
    """Connect to an emulator with the consumer's certificate, or without TLS."""
    shown = context(ssp.certificates, ssp.certificates.consumer) if tls else None
    made = await RawConsumer.open(ssp.port, shown, receive_buffer=receive_buffer)
    try:
        yield made
    finally:
        made.close()


async def seen_by(ssp: Running, request: bytes, *, tls: bool = True) -> Seen:
    """Send a request on a connection of its own, and return all that comes until that ends."""
    async with raw(ssp, tls=tls) as consumer:
        await consumer.send(request)
        return await consumer.ended()


async def recorded(ssp: Running, count: int = 1) -> dict[str, Any]:
    """Wait until the trail has so many records, and return the last."""
    await until(lambda: len(ssp.records()) >= count)
    return ssp.record()
