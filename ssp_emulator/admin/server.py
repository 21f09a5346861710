"""The admin API while it listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import web_server
from ssp_emulator.admin.problem import CallError

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from aiohttp import web


class Server(web_server.Server):
    """Serves the API on sockets that listen already; what is no HTTP is answered with a problem too."""

    def __init__(self, app: web.Application, listening: Sequence[socket.socket]) -> None:
        super().__init__(app, listening, lambda status, said: CallError(status, said).response())
