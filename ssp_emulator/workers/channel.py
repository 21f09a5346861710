"""The channel between two processes: requests and their answers, either way, over one pair of sockets.

A message is two lengths of four bytes each, a JSON object, and bytes that belong to it, which may be none. One with
`asks` is a request, and one without is the answer to the request of the same `id`.
"""

from __future__ import annotations

import asyncio
import json
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

_LENGTHS = struct.Struct(">II")


class ChannelClosedError(Exception):
    """The other process is gone, or this end was closed: what was asked is not answered."""


class Message(NamedTuple):
    """What is said: JSON's types by their names, and bytes that belong to it."""

    said: dict[str, Any]
    data: bytes = b""


class Channel:
    """One end of a channel; `answer` takes what the other asks by name, and a message, and returns a message.

    Where that fails, this end closes: the other is not left waiting.
    """

    def __init__(self, answer: Callable[[str, Message], Awaitable[Message]]) -> None:
        self._answer = answer
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._last = 0
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.workers")

    async def open(self, connected: socket.socket) -> None:
        """Begin to speak over a connected socket."""
        reader, self._writer = await asyncio.open_connection(sock=connected)
        self._reading = asyncio.create_task(self._read(reader))

    async def ask(self, what: str, said: dict[str, Any] | None = None, data: bytes = b"") -> Message:
        """Ask the other something by name, and return its answer. Raises `ChannelClosedError`."""
        if self._ended.is_set():
            raise ChannelClosedError
        self._last += 1
        number = self._last
        answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answered
        try:
            await self._send({"id": number, "asks": what, "said": said or {}}, data)
            return await answered
        finally:
            self._waiting.pop(number, None)

    async def ended(self) -> None:
        """Return when the other end is closed, as it is when its process is gone, or this one."""
        await self._ended.wait()

    async def close(self) -> None:
        """Close this end; nothing more is asked or answered."""
        for task in (*self._answering, *([self._reading] if self._reading is not None else [])):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._end()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    await self._take(reader)
        finally:
            self._end()

    async def _take(self, reader: asyncio.StreamReader) -> None:
        size, more = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
        said, data = json.loads(await reader.readexactly(size)), await reader.readexactly(more)
        if "asks" in said:
            task = asyncio.create_task(self._reply(said["id"], said["asks"], Message(said["said"], data)))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif (waiting := self._waiting.get(said["id"])) is not None and not waiting.done():
            waiting.set_result(Message(said["said"], data))

    async def _reply(self, number: int, what: str, asked: Message) -> None:
        try:
            answer = await self._answer(what, asked)
        except Exception:  # noqa: BLE001 - whatever it is, the other shall not wait for an answer that never comes
            self._log.exception("what another process asked for failed: this is a defect", asked=what)
            self._end()
            return
        with suppress(ChannelClosedError):
            await self._send({"id": number, "said": answer.said}, answer.data)

    async def _send(self, said: dict[str, Any], data: bytes) -> None:
        if self._writer is None or self._ended.is_set():
            raise ChannelClosedError
        body = json.dumps(said, separators=(",", ":")).encode()
        self._writer.write(b"".join((_LENGTHS.pack(len(body), len(data)), body, data)))
        try:
            await self._writer.drain()
        except ConnectionError as error:
            raise ChannelClosedError from error

    def _end(self) -> None:
        self._ended.set()
        if self._writer is not None:
            self._writer.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ChannelClosedError())
