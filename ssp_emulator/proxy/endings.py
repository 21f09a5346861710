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
from typing import TYPE_CHECKING

from ssp_emulator.faults.effects.effect import Ending

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.proxy.transport import Transport

_NO_LINGERING = struct.pack("ii", 1, 0)
_LOOK_EVERY_S = 0.002
_PATIENCE_S = 2.0
_LOOK_FOR_LEAVING_EVERY_S = 0.1
_CLOSED = getattr(select, "POLLRDHUP", 0)  # Linux's; elsewhere poll tells of a reset alone


async def end(transport: Transport, how: Ending) -> None:
    """End a connection, once the consumer has been given the time to take what was sent; return when it is closed.

    A RST would overtake what is in the socket. A FIN would become a RST where bytes come in that nobody reads; so for
    two seconds they are read and thrown away, until the consumer closes too.
    """
    ours = transport.get_extra_info("socket")
    transport.flush()
    if how is Ending.RESET:
        await emptied(lambda: transport.get_write_buffer_size() + _unacknowledged(ours), patience_s=_PATIENCE_S)
        reset_on_close(ours)
    elif await emptied(transport.get_write_buffer_size, patience_s=_PATIENCE_S):
        if how is Ending.CLOSE:
            transport.close()
        else:
            transport.hang_up()
        await _closed(ours)
    transport.abort()


async def left(ours: socket.socket) -> None:
    """Wait until the other side has closed, also behind bytes that nobody has read yet.

    The connection sees that only once it has read them, and it stops reading where too much waits for its turn.
    """
    if ours.fileno() < 0:  # closed already
        return
    looking = select.poll()
    looking.register(ours.fileno(), _CLOSED)
    while ours.fileno() >= 0 and not looking.poll(0):  # noqa: ASYNC110 - the event loop watches for bytes alone
        await asyncio.sleep(_LOOK_FOR_LEAVING_EVERY_S)


def reset_on_close(ours: socket.socket) -> None:
    """Have the next close of a socket send a RST."""
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)


async def arrived(ours: socket.socket) -> None:
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


async def _closed(ours: socket.socket) -> None:
    """Wait until a socket is closed, which its transport does in two seconds at most."""
    while ours.fileno() >= 0:  # noqa: ASYNC110 - who waits is who is cancelled when the connection is lost
        await asyncio.sleep(_LOOK_EVERY_S)


def _unacknowledged(ours: socket.socket) -> int:
    counted = bytearray(4)
    try:
        fcntl.ioctl(ours.fileno(), termios.TIOCOUTQ, counted)  # Linux's SIOCOUTQ, by its older name
    except (OSError, ValueError):  # a system that does not count them for sockets, or a socket that is closed
        return 0
    return int.from_bytes(counted, sys.byteorder)
