"""The face while it listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from ssp_emulator import web_server

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler

    from ssp_emulator.sds.face import Face


class Server(web_server.Server):
    """Serves a face on sockets that listen already, as an async context manager: from entering to leaving."""

    def __init__(self, face: Face, listening: Sequence[socket.socket]) -> None:
        @web.middleware
        async def everything(request: web.Request, handler: Handler) -> web.StreamResponse:  # noqa: ARG001 - by name
            return await face.answer(request)

        app = web.Application(middlewares=[everything])  # a route alone leaves out what is no path: `*`, `a:443`
        app.router.add_route("*", "/{path:.*}", face.answer, expect_handler=_nothing)
        super().__init__(app, listening, face.refuse_unread)


async def _nothing(_: web.Request) -> None:
    """Say nothing to `Expect`: no body is waited for here."""
