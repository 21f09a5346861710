"""Health: whether the emulator lives, and whether it serves; for whoever starts it, and waits, or watches over it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ssp_emulator.admin.route import Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Look = Callable[[], str | None]

_ALIVE: dict[str, Any] = {
    "type": "object",
    "properties": {"status": {"const": "alive"}},
    "required": ["status"],
}
_STANDING: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"enum": ["ready", "not ready"]},
        "parts": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "ready": {"type": "boolean"},
                    "reason": {"type": "string", "description": "why it is not ready"},
                    "warning": {"type": "string", "description": "what is not well with it"},
                },
                "required": ["ready"],
            },
        },
    },
    "required": ["status", "parts"],
}
_UNAVAILABLE = 503


class Health:
    """Answers whether the emulator is well.

    `parts` says for each part why it is not ready, None where it is; `warnings` says for any of these what is not well
    with it all the same. `refresh`, where there is one, is waited for before they are looked at.
    """

    def __init__(
        self,
        parts: Mapping[str, Look],
        warnings: Mapping[str, Look] = MappingProxyType({}),
        refresh: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._parts = parts
        self._warnings = warnings
        self._refresh = refresh

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered, and where: to whoever may connect, as an orchestrator has no token."""
        return (
            Route("GET", "/health/live", self.live, root="", open=True, answers=_ALIVE),
            Route("GET", "/health/ready", self.ready, root="", open=True, answers=_STANDING, statuses=(200, 503)),
        )

    def standing(self) -> dict[str, bool]:
        """Return each part's name, and whether it is ready."""
        return {name: look() is None for name, look in self._parts.items()}

    async def live(self, _: web.Request) -> web.Response:
        """Say that the process lives; it does as long as it answers."""
        return web.json_response({"status": "alive"})

    async def ready(self, _: web.Request) -> web.Response:
        """Say whether requests are served, and what is missing: 200 where they are, 503 where not."""
        if self._refresh is not None:
            await self._refresh()
        parts = {name: self._told(name, look()) for name, look in self._parts.items()}
        ready = all(part["ready"] for part in parts.values())
        said = {"status": "ready" if ready else "not ready", "parts": parts}
        return web.json_response(said, status=200 if ready else _UNAVAILABLE)

    def _told(self, name: str, reason: str | None) -> dict[str, Any]:
        told: dict[str, Any] = {"ready": reason is None}
        if reason is not None:
            told["reason"] = reason
        if name in self._warnings and (warning := self._warnings[name]()) is not None:
            told["warning"] = warning
        return told
