"""The consumer's end of an exchange: its body read, and its answer written, byte for byte."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, cast

from aiohttp import hdrs, web

from ssp_emulator.message import Framing
from ssp_emulator.proxy import heads
from ssp_emulator.proxy.errors import ConsumerGone, MalformedRequestError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ssp_emulator.message import Fields, Head

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class MayRetire(Protocol):
    """A connection that may be told, at any time, to take no more requests than the one under way."""

    retiring: bool


class Answered(web.StreamResponse):
    """What a handler returns to aiohttp once the answer is out: nothing is left to send.

    `connection` is the one that it went out on, where that may take another request.
    """

    def __init__(self, status: int, connection: MayRetire | None = None) -> None:
        super().__init__(status=status)
        self._connection = connection

    @property
    def keep_alive(self) -> bool:
        """Whether the connection takes another request; it may have been told to retire since the last byte."""
        return self._connection is not None and not self._connection.retiring

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send nothing."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Send nothing."""


class LastWords(Answered):
    """An answer that is sent as it is, whole, before the connection closes: for what is no request in HTTP."""

    def __init__(self, status: int, data: bytes) -> None:
        super().__init__(status)
        self._data = data

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send it."""
        if request.transport is not None:
            request.transport.write(self._data)


class Consumer:
    """One request's connection to its consumer.

    It writes past aiohttp's responses, which would add fields of their own and write others anew. `patience_s` is how
    long the consumer may neither send nor take a byte, in seconds.
    """

    def __init__(self, request: web.BaseRequest, *, patience_s: float) -> None:
        self._request = request
        self._connection = cast("MayRetire", request.protocol)
        self._patience_s = patience_s
        self._keep_alive = request.keep_alive
        self._framing = Framing.NONE
        self._told_to_go_on = False
        self.begun = False

    @property
    def body_framing(self) -> Framing:
        """How the request's body ends.

        Raises `MalformedRequestError` for a transfer coding beside chunked, which would be lost on the way.

        Source: RFC 9112, 6.1.
        """
        codings = self._request.headers.getall(hdrs.TRANSFER_ENCODING, ())
        if any(coding.strip().lower() != "chunked" for coding in codings):
            raise MalformedRequestError("The request's Transfer-Encoding should be chunked, and nothing else")
        if codings and self._request.version < (1, 1):
            raise MalformedRequestError("The request should be in HTTP/1.1, or in HTTP/1.0 with a Content-Length")
        if codings:
            return Framing.CHUNKED
        return Framing.LENGTH if self._request.body_exists else Framing.NONE

    @property
    def waits_for_continue(self) -> bool:
        """Whether the consumer keeps its body back until it is told to go on. Source: RFC 9110, 10.1.1."""
        expected = self._request.headers.get(hdrs.EXPECT, "").lower()
        return expected == "100-continue" and self._request.version >= (1, 1)

    @property
    def gone(self) -> bool:
        """Whether the connection is closed."""
        transport = self._request.transport
        return transport is None or transport.is_closing()

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the request's body as it comes. Raises `ConsumerGone` and `MalformedRequestError`."""
        try:
            while piece := await self._piece():
                yield piece
        except TimeoutError as error:
            raise MalformedRequestError(
                f"The request's body is not whole: nothing came of it for {self._patience_s:g} s"
            ) from error
        except asyncio.CancelledError:
            raise
        except Exception as error:  # aiohttp says by many classes that no more can be read
            if self.gone:
                raise ConsumerGone from error
            raise MalformedRequestError(f"The request's body is not well-formed: {error}") from error

    async def _piece(self) -> bytes:
        async with asyncio.timeout(self._patience_s):
            return await self._request.content.readany()

    def head(self, answer: Head, additions: Fields, *, closes: bool = False) -> bytes:
        """Return an answer's head as this consumer needs it, and settle how its body will be framed.

        `additions` are the proxy's own fields, for where the answer has none of that name.
        """
        self._framing = answer.framing
        if self._framing in (Framing.CHUNKED, Framing.CLOSE):
            self._framing = Framing.CHUNKED if self._request.version >= (1, 1) else Framing.CLOSE
        # Who was not told to go on may send its body or leave it: what comes next could be either (RFC 9110, 10.1.1).
        in_doubt = self.waits_for_continue and self._request.body_exists and not self._told_to_go_on
        closes = closes or in_doubt or self._connection.retiring or self._framing is Framing.CLOSE
        self._keep_alive = self._keep_alive and not closes
        connection = None
        if not self._keep_alive:
            connection = b"close"
        elif self._request.version < (1, 1):
            connection = b"keep-alive"
        return heads.answer_head(answer.status, answer.phrase, answer.fields, self._framing, connection, additions)

    async def interim(self, answer: Head) -> None:
        """Send an interim head on; HTTP/1.0 knows none."""
        if self._request.version >= (1, 1):
            await self._write(heads.interim_head(answer.status, answer.phrase, answer.fields))

    async def go_on(self) -> None:
        """Tell the consumer to send its body."""
        self._told_to_go_on = True
        await self._write(CONTINUE)

    async def write(self, head: bytes, piece: bytes, *, last: bool) -> None:
        """Send the head, where it has not gone out yet, and a piece of the body.

        Wait until there is room for more; after the last piece until all is on its way, because a connection that
        closes leaves little time for the rest. Raises `ConsumerGone`.
        """
        self.begun = True
        if self._framing is Framing.CHUNKED:
            data = head + heads.chunk(piece) + (heads.LAST_CHUNK if last else b"")
        elif self._framing is Framing.NONE:
            data = head
        else:
            data = head + piece if head else piece
        await self._write(data)
        if last:
            await self._flush()

    def done(self, status: int) -> Answered:
        """Return what aiohttp needs to know after the last byte."""
        return Answered(status, self._connection if self._keep_alive else None)

    def hang_up(self, status: int) -> Answered:
        """Close the connection with no answer, and return what aiohttp needs to know."""
        self.abort()
        return Answered(status)

    def abort(self) -> None:
        """Break the connection, so that what was sent is not taken for a whole answer."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _write(self, data: bytes) -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConsumerGone
        transport.write(data)
        if self._request.protocol.writing_paused:
            await self._room(transport)

    async def _flush(self) -> None:
        transport = self._request.transport
        if transport is None or transport.get_write_buffer_size() == 0:
            return
        low, high = transport.get_write_buffer_limits()
        transport.set_write_buffer_limits(high=1, low=0)
        try:
            await self._room(transport)
        finally:
            transport.set_write_buffer_limits(high=high, low=low)

    async def _room(self, transport: asyncio.WriteTransport) -> None:
        """Wait until the consumer has taken enough, as long as it takes something."""
        draining = asyncio.ensure_future(self._request.writer.drain())
        try:
            waiting = transport.get_write_buffer_size()
            while not (await asyncio.wait({draining}, timeout=self._patience_s))[0]:
                if (still := transport.get_write_buffer_size()) >= waiting:
                    self.abort()
                    raise ConsumerGone(f"the consumer took nothing for {self._patience_s:g} s")
                waiting = still
            draining.result()
        except ConnectionError as error:
            raise ConsumerGone from error
        finally:
            draining.cancel()
