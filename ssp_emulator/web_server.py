"""A web application while it listens: on sockets that are bound already, and with a word for what is no HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from ssp_emulator.accepting import Acceptor, hand_over

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

_DRAIN_S = 1.0
_IDLE_S = 30.0  # how long a connection may take to send the head of a request
_LINGER_S = 1.0  # how long the rest of a refused body is read, so that the refusal is not lost with a reset
_LONGEST = 200


class Server:
    """Serves an application on sockets that listen already, as an async context manager: from entering to leaving.

    `refuse` makes the answer to what aiohttp could not read or answer: it takes a status, and what is wrong with the
    request, None where the fault is ours.
    """

    def __init__(
        self,
        app: web.Application,
        listening: Sequence[socket.socket],
        refuse: Callable[[int, str | None], web.Response],
    ) -> None:
        self._runner = _Runner(app, refuse)
        self._acceptor = Acceptor(listening, self._take_on)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        self._acceptor.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._acceptor.stop()
        finally:
            await self._runner.cleanup()

    async def _take_on(self, connection: socket.socket) -> None:
        await hand_over(connection, cast("web.Server", self._runner.server))  # it is set up before anybody is accepted


class _Connection(RequestHandler):
    """aiohttp's connection, which answers what is no HTTP as the application would, and writes no traceback of it."""

    __slots__ = ("_log", "_refuse")

    def __init__(self, server: _Connections, refuse: Callable[[int, str | None], web.Response]) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # as AppRunner has it, and the annotation has not
            auto_decompress=False,
            keepalive_timeout=_IDLE_S,
            lingering_time=_LINGER_S,
        )
        self._refuse = refuse
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.web_server")

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer what aiohttp could not read, and end the connection with it; the log says what a defect of ours is."""
        answer = self._refuse(status, None)
        if isinstance(exc, HttpProcessingError):
            said = " ".join(exc.message.split())[:_LONGEST]
            answer = self._refuse(400, f"the request cannot be read as HTTP: {said}")
        elif exc is not None and not isinstance(exc, ConnectionError):  # who has left is no defect
            self._log.error("a call failed: this is a defect", error=type(exc).__name__, exc_info=exc)
        answer.force_close()
        return answer


class _Connections(web.Server):
    """Makes a connection for each caller."""

    def __init__(self, made: web.Server, refuse: Callable[[int, str | None], web.Response]) -> None:
        super().__init__(made.request_handler, request_factory=made.request_factory)
        self._refuse = refuse

    def __call__(self) -> RequestHandler:
        return _Connection(self, self._refuse)


class _Runner(web.AppRunner):
    """aiohttp's runner of an application, with those connections."""

    def __init__(self, app: web.Application, refuse: Callable[[int, str | None], web.Response]) -> None:
        super().__init__(app, shutdown_timeout=_DRAIN_S)
        self._refuse = refuse

    async def _make_server(self) -> web.Server:
        return _Connections(await super()._make_server(), self._refuse)
