"""A route: one method on one path, and what answers there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssp_emulator.admin.problem import CallError

if TYPE_CHECKING:
    from aiohttp import web

    from ssp_emulator.admin.problem import Handler

ROOT = "/api/v1"


@dataclass(frozen=True, slots=True)
class Route:
    """`path` is below `ROOT`, with names in braces; `query` is the parameters that the route knows."""

    method: str
    path: str
    handler: Handler
    query: frozenset[str] = frozenset()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a call; one with a parameter that would not be heeded is refused."""
        if unknown := sorted(set(request.query) - self.query):
            known = ", ".join(sorted(self.query)) or "none"
            raise CallError(400, f"these query parameters are known here: {known}; found {', '.join(unknown)[:200]}")
        return await self.handler(request)
