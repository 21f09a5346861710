"""Accepting, over real sockets: a connection is always somebody's, also in the turn in which the listening ends."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

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


class Exhausted(socket.socket):
    """Listens, and has no more descriptors for the first who come."""

    left = 3

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept, or say that there is no descriptor left."""
        self.left -= 1
        if self.left >= 0:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


async def test_whoever_comes_while_there_are_no_descriptors_waits_and_the_log_says_so_once() -> None:
    welcomed = asyncio.Event()

    async def welcome(connection: socket.socket) -> None:
        connection.close()
        welcomed.set()

    (bound,) = sockets.bind("127.0.0.1", 0)
    listening = Exhausted(fileno=bound.detach())
    acceptor = Acceptor([listening], welcome)
    with capture_logs() as logs, socket.create_connection(listening.getsockname()):
        acceptor.start()
        async with asyncio.timeout(PATIENCE_S):
            await welcomed.wait()
        await acceptor.stop()

    assert [(each["log_level"], each["reason"]) for each in logs] == [("warning", "Too many open files")]


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
