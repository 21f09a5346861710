"""The admin API while it listens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from ssp_emulator.admin.problem import CallError

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

_DRAIN_S = 1.0
_IDLE_S = 30.0  # how long a connection may take to send the head of a request
_LINGER_S = 1.0  # how long the rest of a refused body is read, so that the refusal is not lost with a reset
_LONGEST = 200


class Server:
    """Serves an application on sockets that listen already, as an async context manager: from entering to leaving."""

    def __init__(self, app: web.Application, listening: Sequence[socket.socket]) -> None:
        self._listening = listening
        self._runner = _Runner(app, shutdown_timeout=_DRAIN_S)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            for each in self._listening:
                await web.SockSite(self._runner, each).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()


class _Connection(RequestHandler):
    """aiohttp's connection, which says what is no HTTP as a problem too, and writes no traceback of it."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer what aiohttp could not read."""
        if isinstance(exc, HttpProcessingError):
            said = " ".join(exc.message.split())[:_LONGEST]
            return CallError(400, f"the request cannot be read as HTTP: {said}", closes=True).response()
        return CallError(status, closes=True).response()


class _Connections(web.Server):
    """Makes a connection for each caller."""

    def __call__(self) -> RequestHandler:
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # as AppRunner has it, and the annotation has not
            auto_decompress=False,
            keepalive_timeout=_IDLE_S,
            lingering_time=_LINGER_S,
        )


class _Runner(web.AppRunner):
    """aiohttp's runner of an application, with those connections."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Connections(made.request_handler, request_factory=made.request_factory)
