"""The consumer's end of an exchange: its body read, and its answer written, byte for byte."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from ssp_emulator.exchange import NotRecordedError
from ssp_emulator.faults.fault import NOTHING
from ssp_emulator.message import Framing
from ssp_emulator.proxy import heads
from ssp_emulator.proxy.errors import ConsumerGone, MalformedRequestError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ssp_emulator.faults.effects.effect import Delivery
    from ssp_emulator.faults.fault import Fault
    from ssp_emulator.message import Head
    from ssp_emulator.proxy.outlet import Carrier, Outlet

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Answered(web.StreamResponse):
    """What a handler returns to aiohttp once the answer is out: nothing is left to send.

    `connection` is the one that it went out on, where that may take another request.
    """

    def __init__(self, status: int, connection: Carrier | None = None) -> None:
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
    """An answer that is sent as it is, whole, before the connection closes: for what is no request in HTTP.

    `settled` returns when it may be; where it fails, what `instead` returns is sent.
    """

    def __init__(
        self,
        status: int,
        data: bytes,
        settled: Callable[[], Awaitable[None]] | None,
        instead: Callable[[NotRecordedError], bytes],
    ) -> None:
        super().__init__(status)
        self._data = data
        self._settled = settled
        self._instead = instead

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send it."""
        try:
            if self._settled is not None:
                await self._settled()
        except NotRecordedError as error:
            self._data = self._instead(error)
        if request.transport is not None:
            request.transport.write(self._data)


class Consumer:
    """One request's connection to its consumer: its body is read here, and its answer goes out by `outlet`.

    `patience_s` is how long the consumer may send no byte, in seconds. A fault may stand in the way of both, once it is
    let in.
    """

    def __init__(self, request: web.BaseRequest, outlet: Outlet, *, patience_s: float) -> None:
        self._request = request
        self._patience_s = patience_s
        self._told_to_go_on = False
        self._fault = NOTHING
        self._watching: asyncio.Task[None] | None = None
        self.outlet = outlet
        self._way: Delivery = outlet

    def let_in(self, fault: Fault) -> None:
        """Have a fault stand in the way of the body and of the answer, and watch for the consumer to leave.

        While a fault has an exchange wait, nobody reads what else the consumer has sent, nor that it is gone.
        """
        self._fault = fault
        self._way = fault.delivery(self.outlet, self.outlet)
        self._watching = asyncio.create_task(self.outlet.watch())

    def let_go(self) -> None:
        """Watch no more."""
        if self._watching is not None:
            self._watching.cancel()

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

    @property
    def begun(self) -> bool:
        """Whether any byte of the answer has gone out."""
        return self.outlet.begun

    def body(self) -> AsyncIterator[bytes]:
        """Yield the request's body as it is to go on. Raises `ConsumerGone` and `MalformedRequestError`."""
        return self._fault.upload(self._body())

    async def _body(self) -> AsyncIterator[bytes]:
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

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        """Begin an answer; `closes` asks for the connection to end with it."""
        # Who was not told to go on may send its body or leave it: what comes next could be either (RFC 9110, 10.1.1).
        in_doubt = self.waits_for_continue and self._request.body_exists and not self._told_to_go_on
        await self._way.begin(head, closes=closes or in_doubt)

    async def write(self, piece: bytes, *, last: bool) -> None:
        """Send a piece of the answer's body. Raises `ConsumerGone`, `CutOff`, and what `settle` raises."""
        await self._way.write(piece, last=last)

    async def interim(self, answer: Head) -> None:
        """Send an interim head on; HTTP/1.0 knows none, and it would be a word of an answer that a fault holds back."""
        if self._request.version >= (1, 1) and not self._fault:
            await self.outlet.raw(heads.interim_head(answer.status, answer.phrase, answer.fields))

    async def go_on(self) -> None:
        """Tell the consumer to send its body."""
        self._told_to_go_on = True
        await self.outlet.raw(CONTINUE)

    def done(self, status: int) -> Answered:
        """Return what aiohttp needs to know after the last byte."""
        return Answered(status, self.outlet.connection if self.outlet.keep_alive else None)

    def hang_up(self, status: int) -> Answered:
        """Close the connection with no answer, and return what aiohttp needs to know."""
        self.abort()
        return Answered(status)

    def abort(self) -> None:
        """Break the connection, so that what was sent is not taken for a whole answer."""
        self.outlet.abort()
