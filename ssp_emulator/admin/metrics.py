"""The metrics, in the forms that Prometheus reads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from ssp_emulator.admin.route import Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prometheus_client.registry import Collector

    Encoder = Callable[[Collector], bytes]


class Exposition:
    """Answers what metrics there are; `collected` returns them, and is asked each time."""

    def __init__(self, collected: Callable[[], Awaitable[Collector]]) -> None:
        self._collected = collected

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered, and where."""
        return (Route("GET", "/metrics", self.show, root="", answers={"type": "string"}, media="text/plain"),)

    async def show(self, request: web.Request) -> web.Response:
        """Return the metrics in the text format of Prometheus, or in OpenMetrics where that is accepted."""
        encode, content_type = _chosen(", ".join(request.headers.getall("Accept", ())))
        # In a thread: ten thousand series take some tenths of a second to write.
        body = await asyncio.to_thread(encode, await self._collected())
        return web.Response(body=body, headers={"Content-Type": content_type})


def _chosen(accept: str) -> tuple[Encoder, str]:
    try:
        return choose_encoder(accept)
    except TypeError:  # it compares versions that are no numbers
        return choose_encoder("")
