"""A connection of the load generator: a TLS socket that does not block, and the event loop's word when it can go on.

asyncio's own TLS keeps each byte in buffers of its own; what matters here is that the generator takes little of the
processor, which it shares with what it measures.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from load.answer import Answer

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from load.job import Door

_ROOM = bytearray(64 * 1024)  # what was read is taken out of it at once, so that all connections can share it
_VIEW = memoryview(_ROOM)
_READS_A_TURN = 32  # TLS records that are read before the others have their turn


class Entrance:
    """A door that is opened again and again: its TLS context, its address, and the session that can be taken up."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.address = (door.host, door.port)
        self.session: ssl.SSLSession | None = None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.minimum_version = self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.context.load_verify_locations(door.trust)
        self.context.load_cert_chain(door.certificate, door.key)


class Connection:
    """One connection through an entrance: opened, asked one thing at a time, closed.

    `then` is called with the connection once what was begun is over: opening, or an answer. `trouble` says what went
    wrong then, or nothing; a connection with trouble is closed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, entrance: Entrance, crc32: int | None = None) -> None:
        self._loop = loop
        self._entrance = entrance
        self._tls: ssl.SSLSocket | None = None
        self._raw: socket.socket | None = None
        self._unsent: memoryview | None = None
        self._then: Callable[[Connection], None] | None = None
        self.answer = Answer(crc32)
        self.trouble: str | None = None
        self.begun = self.asked = 0.0  # for whoever keeps the time of what is under way
        self.resumed = False

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent."""
        return self._tls is not None

    def open(self, then: Callable[[Connection], None]) -> None:
        """Begin to connect and to shake hands."""
        self._then, self.trouble = then, None
        raw = self._raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.connect_ex(self._entrance.address)
        self._loop.add_writer(raw, self._connected)

    def ask(self, request: bytes, then: Callable[[Connection], None]) -> None:
        """Send a request, and read its answer."""
        if self._tls is None:
            raise LookupError("this connection is not open")
        self._then = then
        self.answer.reset()
        try:
            sent = self._tls.send(request)
        except OSError as error:
            self._over(_named(error, "sending"))
            return
        if sent < len(request):
            self._unsent = memoryview(request)[sent:]
            self._loop.add_writer(self._tls, self._send_on)

    def close(self) -> None:
        """Close it, with a farewell, without which OpenSSL would not take the session up again."""
        if self._tls is not None:
            self._loop.remove_reader(self._tls)
            self._loop.remove_writer(self._tls)
            with suppress(OSError, ValueError):
                self._tls.unwrap()
            self._tls.close()
        elif self._raw is not None and self._raw.fileno() >= 0:
            self._loop.remove_writer(self._raw)
            self._raw.close()
        self._tls = self._raw = self._unsent = None

    def _connected(self) -> None:
        raw = self._raw
        if raw is None:
            return
        self._loop.remove_writer(raw)
        if code := raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._over(_named(OSError(code, ""), "connecting"))
            return
        door = self._entrance.door
        session = self._entrance.session if door.resume else None
        try:
            self._tls = self._entrance.context.wrap_socket(
                raw, do_handshake_on_connect=False, server_hostname=door.server_name, session=session
            )
        except OSError as error:
            self._over(_named(error, "connecting"))
            return
        self._loop.add_reader(self._tls, self._shake_hands)
        self._shake_hands()

    def _shake_hands(self) -> None:
        if self._tls is None:
            return
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except OSError as error:
            self._over(_named(error, "handshake"))
            return
        self.resumed = bool(self._tls.session_reused)
        if self._entrance.door.resume and not self.resumed:
            self._entrance.session = self._tls.session
        self._loop.add_reader(self._tls, self._readable)
        self._over(None)

    def _send_on(self) -> None:
        if self._tls is None or self._unsent is None:
            return
        try:
            self._unsent = self._unsent[self._tls.send(self._unsent) :]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError as error:
            self._over(_named(error, "sending"))
            return
        if not self._unsent:
            self._loop.remove_writer(self._tls)

    def _readable(self) -> None:
        for _ in range(_READS_A_TURN):
            if self._tls is None:
                return
            try:
                count = self._tls.recv_into(_ROOM)
                if not count:
                    self._over("closed by the server")
                    return
                if self.answer.feed(bytes(_VIEW[:count])):
                    if self.answer.closes:
                        self.close()
                    self._over(None)
                    return
            except ssl.SSLWantReadError:
                return
            except (OSError, ValueError) as error:
                self._over(_named(error, "reading"))
                return

    def _over(self, trouble: str | None) -> None:
        then, self._then, self.trouble = self._then, None, trouble
        if trouble is not None:
            self.close()
        if then is not None:
            then(self)


def _named(error: Exception, what: str) -> str:
    reason = getattr(error, "reason", None) or (getattr(error, "errno", None) and type(error).__name__) or str(error)
    return f"{what}: {reason}"
