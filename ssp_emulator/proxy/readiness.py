"""Readiness: waiting until there is something to read on a non-blocking socket, or room to write."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


async def readable(connection: socket.socket) -> None:
    """Return when bytes are there, or the end; they stay where they are."""
    loop = asyncio.get_running_loop()
    await _told(connection, loop.add_reader, loop.remove_reader)


async def writable(connection: socket.socket) -> None:
    """Return when there is room."""
    loop = asyncio.get_running_loop()
    await _told(connection, loop.add_writer, loop.remove_writer)


async def _told(connection: socket.socket, add: Callable[..., Any], remove: Callable[[socket.socket], Any]) -> None:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    add(connection, _tell, ready)
    try:
        await ready
    finally:
        remove(connection)


def _tell(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
