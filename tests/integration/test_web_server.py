"""A web application while it listens, where it fails on a call."""

from __future__ import annotations

from aiohttp import ClientSession, web
from structlog.testing import capture_logs

from ssp_emulator import sockets
from ssp_emulator.web_server import Server


async def test_a_defect_is_answered_without_a_word_of_it_and_logged() -> None:
    async def fail(_: web.Request) -> web.Response:
        raise LookupError("nobody is told this")

    app = web.Application()
    app.router.add_get("/", fail)
    listening = sockets.bind("127.0.0.1", 0)
    refuse = lambda status, said: web.json_response([status, said], status=status)  # noqa: E731
    url = f"http://127.0.0.1:{listening[0].getsockname()[1]}/"
    with capture_logs() as logged:
        async with Server(app, listening, refuse), ClientSession() as session, session.get(url) as answer:
            assert (answer.status, await answer.json()) == (500, [500, None])
    (said,) = logged
    assert (said["log_level"], said["event"], said["error"]) == (
        "error",
        "a call failed: this is a defect",
        "LookupError",
    )
