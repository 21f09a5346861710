"""A consumer's connection with a handler that does what a test says, over real sockets."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from ssp_emulator.exchange import Client
from ssp_emulator.proxy.channel import Plain
from ssp_emulator.proxy.connection import Connection
from ssp_emulator.proxy.transport import Transport
from support.ends import pair
from support.raw import RawConsumer
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ssp_emulator.proxy.request import Request

PATIENCE_S = 10.0
CLIENT = Client("127.0.0.1:1", "127.0.0.1")
LONG = 60.0


def get(path: str = "/a") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: ssp\r\n\r\n".encode()


def post(length: int) -> bytes:
    return f"POST /upload HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode()


class Handling:
    """A handler that answers each request with its path in a line, and does what `does` says before that."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.unasked: list[Client] = []
        self.failures: list[BaseException] = []
        self.unreadable: list[tuple[bytes, str]] = []
        self.keeps = True
        self.does: Callable[[Request, Connection], Awaitable[object]] | None = None
        self.ended: list[str] = []

    async def handle(self, request: Request, connection: Connection) -> bool:
        self.came.append(request.target)
        try:
            if self.does is not None:
                await self.does(request, connection)
        except asyncio.CancelledError:
            self.ended.append(request.target)
            raise
        say(connection, f"{request.target}\n".encode())
        return self.keeps

    async def malformed(self, connection: Connection, data: bytes, problem: str) -> None:
        self.unreadable.append((data, problem))
        say(connection, b"no request\n")

    def left_unasked(self, client: Client) -> None:
        self.unasked.append(client)

    def failed(self, error: BaseException) -> None:
        self.failures.append(error)


def say(connection: Connection, data: bytes) -> None:
    if connection.transport is not None:
        connection.transport.write(data)


class Held:
    """What a handler waits for; `reached` once it does."""

    def __init__(self) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, *_: object) -> None:
        self.reached.set()
        await self.go_on.wait()

    async def is_reached(self) -> None:
        await asyncio.wait_for(self.reached.wait(), PATIENCE_S)


class Met:
    """A connection, its consumer, and who is told when it is gone."""

    def __init__(self, connection: Connection, theirs: RawConsumer, handling: Handling, lost: list[Connection]) -> None:
        self.connection, self.theirs, self.handling, self.lost = connection, theirs, handling, lost

    async def said(self) -> bytes:
        """Return all that comes until the connection ends."""
        return (await self.theirs.ended()).data

    async def is_gone(self) -> None:
        await until(lambda: self.lost)


@asynccontextmanager
async def met(keep_alive_s: float = LONG, kind: type[Connection] = Connection) -> AsyncIterator[Met]:
    """Meet a consumer over a connection of a kind."""
    ours, sock = await pair()
    handling, lost = Handling(), list[Connection]()
    connection = kind(cast("Any", handling), CLIENT, keep_alive_s=keep_alive_s, on_lost=lost.append)
    Transport(ours, Plain(ours), connection)
    theirs = RawConsumer(sock, None)
    try:
        yield Met(connection, theirs, handling, lost)
    finally:
        theirs.close()
        connection.abort()
        await until(lambda: lost)
        assert lost == [connection]
