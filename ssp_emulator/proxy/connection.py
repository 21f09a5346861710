"""A consumer's connection: requests are read on it, handled one after the other, and answered in their order.

Source: RFC 9112, 9 (connections) and 9.3.2 (pipelining); RFC 9112, 9.6 (closing in stages).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from ssp_emulator.proxy.alarm import Alarm
from ssp_emulator.proxy.body import BrokenBodyError
from ssp_emulator.proxy.request import RequestReader
from ssp_emulator.proxy.room import Room
from ssp_emulator.proxy.salvage import Unread

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Client
    from ssp_emulator.proxy.handler import Handler
    from ssp_emulator.proxy.request import Request
    from ssp_emulator.proxy.transport import Transport

_LINGER_S = 2.0  # how long the rest of a body is read that nobody wants, before another request can come


class Connection(asyncio.Protocol):
    """One consumer's connection, whose handshake is done; asyncio calls the first six methods.

    `retiring` is set where it is to take no request after the one under way; `requests` counts those that have come,
    and once `deaf` is set, what else comes is thrown away. `on_lost` is called when it is gone, and so is the request
    that was under way on it.
    """

    def __init__(
        self, handler: Handler, client: Client, *, keep_alive_s: float, on_lost: Callable[[Connection], None]
    ) -> None:
        self.client = client
        self.retiring = False
        self.deaf = False
        self.requests = 0
        self._handler = handler
        self._keep_alive_s = keep_alive_s
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: Transport | None = None
        self._reader = RequestReader(self._hold, self._let_go)
        self._unread = Unread()
        self._current: Request | None = None
        self._lingering = False  # what is left of a request is read, to be thrown away
        self._handling: asyncio.Task[None] | None = None
        self._room = Room()
        self._idle = Alarm(self._loop, self._close)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("Transport", transport)
        self._idle.set(self._loop.time() + self._keep_alive_s)

    def data_received(self, data: bytes) -> None:
        """Read requests; the first of them is handled at once, where none is under way."""
        if self.deaf:
            return
        reader = self._reader
        self._unread.came(data)
        reader.feed(data)
        if self._handling is None:
            self._take_next()
        if reader.requests:
            self._hold()  # it waits for its turn, and so does what follows

    def eof_received(self) -> None:
        """The consumer has ended: nobody reads an answer any more."""

    def connection_lost(self, _: Exception | None) -> None:
        """Take note that the connection is gone; one on which nothing was asked may have been tampered with."""
        self._idle.discard()
        self._transport = None
        if not self.requests:
            self._handler.left_unasked(self.client)
        self.resume_writing()
        if self._current is not None:
            self._current.body.fail("the connection was lost")
        if self._handling is None:
            self._on_lost(self)
        else:
            self._handling.cancel()

    def pause_writing(self) -> None:
        """Have whoever writes wait."""
        self._room.none()

    def resume_writing(self) -> None:
        """Let them go on."""
        self._room.again()

    @property
    def transport(self) -> Transport | None:
        """What carries it; None where it is gone."""
        return self._transport

    @property
    def busy(self) -> bool:
        """Whether a request is under way, from its head to the last byte that is read or written of it."""
        return self._handling is not None

    async def room(self) -> None:
        """Return when more may be written."""
        await self._room.wait()

    def retire(self) -> None:
        """Close as soon as no request is under way: at once, or with the answer to the one that is."""
        self.retiring = True
        if self._handling is None or self._lingering:
            self._close()

    def cut_off(self) -> asyncio.Task[None] | None:
        """End what is under way, and return what may still write its last words."""
        if self._handling is not None:
            self._handling.cancel()
        return self._handling

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _take_next(self) -> bool:
        """Take the next request, or what cannot be read; tell whether there is one, or that."""
        reader = self._reader
        if reader.requests:
            self._handling = self._loop.create_task(self._handle(reader.requests.pop(0)))
        elif reader.problem is not None:
            self._handling = self._loop.create_task(self._turn_down(reader.problem))
        else:
            return False
        self._idle.off()
        self._handling.add_done_callback(self._done)
        return True

    async def _handle(self, request: Request) -> None:
        self.requests += 1
        self._current = request
        self._unread.begin()
        keeps = await self._handler.handle(request, self)
        self._current, self._lingering = None, True
        if not keeps or self.retiring or not await self._is_read_to_its_end(request):
            self._close()
        else:
            self._unread.end()

    async def _is_read_to_its_end(self, request: Request) -> bool:
        """Read what is left of a request that has its answer; tell whether another one can follow."""
        if not request.body.whole:
            request.body.discard()
            with suppress(TimeoutError, BrokenBodyError):
                async with asyncio.timeout(_LINGER_S):
                    await request.body.ended()
        return request.body.whole and request.keeps_alive and not self.retiring

    async def _turn_down(self, problem: str) -> None:
        """Answer what is no request in HTTP, and close."""
        self.requests += 1
        await self._handler.malformed(self, bytes(self._unread), problem)
        self._close()

    def _done(self, handled: asyncio.Task[None]) -> None:
        """Go on with the next one; whoever is left without an answer by a defect of ours is cut off."""
        self._handling = self._current = None
        self._lingering = False
        if not handled.cancelled() and (error := handled.exception()) is not None:
            self._handler.failed(error)
            self.abort()
        if self._transport is None:
            self._on_lost(self)
        elif handled.cancelled():
            self.abort()
        elif not self._transport.is_closing():
            if not self._take_next():
                self._idle.set(self._loop.time() + self._keep_alive_s)  # the whole next head has to be here by then
            if not self._reader.requests:
                self._let_go()

    def _hold(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def _let_go(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
