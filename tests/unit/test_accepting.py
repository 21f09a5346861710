"""Accepting, over real sockets: a connection is always somebody's, also in the turn in which the listening ends."""

from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp import web

from ssp_emulator import sockets
from ssp_emulator.accepting import Acceptor, hand_over
from ssp_emulator.web_server import Server

PATIENCE_S = 10


async def comes(listening: list[socket.socket], acceptor: Acceptor) -> socket.socket:
    """Connect, and return in the turn of the event loop in which the connection is accepted."""
    caller = socket.create_connection(listening[0].getsockname(), timeout=PATIENCE_S)
    async with asyncio.timeout(PATIENCE_S):
        while not acceptor.arriving:  # noqa: ASYNC110 - nobody tells, and it is about single turns of the loop
            await asyncio.sleep(0)
    return caller


async def test_a_connection_whose_welcome_has_not_begun_is_closed() -> None:
    begun: list[socket.socket] = []

    async def welcome(connection: socket.socket) -> None:
        begun.append(connection)

    listening = sockets.bind("127.0.0.1", 0)
    acceptor = Acceptor(listening, welcome)
    acceptor.start()
    with await comes(listening, acceptor) as caller:
        await acceptor.stop()  # a socket that is left open is a warning, and so an error

        assert caller.recv(1) == b""
    assert (begun, acceptor.arriving, acceptor.serving) == ([], 0, False)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
async def test_a_web_server_keeps_no_connection_that_comes_as_it_stops(turns: int) -> None:
    listening = sockets.bind("127.0.0.1", 0)
    server = Server(web.Application(), listening, lambda status, _: web.Response(status=status))
    async with server:
        caller = await comes(listening, server._acceptor)
        for _ in range(turns):
            await asyncio.sleep(0)
    with caller:
        assert caller.recv(1) == b""


async def test_a_caller_that_has_gone_again_is_nobodys_trouble() -> None:
    made: list[asyncio.Protocol] = []

    def protocol() -> asyncio.Protocol:
        made.append(asyncio.Protocol())
        return made[-1]

    ours, theirs = socket.socketpair()
    theirs.close()
    ours.close()

    await hand_over(ours, protocol)

    assert made == []
