from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support.wire import Wire

from ssp_emulator import sockets
from ssp_emulator.admin.app import compose
from ssp_emulator.admin.guard import Guard
from ssp_emulator.admin.health import Health
from ssp_emulator.admin.route import Route
from ssp_emulator.admin.server import Server
from ssp_emulator.admin.token import Token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from support.wire import Answer

TOKEN = "0123456789abcdef"


@asynccontextmanager
async def serving(health: Health, token: Token | None = None, *others: Route) -> AsyncIterator[Callable[..., Any]]:
    """Serve the routes of health, and others, and lend a way to ask."""
    listening = sockets.bind("127.0.0.1", 0)
    port = listening[0].getsockname()[1]

    async def ask(path: str, method: str = "GET", **headers: str) -> Answer:
        fields = {"Host": f"127.0.0.1:{port}", **headers}
        wire = await Wire.open(port, None)
        try:
            head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            return await wire.ask(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())
        finally:
            await wire.close()

    async with Server(compose((*health.routes, *others), Guard(token, on_loopback=True)), listening):
        yield ask


def nothing() -> None:
    return None


async def test_it_lives_as_long_as_it_answers() -> None:
    async with serving(Health({"proxy": lambda: "its sockets are closed"})) as ask:
        answer = await ask("/health/live")

    assert (answer.status, answer.one("Content-Type")) == (200, "application/json; charset=utf-8")
    assert answer.json() == {"status": "alive"}


async def test_it_is_ready_when_every_part_is() -> None:
    async with serving(Health({"proxy": nothing, "journal": nothing})) as ask:
        answer = await ask("/health/ready")

    assert answer.status == 200
    assert answer.json() == {"status": "ready", "parts": {"proxy": {"ready": True}, "journal": {"ready": True}}}
    assert answer.one("Cache-Control") == "no-store"


async def test_one_part_that_is_not_is_enough_and_says_why() -> None:
    async with serving(Health({"proxy": nothing, "journal": lambda: "no space is left"})) as ask:
        answer = await ask("/health/ready")

    assert (answer.status, answer.one("Content-Type")) == (503, "application/json; charset=utf-8")
    assert answer.json() == {
        "status": "not ready",
        "parts": {"proxy": {"ready": True}, "journal": {"ready": False, "reason": "no space is left"}},
    }


async def test_it_is_looked_at_each_time() -> None:
    reasons: list[str | None] = ["not yet", None, "no more"]
    async with serving(Health({"proxy": lambda: reasons.pop(0)})) as ask:
        assert [(await ask("/health/ready")).status for _ in range(3)] == [503, 200, 503]


async def test_it_is_looked_at_once_it_was_refreshed() -> None:
    reasons: list[str | None] = ["not asked yet"]

    async def refresh() -> None:
        reasons[0] = None

    async with serving(Health({"proxy": lambda: reasons[0]}, refresh=refresh)) as ask:
        assert (await ask("/health/ready")).status == 200


async def test_what_is_not_well_is_a_warning_and_ready_all_the_same() -> None:
    health = Health({"registry": nothing, "journal": nothing}, {"journal": lambda: "it fails", "registry": nothing})
    async with serving(health) as ask:
        answer = await ask("/health/ready")

    assert answer.status == 200
    assert answer.json()["parts"] == {"registry": {"ready": True}, "journal": {"ready": True, "warning": "it fails"}}
    assert health.standing() == {"registry": True, "journal": True}


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/health/live", "GET", {}, 200),
        ("/health/ready", "GET", {}, 200),
        ("/health/ready", "HEAD", {}, 200),
        ("/health/%72eady", "GET", {}, 200),
        ("/health/ready?x=1", "GET", {}, 400),
        ("/health/ready", "POST", {}, 401),
        ("/health/ready/", "GET", {}, 401),
        ("/health", "GET", {}, 401),
        ("/nowhere", "GET", {}, 401),
        ("/closed", "GET", {}, 401),
        ("/closed?/health/ready", "GET", {}, 401),
        ("/health/ready/../../closed", "GET", {}, 401),
        ("/closed", "GET", {"Authorization": f"Bearer {TOKEN}"}, 200),
        ("/nowhere", "GET", {"Authorization": f"Bearer {TOKEN}"}, 404),
        ("/health/ready", "POST", {"Authorization": f"Bearer {TOKEN}"}, 405),
        ("/health/ready", "GET", {"Host": "evil.example"}, 421),
        ("/health/ready", "GET", {"Origin": "http://evil.example"}, 403),
    ],
)
async def test_health_needs_no_token_and_all_else_does(
    path: str, method: str, headers: dict[str, str], status: int
) -> None:
    health = Health({"proxy": nothing})
    async with serving(health, Token(TOKEN), Route("GET", "/closed", health.live, root="")) as ask:
        answer = await ask(path, method, **headers)

    assert answer.status == status
    if status >= 400 and method != "HEAD":
        assert answer.one("Content-Type") == "application/problem+json"
