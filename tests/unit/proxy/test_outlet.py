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
from support.ends import WAITING, connected

from ssp_emulator.message import Framing, Head
from ssp_emulator.proxy import endings
from ssp_emulator.proxy.errors import ConsumerGone
from ssp_emulator.proxy.outlet import Outlet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.ends import Met

    from ssp_emulator.pki.folder import CertificateFolder

ROOM = 64 * 1024 * 1024  # so much may wait before asyncio says that it is too much
SIZE = 8 * 1024 * 1024  # more than two sockets' buffers hold


class Connected(BaseProtocol):
    retiring = False
    requests = 1


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


async def outlet(transport: asyncio.Transport, protocol: Connected | Met, *, patience_s: float) -> Outlet:
    request = SimpleNamespace(
        transport=transport,
        protocol=protocol,
        writer=StreamWriter(protocol, asyncio.get_running_loop()),
        keep_alive=True,
        version=(1, 1),
        headers=CIMultiDict(),
    )
    exchange = SimpleNamespace(status=None, bytes_out=0, additions=(), samples=None)

    async def settle(_: object) -> None:
        """Write nothing down."""

    made = Outlet(cast("Any", request), cast("Any", exchange), settle, patience_s=patience_s)
    await made.begin(Head(200, b"OK", [], Framing.LENGTH))
    return made


async def test_the_last_piece_is_waited_for_until_it_is_on_its_way(
    ends: tuple[asyncio.Transport, Connected, socket.socket],
) -> None:
    transport, protocol, theirs = ends
    to_it = await outlet(transport, protocol, patience_s=10)
    await to_it.write(b"x", last=False)
    writing = asyncio.create_task(to_it.write(b"x" * SIZE, last=True))
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

    to_it = await outlet(transport, protocol, patience_s=0.05)

    with pytest.raises(ConsumerGone, match="took nothing for"):
        await to_it.write(b"x" * SIZE, last=True)


async def test_over_tls_the_last_piece_is_waited_for_beneath_it_too(certificates: CertificateFolder) -> None:
    async with connected(certificates) as (met, theirs):
        transport = met.made.result()
        to_it = await outlet(transport, met, patience_s=10)
        writing = asyncio.create_task(to_it.write(bytes(WAITING), last=True))
        for _ in range(10):
            await asyncio.sleep(0)
        early = writing.done() or transport.get_write_buffer_size()  # else it has not waited beneath TLS
        await theirs.until(WAITING)
        await asyncio.wait_for(writing, 5)

        assert not early
        assert endings.waiting(transport) == 0


async def test_over_tls_a_consumer_that_takes_nothing_is_given_up_too(certificates: CertificateFolder) -> None:
    async with connected(certificates) as (met, _):
        to_it = await outlet(met.made.result(), met, patience_s=0.05)

        with pytest.raises(ConsumerGone, match="took nothing for"):
            await to_it.write(bytes(WAITING), last=True)
