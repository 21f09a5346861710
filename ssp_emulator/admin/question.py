"""What a call says, read as strictly as it is meant: a body is JSON, said to be JSON, whole, and not without end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from ssp_emulator import strict_json
from ssp_emulator.admin.problem import CallError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.faults.effects.effect import Context

LARGEST = 1 << 20
PATIENCE_S = web.AppKey("PATIENCE_S", float)  # how long a body may take to come
_JSON = "application/json"

T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)


async def body_of(request: web.Request, read: Callable[[Any], T]) -> T:
    """Return what `read` makes of the JSON value of a body, away from the event loop: both may take their time.

    Raises `CallError`, as `read` may too.
    """
    _check_headers(request)
    raw = await _received(request)
    return await asyncio.to_thread(lambda: read(_value(raw)))


async def optional_body_of(request: web.Request, read: Callable[[Any], T]) -> T:
    """Do the same where a call may have no body, which is read as an empty object."""
    if not request.can_read_body and "Content-Type" not in request.headers:
        return read({})
    return await body_of(request, read)


def valid(value: Any, model: type[Model], context: Context | None = None) -> Model:
    """Return a value as a model; `context` is for its validators. Raises `CallError` with each field that is wrong."""
    try:
        return model.model_validate(value, context=context)
    except ValidationError as error:
        raise invalid(error, model) from error


def _check_headers(request: web.Request) -> None:
    # A form in a browser can send other types across sites without being asked; this one it cannot.
    if request.content_type != _JSON:
        found = request.headers.get("Content-Type", "none")[:200]
        raise CallError(415, f"Content-Type should be {_JSON}, found {found}")
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        raise CallError(415, f"{_JSON} is in UTF-8; leave charset out")
    if (coding := request.headers.get("Content-Encoding", "identity")).lower() != "identity":
        raise CallError(415, f"the body should have no Content-Encoding, found {coding[:200]}")
    if (request.content_length or 0) > LARGEST:
        raise _too_large()


async def _received(request: web.Request) -> bytes:
    taken = bytearray()
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        async with asyncio.timeout(request.app[PATIENCE_S]):
            async for piece in request.content.iter_any():
                taken += piece
                if len(taken) > LARGEST:
                    raise _too_large()
    except TimeoutError as error:
        raise CallError(408, "the body did not come in time", closes=True) from error
    return bytes(taken)


def _too_large() -> CallError:
    return CallError(413, f"the body should have {LARGEST} bytes at most", closes=True)


def _value(raw: bytes) -> Any:
    try:
        return strict_json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise CallError(400, f"the body is not UTF-8: byte {error.start}") from error
    except strict_json.JsonError as error:
        raise CallError(400, f"the body is not JSON: {error}") from error
