"""A route: one method on one path, what answers there, and what may be said of it to whoever wants to call it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ssp_emulator.admin.problem import CallError

if TYPE_CHECKING:
    from aiohttp import web

    from ssp_emulator.admin.problem import Handler

ROOT = "/api/v1"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter that a route knows; `schema` is its JSON Schema, and `description` is for people."""

    name: str
    description: str
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Route:
    """`path` is below `root`, with names in braces; `query` is the parameters that the route knows.

    One that is `open` answers without the token: what watches over a service has none.
    The rest is for who reads about it: the shapes of the body that it `asks` for, if any, and of what it `answers`,
    each a JSON Schema, or a type that pydantic can make one of; `media` is the type of the latter, `statuses` are those
    that it comes with. A handler's docstring is its description.
    """

    method: str
    path: str
    handler: Handler
    query: tuple[Parameter, ...] = ()
    root: str = ROOT
    open: bool = False
    asks: Any = None
    answers: Any = None
    media: str = "application/json"
    statuses: tuple[int, ...] = (200,)

    @property
    def whole_path(self) -> str:
        """The path from the server's root."""
        return f"{self.root}{self.path}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a call; one with a parameter that would not be heeded is refused."""
        names = {parameter.name for parameter in self.query}
        if unknown := sorted(set(request.query) - names):
            known = ", ".join(sorted(names)) or "none"
            said = f"these query parameters are known here: {known}; found {', '.join(unknown)[:200]}"
            raise CallError(400, said, [{"key": name[:200], "message": "is not known here"} for name in unknown[:100]])
        if repeated := sorted(name for name in names if len(request.query.getall(name, ())) > 1):
            said = f"each query parameter should come once; found {', '.join(repeated)} more than once"
            raise CallError(400, said, [{"key": name, "message": "should come once"} for name in repeated])
        return await self.handler(request)
