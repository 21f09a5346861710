"""The way out to a consumer: an answer's head and body, byte for byte, and the ends that a connection can come to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn, Protocol

from ssp_emulator.message import Framing
from ssp_emulator.proxy import endings, heads
from ssp_emulator.proxy.errors import ConsumerGone, CutOff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.effects.effect import Ending
    from ssp_emulator.message import Head
    from ssp_emulator.proxy.request import Request
    from ssp_emulator.proxy.transport import Transport

# What stands in the trail where no answer went out. Source: Spine Core SSP implementation guide, 444.
CONNECTION_CLOSED = 444


class Carrier(Protocol):
    """A connection that carries one request after the other; `transport` is None once it is gone.

    `retiring` may be set at any time: it is to take no more than the one under way. `requests` counts them. Once `deaf`
    is set, what comes is thrown away.
    """

    retiring: bool
    deaf: bool
    requests: int

    @property
    def transport(self) -> Transport | None:
        """What carries it."""
        ...

    async def room(self) -> None:
        """Return when more may be written."""
        ...


class Outlet:
    """One answer's way to its consumer.

    `settle` is awaited when the last byte of an answer is about to go out. `patience_s` is how long the consumer may
    take no byte, in seconds. `begun` tells whether any has been sent.
    """

    def __init__(
        self,
        connection: Carrier,
        request: Request,
        exchange: Exchange,
        settle: Callable[[Exchange], Awaitable[None]],
        *,
        patience_s: float,
    ) -> None:
        self._request = request
        self._exchange = exchange
        self._settle = settle
        self._patience_s = patience_s
        self._framing = Framing.NONE
        self._start = b""
        self.connection = connection
        self.keep_alive = request.keeps_alive
        self.begun = False

    @property
    def gone(self) -> bool:
        """Whether the connection is closed."""
        transport = self.connection.transport
        return transport is None or transport.is_closing()

    @property
    def has_body(self) -> bool:
        """Whether the answer that has begun has a body."""
        return self._framing is not Framing.NONE

    @property
    def reused(self) -> bool:
        """Whether the request is not the first on its connection."""
        return self.connection.requests > 1

    @property
    def takes_chunks(self) -> bool:
        """Whether the consumer knows bodies in chunks. Source: RFC 9112, 7.1: those of HTTP/1.0 do not."""
        return self._request.version >= (1, 1)

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        """Settle how an answer begins, and how its body will be framed; its head goes out with the first piece.

        It may be settled anew as long as none has.
        """
        self._framing = head.framing
        if self._framing in (Framing.CHUNKED, Framing.CLOSE):
            self._framing = Framing.CHUNKED if self.takes_chunks else Framing.CLOSE
        closes = closes or self.connection.retiring or self._framing is Framing.CLOSE
        self.keep_alive = self.keep_alive and not closes
        connection = None
        if not self.keep_alive:
            connection = b"close"
        elif self._request.version < (1, 1):
            connection = b"keep-alive"
        self._exchange.status = head.status
        self._start = heads.answer_head(
            head.status, head.phrase, head.fields, self._framing, connection, self._exchange.additions, head.omit
        )

    async def write(self, piece: bytes, *, last: bool) -> None:
        """Send the head, where it has not gone out yet, and a piece of the body.

        Wait until there is room for more; after the last piece until all is on its way, because a connection that
        closes leaves little time for the rest. Raises `ConsumerGone`, and what `settle` raises.
        """
        if self.has_body:
            self._exchange.bytes_out += len(piece)
            if self._exchange.samples is not None:
                self._exchange.samples.to_consumer.take(piece)
        if last:
            await self._settle(self._exchange)
        self.begun = True
        start, self._start = self._start, b""
        if self._framing is Framing.CHUNKED:
            data = start + heads.chunk(piece) + (heads.LAST_CHUNK if last else b"")
        elif self._framing is Framing.NONE:
            data = start
        else:
            data = start + piece if start else piece
        await self.raw(data)
        if last:
            await self._sent()

    async def flush(self) -> None:
        """Send what there is of the answer, and wait until it is on its way."""
        if self._start:
            await self.write(b"", last=False)
        await self._sent()

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are, and wait until there is room for more. Raises `ConsumerGone`."""
        transport = self.connection.transport
        if transport is None or transport.is_closing():
            raise ConsumerGone
        transport.write(data)
        if transport.get_write_buffer_size():
            await self._room(transport)

    async def end(self, how: Ending) -> NoReturn:
        """Write the exchange down, let what was sent arrive, and end the connection there and then.

        Raises `CutOff`, and what `settle` raises.
        """
        self._exchange.broken_off = True
        if not self.begun:
            self._exchange.status = CONNECTION_CLOSED
        await self._settle(self._exchange)
        transport = self.connection.transport
        if transport is not None and not transport.is_closing():
            await self._sent()
            await endings.end(transport, how)
        self.keep_alive = False
        raise CutOff

    async def left(self) -> NoReturn:
        """Wait until the consumer leaves: whoever waits here is cancelled then.

        What else it sends is thrown away, but for a body that goes to the provider all the while.
        """
        uploading = self._exchange.provider.address is not None and not self._request.body.whole
        if self.connection.transport is not None and not uploading:
            self.connection.deaf = True  # its end stands behind all that it has sent, which would wait for its turn
            self.connection.transport.resume_reading()
        await asyncio.get_running_loop().create_future()
        raise ConsumerGone

    async def watch(self) -> None:
        """Break the connection as soon as the consumer has left; whoever serves it is cancelled then."""
        if self.connection.transport is not None:
            await endings.left(self.connection.transport.get_extra_info("socket"))
            self.abort()

    def abort(self) -> None:
        """Break the connection, so that what was sent is not taken for a whole answer."""
        self.keep_alive = False
        if self.connection.transport is not None:
            self.connection.transport.abort()

    async def _sent(self) -> None:
        """Wait until all is on its way, as long as the consumer takes something."""
        await asyncio.sleep(0)  # what is small goes out at the next turn, and only then shows whether there is room
        transport = self.connection.transport
        if transport is None or not transport.get_write_buffer_size():
            return
        low, high = transport.get_write_buffer_limits()
        transport.set_write_buffer_limits(high=0, low=0)
        try:
            await self._room(transport)
        finally:
            transport.set_write_buffer_limits(high=high, low=low)

    async def _room(self, transport: Transport) -> None:
        """Wait until the consumer has taken enough, as long as it takes something."""
        waiting = transport.get_write_buffer_size()
        while True:
            try:
                async with asyncio.timeout(self._patience_s):
                    await self.connection.room()
                    break
            except TimeoutError:
                if (still := transport.get_write_buffer_size()) >= waiting:
                    self._give_up()
                waiting = still
        if self.connection.transport is None:
            raise ConsumerGone

    def _give_up(self) -> NoReturn:
        self.abort()
        raise ConsumerGone(f"the consumer took nothing for {self._patience_s:g} s")
