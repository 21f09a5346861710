"""Accepting, over real sockets: a connection is always somebody's, also in the turn in which the listening ends."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

import pytest
from aiohttp import ClientSession, web
from structlog.testing import capture_logs

from ssp_emulator import sockets
from ssp_emulator.accepting import Acceptor, hand_over
from ssp_emulator.web_server import Server

PATIENCE_S = 10
RECOVERED_S = 0.3
MANY = 1 << 30


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
    """Listens, and has no descriptors left for the next who are accepted."""

    left = 0
    asked = 0

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept, or say that there is no descriptor left."""
        self.asked += 1
        if self.left:
            self.left -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


async def test_whoever_comes_while_there_are_no_descriptors_waits_and_the_log_says_so_once_each_time() -> None:
    welcomed: asyncio.Queue[None] = asyncio.Queue()

    async def welcome(connection: socket.socket) -> None:
        connection.close()
        welcomed.put_nowait(None)

    (bound,) = sockets.bind("127.0.0.1", 0)
    listening = Exhausted(fileno=bound.detach())
    acceptor = Acceptor([listening], welcome)
    acceptor.start()
    with capture_logs() as logs:
        for _ in range(2):
            listening.left = MANY
            asyncio.get_running_loop().call_later(RECOVERED_S, setattr, listening, "left", 0)
            with socket.create_connection(listening.getsockname()):
                async with asyncio.timeout(PATIENCE_S):
                    await welcomed.get()
    await acceptor.stop()

    assert [(each["log_level"], each["reason"]) for each in logs] == [("warning", "Too many open files")] * 2
    assert 4 <= listening.asked < 20  # not in every turn of the loop


async def test_it_may_stop_while_there_are_no_descriptors() -> None:
    async def welcome(connection: socket.socket) -> None:
        connection.close()

    failed: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failed.append(context))
    (bound,) = sockets.bind("127.0.0.1", 0)
    listening = Exhausted(fileno=bound.detach())
    listening.left = 1
    acceptor = Acceptor([listening], welcome)
    acceptor.start()
    with capture_logs() as logs, socket.create_connection(listening.getsockname()):
        async with asyncio.timeout(PATIENCE_S):
            while not logs:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
        await acceptor.stop()
        await asyncio.sleep(RECOVERED_S)  # when it would have gone on

    assert (listening.asked, failed) == (1, [])


async def test_a_welcome_that_fails_leaves_no_connection_open() -> None:
    async def welcome(_: socket.socket) -> None:
        raise LookupError("nobody is told this")

    listening = sockets.bind("127.0.0.1", 0)
    acceptor = Acceptor(listening, welcome)
    acceptor.start()
    with capture_logs() as logs, await comes(listening, acceptor) as caller:
        await asyncio.sleep(0)
        await acceptor.stop()

        assert caller.recv(1) == b""
    assert [(each["log_level"], each["event"]) for each in logs] == [
        ("error", "a connection was not welcomed: this is a defect")
    ]


async def test_whoever_comes_while_the_last_requests_end_is_refused() -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        asked.set()
        await go_on.wait()
        return web.Response(text="late")

    app = web.Application()
    app.router.add_get("/", slow)
    listening = sockets.bind("127.0.0.1", 0)
    host, port = listening[0].getsockname()
    server = Server(app, listening, lambda status, _: web.Response(status=status))
    await server.__aenter__()
    async with ClientSession() as session, asyncio.timeout(PATIENCE_S):
        asking = asyncio.create_task(session.get(f"http://{host}:{port}/"))
        await asked.wait()
        stopping = asyncio.create_task(server.__aexit__(None, None, None))
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(host, port)
        go_on.set()
        async with await asking as answer:
            assert await answer.text() == "late"
        await stopping


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
