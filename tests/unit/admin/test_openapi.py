"""The description of the API is held against the routes that it is made from, and against itself."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from pydantic import BaseModel

from ssp_emulator.admin import faults, health, registry, scenarios
from ssp_emulator.admin.metrics import Exposition
from ssp_emulator.admin.openapi import Description, described
from ssp_emulator.admin.route import Parameter, Route
from ssp_emulator.audit.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.clock import Clock


class Question(BaseModel):
    """What is asked."""

    text: str


class Manner(BaseModel):
    """How it is asked."""

    loudly: bool = False


async def answering(_: web.Request) -> web.Response:
    """Answer a question.

    In more words.
    """
    return web.Response()


@pytest.fixture
def routes(clock: Clock) -> tuple[Route, ...]:
    """Every route of our own that can be made with no emulator at hand."""
    control: Any = None  # only asked once there is a call
    return (
        *faults.Faults(control, clock).routes,
        *scenarios.Scenarios(control, clock).routes,
        *health.Health({}).routes,
        *registry.Registry(lambda: control).routes,
        *Exposition(Metrics().registry).routes,
        Route("GET", "/exchanges", answering, (Parameter("limit", "how many", {"type": "integer"}),)),
        Route("GET", "/traces/{trace_id:[^/]+}", answering),
        Route("POST", "/questions", answering, asks=Question, answers={"type": "object"}, statuses=(201,)),
        Route("POST", "/manners", answering, asks=Manner),
        Route("GET", "/stream", answering, media="text/event-stream"),
    )


def every(value: Any, key: str) -> Iterator[Any]:
    """Every value that stands under a key, anywhere."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from every(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from every(inner, key)


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, item in document["paths"].items() for method, each in item.items()]


async def test_every_route_is_there_and_no_other_and_itself_too(routes: tuple[Route, ...]) -> None:
    api = Description(routes)
    answer = await api.routes[0].answer(make_mocked_request("GET", "/openapi.json"))
    document = json.loads(answer.body)

    expected = {(re.sub(r":[^{}]*", "", route.whole_path), route.method.lower()) for route in (*routes, *api.routes)}
    assert answer.headers["Content-Type"] == "application/json"
    assert {(path, method) for path, method, _ in operations(document)} == expected
    assert ("/openapi.json", "get") in expected


async def test_it_is_made_once(routes: tuple[Route, ...]) -> None:
    api = Description(routes)
    first = await api.show(make_mocked_request("GET", "/openapi.json"))
    second = await api.show(make_mocked_request("GET", "/openapi.json"))

    assert first.body is second.body


def test_every_reference_leads_somewhere(routes: tuple[Route, ...]) -> None:
    document = described(routes)
    references = set(every(document, "$ref"))

    assert "#/components/schemas/Rule" in references
    for reference in references:
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_it_has_the_form_of_openapi(routes: tuple[Route, ...]) -> None:
    document = described(routes)

    assert document["openapi"] == "3.1.0"
    assert {"title", "version"} <= document["info"].keys()
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z0-9_]+", each) for each in ids)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in document["components"]["schemas"])
    for path, _, operation in operations(document):
        assert operation["summary"]
        assert all(re.fullmatch(r"[1-5][0-9][0-9]|default", status) for status in operation["responses"])
        in_path = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", path))
        for parameter in operation.get("parameters", []):
            assert parameter["schema"]
            assert parameter["in"] == "query" or parameter["required"] is True
        for response in operation["responses"].values():
            assert "$ref" in response or response["description"]


def test_every_error_is_a_problem(routes: tuple[Route, ...]) -> None:
    document = described(routes)

    problem = document["components"]["responses"]["Problem"]["content"]["application/problem+json"]
    assert problem == {"schema": {"$ref": "#/components/schemas/Problem"}}
    for _, _, operation in operations(document):
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}


def test_what_is_asked_and_answered_is_said(routes: tuple[Route, ...]) -> None:
    paths = described(routes)["paths"]

    asked = paths["/api/v1/questions"]["post"]
    assert asked["summary"] == "Answer a question."
    assert asked["description"] == "In more words."
    assert asked["requestBody"] == {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Question"}}},
    }
    assert asked["responses"]["201"]["content"] == {"application/json": {"schema": {"type": "object"}}}
    assert paths["/api/v1/manners"]["post"]["requestBody"]["required"] is False
    assert paths["/api/v1/stream"]["get"]["responses"]["200"]["content"] == {"text/event-stream": {"schema": {}}}
    assert paths["/api/v1/exchanges"]["get"]["parameters"] == [
        {"name": "limit", "in": "query", "description": "how many", "schema": {"type": "integer"}}
    ]
    assert "content" not in paths["/api/v1/faults/{name}"]["delete"]["responses"]["204"]
    assert set(paths["/health/ready"]["get"]["responses"]) == {"200", "503", "default"}


def test_it_says_what_needs_the_token(routes: tuple[Route, ...]) -> None:
    document = described(routes)

    open_ones = {path for path, _, operation in operations(document) if operation["security"] == []}
    assert open_ones == {"/health/live", "/health/ready"}
    assert document["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}


def test_a_rule_may_leave_its_name_to_the_path(routes: tuple[Route, ...]) -> None:
    document = described(routes)
    schemas = document["components"]["schemas"]

    assert set(schemas["Rule"]["required"]) == {"name", "effect"}
    assert schemas["RuleOfPath"]["required"] == ["effect"]
    asked = document["paths"]["/api/v1/faults/{name}"]["put"]["requestBody"]
    assert asked["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/RuleOfPath"}
