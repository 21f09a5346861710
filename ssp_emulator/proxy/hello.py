"""The first that a consumer says in TLS, its ClientHello: looked at to its end, left where it is, and unanswered.

Source: RFC 8446, 4.1.2 (ClientHello); RFC 6066, 3 (server_name).
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from OpenSSL import SSL

from ssp_emulator.proxy.readiness import readable

_LONGEST = 64 * 1024  # a ClientHello has some hundred bytes, or two thousand with keys against quantum computers


@dataclass(frozen=True, slots=True)
class Hello:
    """What was read of a handshake, and the host name that was asked for, if any; `whole` where it is a ClientHello."""

    received: bytes
    sni: str | None = None
    whole: bool = False


class Listening:
    """Reads ClientHellos with OpenSSL, as the server that it is for would read them."""

    def __init__(self) -> None:
        # It takes every version, and can agree with nobody: what comes of a ClientHello here is thrown away.
        self._context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self._context.set_min_proto_version(SSL.TLS1_VERSION)
        self._context.set_cipher_list(b"ALL:!aNULL:@SECLEVEL=0")
        self._context.set_tlsext_servername_callback(_note_name)

    async def hear(self, connection: socket.socket) -> Hello:
        """Look at what comes until it is a whole ClientHello, or can be none any more, or the consumer leaves.

        All of it stays in the socket, for whoever shakes hands.
        """
        reading = SSL.Connection(self._context, None)
        names: list[str | None] = []
        reading.set_app_data(names)
        reading.set_accept_state()
        received = b""
        try:
            while len(received) < _LONGEST:
                _wake_at(connection, len(received) + 1)
                await readable(connection)
                seen = connection.recv(_LONGEST, socket.MSG_PEEK)
                if len(seen) == len(received):  # nothing has come, and so there is an end
                    break
                piece, received = seen[len(received) :], seen
                if not _wants_more(reading, piece, names):
                    break
        finally:
            _wake_at(connection, 1)
        return Hello(received, names[0], whole=True) if names else Hello(received)


def _wake_at(connection: socket.socket, size: int) -> None:
    """Have a socket be readable once so many bytes are there: those that are only looked at would keep it so."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)


def _note_name(reading: SSL.Connection) -> None:
    """Keep the name; OpenSSL asks once a ClientHello is whole, whether or not there is a name in it."""
    name = reading.get_servername()
    reading.get_app_data().append(name.decode("ascii", "replace").lower() if name is not None else None)


def _wants_more(reading: SSL.Connection, piece: bytes, names: list[str | None]) -> bool:
    reading.bio_write(piece)
    try:
        reading.do_handshake()
    except SSL.WantReadError:
        return not names
    except SSL.Error:
        return False
    return False
