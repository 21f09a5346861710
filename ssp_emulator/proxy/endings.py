"""The ends that a consumer's connection can be brought to on purpose: in good order, with a bare FIN, or with a RST.

Source: RFC 9293, 3.5.2 and 3.6 (reset, close); RFC 9112, 9.6 (closing in stages); RFC 5246, 7.2.1 (close_notify);
socket(7), SO_LINGER; tcp(7), SIOCOUTQ.
"""

from __future__ import annotations

import asyncio
import fcntl
import select
import socket
import struct
import sys
import termios
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from ssp_emulator.faults.effects.effect import Ending

if TYPE_CHECKING:
    from asyncio.trsock import TransportSocket
    from collections.abc import Callable

_NO_LINGERING = struct.pack("ii", 1, 0)
_LOOK_EVERY_S = 0.002
_PATIENCE_S = 2.0
_LOOK_FOR_LEAVING_EVERY_S = 0.1
_CLOSED = getattr(select, "POLLRDHUP", 0)  # Linux's; elsewhere poll tells of a reset alone
_GULP = 256 * 1024


async def end(transport: asyncio.WriteTransport, how: Ending) -> None:
    """End a connection, once the consumer has been given the time to take what was sent.

    A RST would overtake what is in the socket. A FIN would become a RST where bytes come in that nobody reads; so for
    two seconds they are read and thrown away, until the consumer closes too.
    """
    ours, beneath = transport.get_extra_info("socket"), _carrier(transport)
    if how is Ending.RESET:
        await emptied(lambda: waiting(transport) + _unacknowledged(ours), patience_s=_PATIENCE_S)
        reset_on_close(ours)
    elif await emptied(lambda: waiting(transport), patience_s=_PATIENCE_S):
        beneath.pause_reading()
        tls = transport.get_extra_info("ssl_object")
        await _finish(ours.dup(), tls.farewell() if tls is not None and how is Ending.CLOSE else b"")
    transport.abort()


async def left(ours: socket.socket | TransportSocket) -> None:
    """Wait until the other side has closed, also behind bytes that nobody has read yet.

    asyncio sees that only once it has read them, and it stops reading where too much waits for its turn.
    """
    if ours.fileno() < 0:  # closed already
        return
    looking = select.poll()
    looking.register(ours.fileno(), _CLOSED)
    while ours.fileno() >= 0 and not looking.poll(0):  # noqa: ASYNC110 - asyncio watches for bytes alone
        await asyncio.sleep(_LOOK_FOR_LEAVING_EVERY_S)


def reset_on_close(ours: socket.socket | TransportSocket) -> None:
    """Have the next close of a socket send a RST."""
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)


async def arrived(ours: socket.socket | TransportSocket) -> None:
    """Wait until the other side has acknowledged what was sent, or for two seconds has acknowledged nothing."""
    await emptied(lambda: _unacknowledged(ours), patience_s=_PATIENCE_S)


async def emptied(count: Callable[[], int], *, patience_s: float) -> bool:
    """Wait until a count of bytes is down to none; return False where it has not gone down for so many seconds."""
    loop = asyncio.get_running_loop()
    least, since = count(), loop.time()
    while least:
        await asyncio.sleep(_LOOK_EVERY_S)
        left = count()
        if left < least:
            least, since = left, loop.time()
        elif loop.time() - since >= patience_s:
            return False
    return True


def waiting(transport: asyncio.WriteTransport) -> int:
    """Return how many bytes have not come to the socket yet: TLS hands on what it has to a buffer beneath its own."""
    beneath = _carrier(transport)
    within = transport.get_write_buffer_size()
    return within if beneath is transport else within + beneath.get_write_buffer_size()


def _carrier(transport: asyncio.WriteTransport) -> asyncio.Transport:
    """Return the transport that writes to the socket. asyncio's TLS has no public way to the one beneath it."""
    tls = getattr(transport, "_ssl_protocol", None)
    return cast("asyncio.Transport", getattr(tls, "_transport", None) or transport)


async def _finish(ours: socket.socket, farewell: bytes) -> None:
    """Send the last bytes and a FIN on a socket of our own, and read until the other side closes, or two seconds."""
    loop = asyncio.get_running_loop()
    with ours, suppress(OSError):  # gone already, or the time is over
        async with asyncio.timeout(_PATIENCE_S):
            await loop.sock_sendall(ours, farewell)
            ours.shutdown(socket.SHUT_WR)
            while await loop.sock_recv(ours, _GULP):
                pass


def _unacknowledged(ours: socket.socket | TransportSocket) -> int:
    counted = bytearray(4)
    try:
        fcntl.ioctl(ours.fileno(), termios.TIOCOUTQ, counted)  # Linux's SIOCOUTQ, by its older name
    except (OSError, ValueError):  # a system that does not count them for sockets, or a socket that is closed
        return 0
    return int.from_bytes(counted, sys.byteorder)
