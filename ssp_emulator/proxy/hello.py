"""The first that a consumer says in TLS, its ClientHello: read to its end, and left unanswered.

Source: RFC 8446, 4.1.2 (ClientHello); RFC 6066, 3 (server_name).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from OpenSSL import SSL

if TYPE_CHECKING:
    import socket

_PIECE = 16 * 1024
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
        """Read from a consumer until its ClientHello is whole, or can be none any more, or the consumer leaves."""
        loop = asyncio.get_running_loop()
        reading = SSL.Connection(self._context, None)
        names: list[str | None] = []
        reading.set_app_data(names)
        reading.set_accept_state()
        received = bytearray()
        while len(received) < _LONGEST:
            piece = await loop.sock_recv(connection, _PIECE)
            received += piece
            if not piece or not _wants_more(reading, piece, names):
                break
        return Hello(bytes(received), names[0], whole=True) if names else Hello(bytes(received))


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
