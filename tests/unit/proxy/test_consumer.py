"""The last piece of an answer is waited for until it is on its way: behind it the connection may close."""

from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_writer import StreamWriter
from multidict import CIMultiDict

from ssp_emulator.message import Framing, Head
from ssp_emulator.proxy.consumer import Consumer
from ssp_emulator.proxy.errors import ConsumerGone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOM = 64 * 1024 * 1024  # so much may wait before asyncio says that it is too much
SIZE = 8 * 1024 * 1024  # more than two sockets' buffers hold


class Connected(BaseProtocol):
    retiring = False


@pytest.fixture
async def ends() -> AsyncIterator[tuple[asyncio.Transport, Connected, socket.socket]]:
    """A connection: asyncio's end of it, and a consumer's that does not read yet."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    transport, protocol = await loop.create_connection(lambda: Connected(loop), sock=ours)
    transport.set_write_buffer_limits(high=ROOM)
    yield transport, protocol, theirs
    transport.abort()
    theirs.close()


def consumer(transport: asyncio.Transport, protocol: Connected, *, patience_s: float) -> Consumer:
    request = SimpleNamespace(
        transport=transport,
        protocol=protocol,
        writer=StreamWriter(protocol, asyncio.get_running_loop()),
        keep_alive=True,
        version=(1, 1),
        headers=CIMultiDict(),
    )
    made = Consumer(cast("Any", request), patience_s=patience_s)
    made.head(Head(200, b"OK", [], Framing.LENGTH), ())
    return made


async def test_the_last_piece_is_waited_for_until_it_is_on_its_way(
    ends: tuple[asyncio.Transport, Connected, socket.socket],
) -> None:
    transport, protocol, theirs = ends
    to_it = consumer(transport, protocol, patience_s=10)
    await to_it.write(b"", b"x", last=False)
    writing = asyncio.create_task(to_it.write(b"", b"x" * SIZE, last=True))
    for _ in range(10):
        await asyncio.sleep(0)
    early, received = writing.done(), 0
    while received < SIZE + 1:
        received += len(await asyncio.get_running_loop().sock_recv(theirs, 1024 * 1024))
    await writing

    assert not early
    assert transport.get_write_buffer_size() == 0
    assert transport.get_write_buffer_limits()[1] == ROOM


async def test_a_consumer_that_takes_nothing_of_it_is_given_up(
    ends: tuple[asyncio.Transport, Connected, socket.socket],
) -> None:
    transport, protocol, _ = ends

    with pytest.raises(ConsumerGone, match="took nothing for"):
        await consumer(transport, protocol, patience_s=0.05).write(b"", b"x" * SIZE, last=True)
