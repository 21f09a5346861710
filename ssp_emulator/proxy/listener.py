"""The listener: sockets that accept consumers, over TLS, or over plain HTTP to tell them so.

Source: Spine Core SSP implementation guide, 497 (a consumer that speaks plain HTTP is answered in it).
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from typing import TYPE_CHECKING, Any, cast

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from ssp_emulator.proxy.salvage import Unread, problem_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssp_emulator.proxy.handler import Handler
    from ssp_emulator.proxy.openssl import ContextAdapter

_TLS_HANDSHAKE = b"\x16"  # the first byte of a ClientHello's record; no method of HTTP begins with it
_HEAD_LIMIT = 32 * 1024  # bytes of a start line, or of one field: a token with full FHIR resources is a long one
_CLOSE_PATIENCE_S = 2.0  # how long a consumer may take to say close_notify back
_LINGER_S = 2.0  # how long the rest of a refused body is read, so that the refusal is not lost with a reset


class _Connection(RequestHandler):
    """Aiohttp's connection, but for what is no request in HTTP: that is answered like every other refusal."""

    __slots__ = ("_handler", "current", "unread")

    def __init__(self, server: _Server, handler: Handler, **kwargs: Any) -> None:
        super().__init__(server, **kwargs)
        self._handler = handler
        self.unread = Unread()
        self.current: web.BaseRequest | None = None

    def data_received(self, data: bytes) -> None:
        """Take bytes, and remember them in case they are not HTTP."""
        self.unread.came(data)
        super().data_received(data)
        current = self.current
        if (
            current is not None
            and not current.content.is_eof()
            and any(isinstance(message, _ErrInfo) for message, _ in self._messages)
        ):
            # aiohttp keeps the error for the next turn, and would let the body of this one wait for ever.
            current.content.set_exception(web.RequestPayloadError("it breaks the rules of its framing"))

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,  # noqa: ARG002 - aiohttp's signature
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer what aiohttp could not read; what the handler itself let through is broken off."""
        if isinstance(exc, HttpProcessingError):
            return self._handler.malformed(request, bytes(self.unread), problem_of(exc, _HEAD_LIMIT))
        return self._handler.failed(request, exc)


class _Server(web.Server):
    """Makes a connection for each consumer, and cancels the handler of one that goes away."""

    def __init__(self, handler: Handler, keep_alive_s: float) -> None:
        super().__init__(self._handle, handler_cancellation=True)
        self._handler = handler
        self._keep_alive_s = keep_alive_s

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = cast("_Connection", request.protocol)
        connection.current = request
        connection.unread.begin()
        try:
            return await self._handler.handle(request)
        finally:
            connection.current = None
            connection.unread.end()
            if request.content.exception() is not None:
                request.content.feed_eof()  # aiohttp would try to read the rest of it, and fail

    def __call__(self) -> RequestHandler:
        return _Connection(
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


class Listener:
    """Accepts consumers on one address until it is stopped."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        handler: Handler,
        tls: ContextAdapter,
        *,
        handshake_timeout_s: float,
        keep_alive_timeout_s: float,
    ) -> None:
        self._sockets = sockets
        self._tls = tls
        self._handshake_timeout_s = handshake_timeout_s
        self._server = _Server(handler, keep_alive_timeout_s)
        self._accepting: list[asyncio.Task[None]] = []
        self._arriving: set[asyncio.Task[None]] = set()
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.proxy")

    def start(self) -> None:
        """Begin to accept."""
        self._accepting = [asyncio.create_task(self._accept(listening)) for listening in self._sockets]

    async def stop(self, drain_s: float) -> None:
        """Accept no more, let requests in flight end for so many seconds, and close every connection."""
        for task in (*self._accepting, *self._arriving):
            task.cancel()
        await asyncio.gather(*self._accepting, *self._arriving, return_exceptions=True)
        for listening in self._sockets:
            listening.close()
        self._server.pre_shutdown()
        await self._server.shutdown(drain_s)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError as error:
                self._log.warning("a connection could not be accepted", reason=error.strerror)
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    await asyncio.sleep(0.1)  # nothing to be had until another connection closes
                continue
            task = asyncio.create_task(self._welcome(connection))
            self._arriving.add(task)
            task.add_done_callback(self._arriving.discard)

    async def _welcome(self, connection: socket.socket) -> None:
        """See what the consumer speaks, shake hands if it is TLS, and hand the connection to aiohttp."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._handshake_timeout_s):
                first = await _first_byte(connection)
            if not first:
                connection.close()
                return
            if first == _TLS_HANDSHAKE:
                await loop.connect_accepted_socket(
                    self._server,
                    connection,
                    # asyncio only asks it for `wrap_bio`; the annotation knows the standard library's context alone.
                    ssl=cast("ssl.SSLContext", self._tls),
                    ssl_handshake_timeout=self._handshake_timeout_s,
                    ssl_shutdown_timeout=_CLOSE_PATIENCE_S,
                )
            else:
                await loop.connect_accepted_socket(self._server, connection)
        except (OSError, ssl.SSLError, TimeoutError) as error:
            connection.close()
            self._log.info("the TLS handshake failed", reason=str(error) or type(error).__name__)
        except asyncio.CancelledError:
            connection.close()
            raise


async def _first_byte(connection: socket.socket) -> bytes:
    """Return the first byte that a consumer sends, and leave it where it is; nothing where it closes instead."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connection, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection)
    return connection.recv(1, socket.MSG_PEEK)
