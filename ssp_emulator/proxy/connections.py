"""The connections that there are: retired together, and drained when the emulator stops."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from ssp_emulator.proxy.connection import Connection

if TYPE_CHECKING:
    from ssp_emulator.exchange import Client
    from ssp_emulator.proxy.handler import Handler

_LOOK_EVERY_S = 0.02
_FAREWELL_S = 0.2  # how long consumers may take then to close as well
_LAST_WORDS_S = 2.0  # how long a request that was cut off may take to write that down


class Connections:
    """Makes connections, and knows them until they are gone; `keep_alive_s` is how long one may be idle."""

    def __init__(self, handler: Handler, keep_alive_s: float) -> None:
        self._handler = handler
        self._keep_alive_s = keep_alive_s
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    def made(self, client: Client) -> Connection:
        """Return what serves a client, for its transport."""
        connection = Connection(self._handler, client, keep_alive_s=self._keep_alive_s, on_lost=self._open.discard)
        self._open.add(connection)
        return connection

    def retire(self) -> None:
        """Let every connection end with the request under way on it, and those without one at once."""
        for connection in tuple(self._open):
            connection.retire()

    async def drain(self, patience_s: float) -> None:
        """Let requests under way end, for so many seconds, and then close every connection."""
        self.retire()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while any(connection.busy for connection in self._open):  # noqa: ASYNC110 - they tell no one
                    await asyncio.sleep(_LOOK_EVERY_S)
        ending = [handling for connection in self._open if (handling := connection.cut_off()) is not None]
        if ending:  # they still have themselves written down
            await asyncio.wait(ending, timeout=_LAST_WORDS_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                while self._open:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_EVERY_S)
        for connection in tuple(self._open):
            connection.abort()
