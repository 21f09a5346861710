"""Channels: what a socket carries, as plain bytes on our side: TLS, or nothing around them.

A channel never waits: where it cannot go on, it says so, and whoever watches the socket comes back.

Source: OpenSSL, SSL_read(3), SSL_write(3), SSL_shutdown(3); RFC 5246, 7.2.1 (close_notify).
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import socket

LARGEST = 16 * 1024  # bytes that a channel hands over at once: as many as a TLS record holds


class MoreNeededError(Exception):
    """A handshake needs bytes from the other side."""


class RoomNeededError(Exception):
    """A handshake needs room in the socket."""


class Channel(Protocol):
    """Bytes over a non-blocking socket. Each method raises `OSError` where the connection is broken."""

    def shake_hands(self) -> None:
        """Take the handshake as far as it goes; return when it is done.

        Raises `MoreNeededError` and `RoomNeededError` where it has to be called again, and `ssl.SSLError`.
        """
        ...

    def receive(self) -> bytes | None:
        """Return up to `LARGEST` bytes; None where there are none now, and nothing where the other side has ended.

        In TLS it has ended with its close_notify; a connection that only stops raises `CutShortError`.
        """
        ...

    def send(self, data: bytes | memoryview) -> int:
        """Take bytes, of which there is at least one, and return how many; zero where there is no room."""
        ...

    def bid_farewell(self) -> None:
        """Say that this is the end, as far as there is room for it."""
        ...


class CutShortError(ConnectionError):
    """The other side closed the connection, and did not say in TLS that this was the end."""


class Resumable(NamedTuple):
    """A TLS session, and until when it may be resumed, in Unix seconds."""

    session: ssl.SSLSession
    until: float


class Plain:
    """A channel with nothing around the bytes."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def shake_hands(self) -> None:
        """Do nothing."""

    def receive(self) -> bytes | None:
        """Return bytes. See `Channel`."""
        try:
            return self._connection.recv(LARGEST)
        except BlockingIOError:
            return None

    def send(self, data: bytes | memoryview) -> int:
        """Take bytes. See `Channel`."""
        try:
            return self._connection.send(data)
        except BlockingIOError:
            return 0

    def bid_farewell(self) -> None:
        """Do nothing: the FIN says it."""


class ToProvider:
    """A client's end of TLS: the standard library's, which checks the other side as it shakes hands."""

    def __init__(self, secured: ssl.SSLSocket) -> None:
        self._secured = secured
        # Bound once: they are called for every request.
        self._recv, self._send = secured.recv, secured.send

    @property
    def resumable(self) -> Resumable | None:
        """What another connection to the same host may resume, if anything.

        Its end is the other side's certificate's: a session that is resumed is not judged again. One whose connection
        broke off is not resumed (RFC 5246, 7.2.2).
        """
        session = self._secured.session
        if session is None:
            return None
        try:
            shown = self._secured.getpeercert()
        except ValueError:  # OpenSSL has put the connection in its state of error
            return None
        return Resumable(session, until=ssl.cert_time_to_seconds(str(shown["notAfter"]))) if shown else None

    def shake_hands(self) -> None:
        """Take the handshake as far as it goes. See `Channel`."""
        try:
            self._secured.do_handshake()
        except ssl.SSLWantReadError:
            raise MoreNeededError from None
        except ssl.SSLWantWriteError:
            raise RoomNeededError from None

    def receive(self) -> bytes | None:
        """Return bytes. See `Channel`."""
        try:
            return self._recv(LARGEST)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except ssl.SSLEOFError:
            raise CutShortError from None

    def send(self, data: bytes | memoryview) -> int:
        """Take bytes. See `Channel`."""
        try:
            return self._send(data)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return 0

    def bid_farewell(self) -> None:
        """Send close_notify."""
        with suppress(OSError, ValueError):  # it would wait for the other side's, or the connection is gone
            self._secured.unwrap()
