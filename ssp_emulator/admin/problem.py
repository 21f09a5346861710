"""What went wrong with a call, as `application/problem+json`.

Source: RFC 9457, 3 (members, and extensions such as `errors`) and 4.2.1 (`about:blank`: the title is the status's own).
"""

from __future__ import annotations

import json
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from ssp_emulator.complaints import complaints, dotted
from ssp_emulator.errors import SetupError, without_keys
from ssp_emulator.faults.control import RuleExistsError
from ssp_emulator.faults.scenario import NoScenarioError
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from pydantic import BaseModel, ValidationError

    from ssp_emulator.located import Problem

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TYPE = "application/problem+json"

_MOST = 100  # what is said of a body with a hundred thousand wrong keys is cut here
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}  # RFC 9110, 15.5; older Pythons call them otherwise

Entry = dict[str, Any]


class CallError(Exception):
    """A call cannot be answered as it is; `status` and `detail` say why, and `errors` which of its fields are wrong.

    `closes` ends the connection with the answer: the rest of what comes on it is not worth waiting for.
    """

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        errors: Iterable[Entry] = (),
        headers: Mapping[str, str] | None = None,
        *,
        closes: bool = False,
    ) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.closes = closes

    def response(self) -> web.Response:
        """Return it as an answer."""
        said: dict[str, Any] = {
            "type": "about:blank",
            "title": _TITLES.get(self.status) or HTTPStatus(self.status).phrase,
            "status": self.status,
        }
        if self.detail is not None:
            said["detail"] = self.detail
        if self.errors:
            said["errors"] = self.errors
        answer = web.Response(
            status=self.status, body=json.dumps(said).encode(), content_type=TYPE, headers=self.headers
        )
        if self.closes:
            answer.force_close()
        return answer


def invalid(error: ValidationError, model: type[BaseModel]) -> CallError:
    """Return what is wrong with a body, field by field."""
    errors = [
        {"key": dotted(key), "message": without_keys(message)}
        for key, message in islice(complaints(error, model), _MOST)
    ]
    return CallError(422, "the body is not valid; nothing has changed", errors)


def of_a_file(problem: Problem) -> Entry:
    """Return a problem in a file as JSON's types."""
    return {"file": problem.file, "line": problem.line, "key": problem.key, "message": without_keys(problem.message)}


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer whatever goes wrong behind it as a problem, and say no more of a defect than that there is one."""
    try:
        return await handler(request)
    except CallError as error:
        return error.response()
    except web.HTTPException as error:
        return _of_aiohttp(error).response()
    except web.RequestPayloadError:
        return CallError(400, "the body breaks the rules of its framing", closes=True).response()
    except ConnectionError:
        raise  # the caller has left
    except SetupError as error:
        return _of_the_set_up(error).response()
    except Exception as error:  # its caller is told nothing, and the log what it is
        log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.admin")
        log.exception("a call failed: this is a defect", method=request.method, error=type(error).__name__)
        return CallError(500, "this is a defect of ssp-emulator; its log says more").response()


def _of_aiohttp(error: web.HTTPException) -> CallError:
    if error.status == web.HTTPNotFound.status_code:
        return CallError(404, "there is nothing at this path")
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return CallError(405, f"this path knows {allowed}", headers={"Allow": allowed})
    return CallError(error.status)


def _of_the_set_up(error: SetupError) -> CallError:
    match error:
        case NoScenarioError():
            return CallError(404, without_keys(str(error)))
        case RuleExistsError():
            return CallError(409, without_keys(str(error)))
        case InvalidFileError():
            return CallError(422, "a file is not valid; nothing has changed", map(of_a_file, error.problems[:_MOST]))
        case _:
            return CallError(422, f"{' '.join(error.lines)}; nothing has changed")
