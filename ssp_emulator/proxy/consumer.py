"""The consumer's end of an exchange: its body read, and its answer written, byte for byte."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ssp_emulator.faults.fault import NOTHING
from ssp_emulator.message import Framing
from ssp_emulator.proxy import heads
from ssp_emulator.proxy.body import BrokenBodyError
from ssp_emulator.proxy.errors import ConsumerGone, MalformedRequestError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ssp_emulator.faults.effects.effect import Delivery
    from ssp_emulator.faults.fault import Fault
    from ssp_emulator.message import Head
    from ssp_emulator.proxy.outlet import Outlet
    from ssp_emulator.proxy.request import Request

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Consumer:
    """One request's connection to its consumer: its body is read here, and its answer goes out by `outlet`.

    `patience_s` is how long the consumer may send no byte, in seconds. A fault may stand in the way of both, once it is
    let in.
    """

    def __init__(self, request: Request, outlet: Outlet, *, patience_s: float) -> None:
        self._request = request
        self._patience_s = patience_s
        self._told_to_go_on = False
        self._is_answered = False
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
        framing = self._request.framing
        if framing is Framing.CHUNKED:
            codings = self._request.headers.getall("Transfer-Encoding")
            # As bytes: a letter beyond ASCII may have one of ASCII in lower case.
            if any(coding.encode("utf-8", "surrogateescape").strip(b" \t").lower() != b"chunked" for coding in codings):
                raise MalformedRequestError("The request's Transfer-Encoding should be chunked, and nothing else")
            if self._request.version < (1, 1):
                raise MalformedRequestError("The request should be in HTTP/1.1, or in HTTP/1.0 with a Content-Length")
        return framing

    @property
    def waits_for_continue(self) -> bool:
        """Whether the consumer keeps its body back until it is told to go on. Source: RFC 9110, 10.1.1."""
        expected = self._request.headers.get("Expect", "").lower()
        return expected == "100-continue" and self._request.version >= (1, 1)

    @property
    def gone(self) -> bool:
        """Whether the connection is closed."""
        return self.outlet.gone

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
        except BrokenBodyError as error:
            if self.gone:
                raise ConsumerGone from error
            raise MalformedRequestError(f"The request's body is not well-formed: {error}") from error

    async def _piece(self) -> bytes:
        async with asyncio.timeout(self._patience_s):
            return await self._request.body.taken()

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        """Begin an answer; `closes` asks for the connection to end with it."""
        # Who was not told to go on may send its body or leave it: what comes next could be either (RFC 9110, 10.1.1).
        in_doubt = not self._told_to_go_on and self._request.framing is not Framing.NONE and self.waits_for_continue
        self._is_answered = True
        await self._way.begin(head, closes=closes or in_doubt)

    async def write(self, piece: bytes, *, last: bool) -> None:
        """Send a piece of the answer's body. Raises `ConsumerGone`, `CutOff`, and what `settle` raises."""
        await self._way.write(piece, last=last)

    async def interim(self, answer: Head) -> None:
        """Send an interim head on; HTTP/1.0 knows none, and it would be a word of an answer that a fault holds back."""
        if self._request.version >= (1, 1) and not self._fault:
            await self.outlet.raw(heads.interim_head(answer.status, answer.phrase, answer.fields))

    async def go_on(self) -> None:
        """Tell the consumer to send its body, unless its answer has begun: the words would stand within that."""
        if not self._is_answered:
            self._told_to_go_on = True
            await self.outlet.raw(CONTINUE)

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection takes another request."""
        return self.outlet.keep_alive

    def abort(self) -> None:
        """Break the connection, so that what was sent is not taken for a whole answer."""
        self.outlet.abort()
