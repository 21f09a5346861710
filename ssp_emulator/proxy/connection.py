"""A consumer's connection: aiohttp's, made stricter where requests are read, and kinder where they cannot be.

aiohttp parses, keeps the connection alive and reads bodies. Here is what it has no public hook for.

Source: RFC 9112, 9 (connections) and 11.2 (request smuggling); RFC 9110, 6.5 (trailers).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from ssp_emulator.proxy.salvage import Unread, doubt_about, problem_of

if TYPE_CHECKING:
    from aiohttp.http import RawRequestMessage
    from aiohttp.streams import StreamReader

    from ssp_emulator.proxy.handler import Handler

_HEAD_LIMIT = 32 * 1024  # bytes of a start line, or of one field: a token with full FHIR resources is a long one
_PLAIN_END = b"\r\n0\r\n\r\n"  # of a body in chunks: no trailers, and nothing behind it yet
_LOOK_EVERY_S = 0.02
_LAST_MOMENT_S = 0.1  # how long a request may take to note that it is cut off
_LAST_WORDS_S = 2.0  # how long one that was cut off may take to end
_LINGER_S = 2.0  # how long the rest of a refused body is read, so that the refusal is not lost with a reset


class Connection(RequestHandler):
    """aiohttp's connection, stricter: what is no request in HTTP, or might be two, is answered as a refusal.

    `current` is the request under way, and `answered` the body of the last one that has its answer; `retiring` is set
    where the connection is to end with the next answer. `requests` counts those that have come, and once `deaf` is set,
    what else comes is thrown away.
    """

    __slots__ = ("_ending", "_handler", "_uploading", "answered", "current", "deaf", "requests", "retiring", "unread")

    def __init__(self, server: Server, handler: Handler, **kwargs: Any) -> None:
        super().__init__(server, **kwargs)
        self._handler = handler
        self.unread = Unread()
        self.current: web.BaseRequest | None = None
        self.answered: StreamReader | None = None
        self.retiring = False
        self.deaf = False
        self.requests = 0
        self._ending = b""
        self._uploading: StreamReader | None = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Take note that the connection is gone; one on which nothing was asked may have been tampered with."""
        if not self.requests:
            self._handler.left_unasked(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and remember them in case they are not HTTP."""
        if self.deaf:
            return
        self.unread.came(data)
        self._ending = (self._ending + data[-len(_PLAIN_END) :])[-len(_PLAIN_END) :]
        waiting = len(self._messages)
        super().data_received(data)
        self._end_upload(followed=len(self._messages) > waiting)
        self._judge(waiting)
        self._fail_body()

    def _end_upload(self, *, followed: bool) -> None:
        """See how a body in chunks has ended: where that leaves doubt of what comes next, the connection ends too."""
        body = self._uploading
        if body is None or not body.is_eof():
            return
        self._uploading = None
        if not followed and self._ending == _PLAIN_END:
            return
        if body is self.answered:  # refused already, and read to be thrown away: no answer is left to end with
            self.close()
        else:
            self.retire()

    def _judge(self, waiting: int) -> None:
        """Judge what aiohttp has just read, behind the messages that were waiting: it reads more than is safe.

        What another server might read otherwise is refused. Where a message leaves doubt about what comes behind it,
        the connection ends with its answer.
        """
        for place in range(waiting, len(self._messages)):
            message, body = self._messages[place]
            if isinstance(message, _ErrInfo):
                return
            if (problem := doubt_about(message)) is not None:
                error = BadHttpMessage(problem)
                self._messages[place] = _ErrInfo(error.code, error, problem), EMPTY_PAYLOAD
            elif self._blurs_its_end(message, body):
                self._messages[place] = message._replace(should_close=True), body
            elif message.chunked and not body.is_eof():
                self._uploading = body

    def _fail_body(self) -> None:
        """Tell whoever reads a body that it breaks the rules; aiohttp keeps that for the next turn."""
        current = self.current
        broken = any(isinstance(message, _ErrInfo) for message, _ in self._messages)
        if broken and current is not None and not current.content.is_eof():
            current.content.set_exception(web.RequestPayloadError("it breaks the rules of its framing"))

    def _blurs_its_end(self, message: RawRequestMessage, body: StreamReader) -> bool:
        """Tell whether the parser may read the next request wrongly after this one.

        It puts the last trailer of a body in chunks among the next request's headers, and loses, or reads behind our
        back, what comes with a CONNECT or a request to upgrade (seen with aiohttp 3.14.5; RFC 9931). Trailers
        are not shown to us, so it takes a body that ends plainly, with no other request around it.
        """
        if message.upgrade or not message.chunked:
            return message.upgrade
        return len(self._messages) > 1 or (body.is_eof() and self._ending != _PLAIN_END)

    def retire(self) -> None:
        """Close as soon as no request is under way: at once, or with the answer to the one that is.

        aiohttp's own `close` would take no more of that request's body.
        """
        self.retiring = True
        if self._is_idle:
            self.force_close()
        elif self.answered is not None and not self.answered.is_eof():
            self.close()  # the answer is out, and the rest of the request is read to be thrown away

    @property
    def busy(self) -> bool:
        """Whether a request is under way, from its head to the last byte that is read or written of it."""
        return self._task_handler is not None and not self._is_idle

    @property
    def _is_idle(self) -> bool:
        return self._waiter is not None and not self._waiter.done()  # aiohttp's own way to tell

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,  # noqa: ARG002 - aiohttp's signature
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer what aiohttp could not read; what the handler itself let through is broken off."""
        self.requests += 1
        if isinstance(exc, HttpProcessingError):
            return self._handler.malformed(request, bytes(self.unread), problem_of(exc, _HEAD_LIMIT))
        return self._handler.failed(request, exc)


class Server(web.Server):
    """Makes a connection for each consumer, and cancels the handler of one that goes away."""

    def __init__(self, handler: Handler, keep_alive_s: float) -> None:
        super().__init__(self._handle, handler_cancellation=True)
        self._handler = handler
        self._keep_alive_s = keep_alive_s
        self._under_way: set[asyncio.Task[None]] = set()

    def retire(self) -> None:
        """Let every connection that there is end with the request under way on it, and those without one at once."""
        for connection in self._every():
            connection.retire()

    async def drain(self, patience_s: float) -> None:
        """Let requests under way end, for so many seconds, and then close every connection.

        aiohttp's `shutdown` waits too, and takes no more of their bodies meanwhile.
        """
        self.retire()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while any(connection.busy for connection in self._every()):  # noqa: ASYNC110 - aiohttp tells no one
                    await asyncio.sleep(_LOOK_EVERY_S)
        await self.shutdown(_LAST_MOMENT_S)
        if self._under_way:  # cut off, they still have themselves written down
            await asyncio.wait(self._under_way, timeout=_LAST_WORDS_S)

    def _every(self) -> list[Connection]:
        return cast("list[Connection]", self.connections)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = cast("Connection", request.protocol)
        handling = cast("asyncio.Task[None]", asyncio.current_task())
        self._under_way.add(handling)
        handling.add_done_callback(self._under_way.discard)
        connection.current = request
        connection.requests += 1
        connection.unread.begin()
        try:
            return await self._handler.handle(request)
        finally:
            connection.current, connection.answered = None, request.content
            if request.content.is_eof():  # else what comes next is the rest of this body
                connection.unread.end()
            if request.content.exception() is not None:
                request.content.feed_eof()  # aiohttp would try to read the rest of it, and fail

    def __call__(self) -> RequestHandler:
        return Connection(
            self,
            self._handler,
            loop=asyncio.get_running_loop(),
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=self._keep_alive_s,
            lingering_time=_LINGER_S,
            max_line_size=_HEAD_LIMIT,
            max_field_size=_HEAD_LIMIT,
        )
