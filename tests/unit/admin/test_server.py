"""The server by itself, with routes of the test's own."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs
from support.caller import Caller
from support.wire import Wire

from ssp_emulator import sockets
from ssp_emulator.address import Address
from ssp_emulator.admin.app import compose
from ssp_emulator.admin.guard import Guard
from ssp_emulator.admin.question import body_of, optional_body_of
from ssp_emulator.admin.route import Parameter, Route
from ssp_emulator.admin.server import Server
from ssp_emulator.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROBLEM = "application/problem+json"


async def echo(request: web.Request) -> web.Response:
    return web.json_response(await body_of(request, lambda value: value))


async def optional(request: web.Request) -> web.Response:
    return web.json_response(await optional_body_of(request, lambda value: value))


async def known(request: web.Request) -> web.Response:
    return web.json_response(dict(request.query))


async def broken(request: web.Request) -> web.Response:
    raise SetupError("no disk\nis left")


async def gone(request: web.Request) -> web.Response:
    raise web.HTTPGone


async def torn(request: web.Request) -> web.Response:
    raise web.RequestPayloadError


ROUTES = (
    Route("POST", "/echo", echo),
    Route("POST", "/optional", optional),
    Route("GET", "/known", known, (Parameter("limit", "how many"), Parameter("after", "from where on"))),
    Route("GET", "/broken", broken),
    Route("GET", "/gone", gone),
    Route("GET", "/torn", torn),
)


@asynccontextmanager
async def serving(host: str = "127.0.0.1", *, patience_s: float = 10.0) -> AsyncIterator[Caller]:
    listening = sockets.bind(host, 0)
    app = compose(ROUTES, Guard(None, on_loopback=True), patience_s=patience_s)
    async with Server(app, listening):
        yield Caller(Address("127.0.0.1", listening[0].getsockname()[1]))


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async with serving(patience_s=0.05) as api:
        wire = await Wire.open(api.address.port, None)
        await wire.send(api.request("POST", "/echo", raw=b"", Content_Length="100") + b"[")
        with capture_logs() as logs:
            refused = await wire.answer()
        assert await wire.is_closed()
        await wire.close()

    assert (refused.status, refused.one("Content-Type")) == (408, PROBLEM)
    assert refused.json()["detail"] == "the body did not come in time"
    assert logs == []


async def test_a_body_whose_chunks_end_in_nonsense_is_not_waited_for_either() -> None:
    async with serving(patience_s=0.2) as api:
        wire = await Wire.open(api.address.port, None)
        await wire.send(api.request("POST", "/echo", raw=b"", Content_Length=None, Transfer_Encoding="chunked"))
        await wire.send(b"2\r\n{}\r\n")
        await api.ask("GET", "/known")  # by then the head has been read
        await wire.send(b"zz\r\n")
        refused = await wire.answer()
        await wire.close()

    assert refused.status in (400, 408)
    assert refused.one("Content-Type") == PROBLEM


async def test_a_body_may_come_piece_by_piece() -> None:
    async with serving() as api:
        wire = await Wire.open(api.address.port, None)
        text = b'{"a": [1, 2, "\xc5\xb7"]}'
        await wire.send(api.request("POST", "/echo", raw=b"", Content_Length=str(len(text))))
        for place in range(len(text)):
            await wire.send(text[place : place + 1])
        answer = await wire.answer()
        await wire.close()

    assert answer.json() == json.loads(text)


@pytest.mark.parametrize(("body", "answer"), [({}, {}), ({"value": {"a": 1}}, {"a": 1})])
async def test_a_body_may_be_left_out_where_it_is_optional(body: dict[str, Any], answer: Any) -> None:
    async with serving() as api:
        assert (await api.ask("POST", "/optional", **body)).json() == answer


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 200, None),
        ("?limit=1&after=2", 200, None),
        ("?limit=1&x=2", 400, "these query parameters are known here: after, limit; found x"),
        ("?limit=1&limit=2", 400, "each query parameter should come once; found limit more than once"),
    ],
)
async def test_a_route_says_which_parameters_it_knows(query: str, status: int, said: str | None) -> None:
    async with serving() as api:
        answer = await api.ask("GET", f"/known{query}")

    assert (answer.status, answer.json().get("detail")) == (status, said)


@pytest.mark.parametrize(
    ("path", "status", "title", "detail"),
    [
        ("/broken", 422, "Unprocessable Content", "no disk is left; nothing has changed"),
        ("/gone", 410, "Gone", None),
        ("/torn", 400, "Bad Request", "the body breaks the rules of its framing"),
    ],
)
async def test_every_error_is_a_problem(path: str, status: int, title: str, detail: str | None) -> None:
    async with serving() as api:
        answer = await api.ask("GET", path)

    assert (answer.status, answer.one("Content-Type")) == (status, PROBLEM)
    assert (answer.json()["title"], answer.json().get("detail")) == (title, detail)
    assert answer.one("X-Content-Type-Options") == "nosniff"


async def test_many_calls_may_come_on_one_connection() -> None:
    async with serving() as api:
        wire = await Wire.open(api.address.port, None)
        statuses = [(await wire.ask(api.request("GET", "/known"))).status for _ in range(3)]
        statuses.append((await wire.ask(api.request("GET", "/nowhere"))).status)
        statuses.append((await wire.ask(api.request("POST", "/echo", {}))).status)
        await wire.close()

    assert statuses == [200, 200, 200, 404, 200]


async def test_it_listens_on_every_address_of_a_name_and_on_none_afterwards() -> None:
    async with serving("localhost") as api:
        port = api.address.port
        assert (await api.ask("GET", "/known")).status == 200

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
