"""Calls of a running emulator's admin API.

With the standard library's client: it is there at once, and asks no proxy that the environment names.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard

from ssp_emulator import config
from ssp_emulator.address import Address
from ssp_emulator.admin.token import read_token
from ssp_emulator.cli.output import BAD_USAGE, FAILED, fail
from ssp_emulator.errors import said

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.admin.token import Token
    from ssp_emulator.config import Configuration

_ROOT = "/api/v1"
_URL = re.compile(r"http://(?P<address>[^/?#@]+)/?\Z")
_PATIENCE_S = 30.0
_DONE = (200, 201, 204)
_FIRST_ERROR = 400
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing listens here


class RefusedError(Exception):
    """The emulator has refused a call; `problem` is what it said (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail") or problem.get("title"))
        self.problem = problem


class Api:
    """The admin API at an address, `http://host:port`."""

    def __init__(self, url: str, token: Token | None) -> None:
        found = _URL.match(url)
        if found is None:
            fail(f'--admin should be as in "http://127.0.0.1:8440", found {url!r}', code=BAD_USAGE)
        try:
            self._address = Address.parse(found["address"])
        except ValueError as error:
            fail(f"--admin: {error}", code=BAD_USAGE)
        self._url = f"http://{self._address}"
        self._token = token

    def call(self, method: str, path: str, value: Any = None, *, expects: str | None = None) -> Any:
        """Call a path below `/api/v1`, and return what is answered; None where that is nothing.

        `expects` is a key that an emulator's answer has. Raises `RefusedError`. Ends the process where nobody answers,
        or somebody else.
        """
        headers = {"Accept": "application/json"}
        if self._token is not None:
            headers["Authorization"] = self._token.authorization
        body = None
        if value is not None:
            body, headers["Content-Type"] = json.dumps(value).encode(), "application/json"
        status, text = self._exchange(method, f"{_ROOT}{path}", body, headers)
        try:
            answer = json.loads(text) if text else None
        except (ValueError, RecursionError):
            self._is_no_emulator(status)
        if status in _DONE and (expects is None or (isinstance(answer, dict) and answer.get(expects) is not None)):
            return answer
        if status < _FIRST_ERROR or not _is_problem(answer):
            self._is_no_emulator(status)
        raise RefusedError(answer)

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._address.host, self._address.port, timeout=_PATIENCE_S)
        try:
            with closing(connection):
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
        except (ConnectionRefusedError, socket.gaierror) as error:
            fail(f"no emulator answers at {self._url}: {said(error)}; start one with `ssp-emulator up`", code=FAILED)
        except OSError as error:
            fail(f"the emulator at {self._url} did not answer: {said(error)}", code=FAILED)
        except (http.client.HTTPException, ValueError) as error:
            fail(f"what answers at {self._url} is no emulator: {type(error).__name__}", code=FAILED)

    def _is_no_emulator(self, status: int) -> NoReturn:
        fail(f"what answers at {self._url} is no emulator's admin API: it said {status}", code=FAILED)


def _is_problem(answer: Any) -> TypeGuard[dict[str, Any]]:
    """Tell whether an answer is a problem as the admin API says them."""
    if not isinstance(answer, dict) or not isinstance(answer.get("title"), str):
        return False
    errors = answer.get("errors", [])
    return isinstance(errors, list) and all(
        isinstance(each, dict) and {"key", "message"} <= each.keys() for each in errors
    )


def admin_api(configuration: Configuration | None, url: str | None) -> Api:
    """Return the admin API at a URL, or else where a configuration says; the token is the configuration's."""
    token = read_token(configuration) if configuration is not None else None
    return Api(url or _listening(configuration), token)


def read_configuration(path: Path, url: str | None) -> Configuration | None:
    """Read a configuration; where a URL is given, it may be missing. Raises `InvalidFileError`."""
    return None if url is not None and not path.exists() else config.read(path)


def _listening(configuration: Configuration | None) -> str:
    listen = configuration.settings.admin.listen if configuration is not None else None
    if configuration is None or listen is None:
        fail("there is no admin API in the configuration: admin.listen is empty", code=BAD_USAGE)
    where = Address.parse(listen)
    if where.port == 0:
        fail(f"admin.listen of {configuration.file} is any free port: say with --admin which", code=BAD_USAGE)
    return f"http://{Address(_EVERYWHERE.get(where.host, where.host), where.port)}"
