"""The API's description, made from its routes.

Source: OpenAPI 3.1.0 (4.7 and 4.8: what it is made of), whose schemas are JSON Schema 2020-12; RFC 9457 (errors).
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from ssp_emulator import __version__
from ssp_emulator.admin import problem
from ssp_emulator.admin.route import Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

    from ssp_emulator.admin.route import Parameter

    Mode = Literal["validation", "serialization"]

Piece = dict[str, Any]

_IN_BRACES = re.compile(r"\{([^{}:]+)(?::[^{}]*)?\}")
_REFERENCE = "#/components/schemas/{model}"
_PROBLEM: Piece = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "properties": {
        "type": {"const": "about:blank"},
        "title": {"type": "string", "description": "the status in words"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what would be right, and what was found"},
        "errors": {
            "type": "array",
            "description": "each field that is wrong; file and line where it stands in a file",
            "items": {
                "type": "object",
                "properties": {
                    "key": {"type": "string"},
                    "message": {"type": "string"},
                    "file": {"type": "string"},
                    "line": {"type": ["integer", "null"]},
                },
                "required": ["key", "message"],
            },
        },
    },
    "required": ["type", "title", "status"],
}
_DESCRIPTION = (
    "What people and their programs ask of a running emulator, and change in it. "
    "A token is asked for where `admin.token` of the configuration names one, or `SSP_EMULATOR_ADMIN_TOKEN` is set. "
    "A query parameter that a path does not know, or that comes twice, is refused with 400."
)


class Description:
    """Answers the description of all routes, which is made when it is first asked for."""

    def __init__(self, routes: Iterable[Route]) -> None:
        own = Route("GET", "/openapi.json", self.show, root="", answers={"type": "object"})
        self.routes: tuple[Route, ...] = (own,)
        self._described = (*routes, own)
        self._made: bytes | None = None

    async def show(self, _: web.Request) -> web.Response:
        """Return this description."""
        if self._made is None:
            self._made = await asyncio.to_thread(lambda: json.dumps(described(self._described)).encode())
        return web.Response(body=self._made, content_type="application/json")


def described(routes: Sequence[Route]) -> Piece:
    """Return the description of some routes, of JSON's types."""
    schemas, components = _schemas(routes)
    paths: dict[str, Piece] = {}
    for place, route in enumerate(routes):
        path = _IN_BRACES.sub(r"{\1}", route.whole_path)
        operation = _operation(route, path, schemas.get((place, "validation")), schemas.get((place, "serialization")))
        paths.setdefault(path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ssp-emulator's admin API",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": _PROBLEM},
            "responses": {
                "Problem": {
                    "description": "It cannot be done, and why.",
                    "content": {problem.TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}},
                }
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(routes: Sequence[Route]) -> tuple[dict[tuple[int, Mode], Piece], Piece]:
    """Return the schema of each route's bodies, by its place, and the parts that these refer to."""
    wanted: list[tuple[int, Mode, TypeAdapter[Any]]] = []
    made: dict[tuple[int, Mode], Piece] = {}
    for place, route in enumerate(routes):
        shapes: tuple[tuple[Mode, Any], ...] = (("validation", route.asks), ("serialization", route.answers))
        for mode, shape in shapes:
            if isinstance(shape, dict):
                made[place, mode] = shape
            elif shape is not None:
                wanted.append((place, mode, TypeAdapter(shape)))
    found, parts = TypeAdapter.json_schemas(wanted, ref_template=_REFERENCE)
    return {**made, **found}, parts.get("$defs", {})


def _operation(route: Route, path: str, asked: Piece | None, answered: Piece | None) -> Piece:
    summary, _, more = (inspect.getdoc(route.handler) or path).partition("\n")
    segments = [segment for segment in path.removeprefix("/api/v1").split("/") if segment]
    operation: Piece = {
        "operationId": "_".join([route.method.lower(), *re.findall(r"\w+", path.removeprefix("/api/v1"))]),
        "summary": summary.strip(),
        "tags": [segments[0].partition(".")[0]],
        "security": [] if route.open else [{}, {"token": []}],
        "responses": {
            **{str(status): _response(route, status, answered) for status in route.statuses},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if more.strip():
        operation["description"] = more.strip()
    if parameters := [*map(_in_path, _IN_BRACES.findall(route.path)), *map(_in_query, route.query)]:
        operation["parameters"] = parameters
    if asked is not None:
        needed = not _may_be_empty(route.asks)
        operation["requestBody"] = {"required": needed, "content": {"application/json": {"schema": asked}}}
    return operation


def _may_be_empty(shape: Any) -> bool:
    """Tell whether a model has only fields that may be left out: then the body may be left out too."""
    if not (isinstance(shape, type) and issubclass(shape, BaseModel)):
        return False
    return not any(field.is_required() for field in shape.model_fields.values())


def _in_path(name: str) -> Piece:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(parameter: Parameter) -> Piece:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _response(route: Route, status: int, answered: Piece | None) -> Piece:
    told: Piece = {"description": HTTPStatus(status).phrase}
    if status != HTTPStatus.NO_CONTENT:
        told["content"] = {route.media: {"schema": answered if answered is not None else {}}}
    return told
