"""The application: routes, behind what every call passes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from ssp_emulator.admin.guard import guarded
from ssp_emulator.admin.problem import problems
from ssp_emulator.admin.question import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssp_emulator.admin.guard import Guard
    from ssp_emulator.admin.route import Route


def compose(routes: Iterable[Route], guard: Guard, *, patience_s: float = 10.0) -> web.Application:
    """Return the application; `patience_s` is how many seconds the body of a call may take to come."""
    opened: set[web.AbstractRoute] = set()
    app = web.Application(middlewares=[problems, guarded(guard, lambda request: request.match_info.route in opened)])
    app[PATIENCE_S] = patience_s
    for route in routes:
        for method in (route.method, "HEAD") if route.method == "GET" else (route.method,):
            added = app.router.add_route(method, route.whole_path, route.answer, expect_handler=_later)
            if route.open:
                opened.add(added)
    app.on_response_prepare.append(_say_for_all)
    return app


async def _later(_: web.Request) -> None:
    """Say nothing to `Expect` yet: aiohttp asks before the guard has seen who calls."""


async def _say_for_all(_: web.Request, answer: web.StreamResponse) -> None:
    answer.headers["Cache-Control"] = "no-store"  # what is in force now is not what was
    answer.headers["X-Content-Type-Options"] = "nosniff"
