"""Room: whoever writes waits while too much of it is on its way."""

from __future__ import annotations

import asyncio


class Room:
    """Whether more may be written to a connection, as its transport says."""

    __slots__ = ("_awaited",)

    def __init__(self) -> None:
        self._awaited: asyncio.Future[None] | None = None

    def none(self) -> None:
        """Have whoever writes wait."""
        self._awaited = asyncio.get_running_loop().create_future()

    def again(self) -> None:
        """Let them go on."""
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)
        self._awaited = None

    async def wait(self) -> None:
        """Return when more may be written; one who is cancelled takes nothing from others who wait."""
        if self._awaited is not None:
            await asyncio.shield(self._awaited)
