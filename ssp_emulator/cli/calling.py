"""Calls of a running emulator's admin API.

With the standard library's client: it is there at once, and asks no proxy that the environment names.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeGuard

from ssp_emulator import config
from ssp_emulator.address import Address
from ssp_emulator.admin.token import given_token, read_token
from ssp_emulator.cli.output import BAD_USAGE, FAILED, fail
from ssp_emulator.errors import said

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.admin.token import Token
    from ssp_emulator.config import Configuration

_ROOT = "/api/v1"
_URL = re.compile(r"http://(?P<address>[^/?#@]+)/?\Z")
_PATIENCE_S = 30.0
_MIB = 1 << 20
_LARGEST_BYTES = 32 * _MIB  # of an answer; what an emulator says to a command is far less
_DONE = (200, 201, 204)
_READY, _NOT_READY = 200, 503
_FIRST_ERROR = 400


class RefusedError(Exception):
    """The emulator has refused a call; `problem` is what it said (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail") or problem.get("title"))
        self.problem = problem


class UnansweredError(Exception):
    """No emulator has answered; the text says who has, or why nobody did."""


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
        self.url = f"http://{self._address}"
        self._token = token

    def call(self, method: str, path: str, value: Any = None, *, expects: str | None = None) -> Any:
        """Do as `asked`. Ends the process where nobody answers, or somebody else. Raises `RefusedError`."""
        try:
            return self.asked(method, path, value, expects=expects)
        except UnansweredError as error:
            fail(str(error), code=FAILED)

    def asked(self, method: str, path: str, value: Any = None, *, expects: str | None = None) -> Any:
        """Call a path below `/api/v1`, and return what is answered; None where that is nothing.

        `expects` is a key that an emulator's answer has. Raises `RefusedError` and `UnansweredError`.
        """
        headers = {"Accept": "application/json"}
        if self._token is not None:
            headers["Authorization"] = self._token.authorization
        body = None
        if value is not None:
            body, headers["Content-Type"] = json.dumps(value).encode(), "application/json"
        status, answer = self._exchange(method, f"{_ROOT}{path}", body, headers, _PATIENCE_S)
        if status in _DONE and (expects is None or (isinstance(answer, dict) and answer.get(expects) is not None)):
            return answer
        if status < _FIRST_ERROR or not _is_problem(answer):
            raise self._is_no_emulator(status)
        raise RefusedError(answer)

    def readiness(self, patience_s: float) -> dict[str, Any]:
        """Ask whether the emulator is ready, and return what it says, its `parts` each with `ready`.

        Takes how many seconds it may keep us waiting. Raises `UnansweredError`; the process goes on.
        """
        status, answer = self._exchange("GET", "/health/ready", None, {"Accept": "application/json"}, patience_s)
        if not _is_readiness(answer, status):
            raise self._is_no_emulator(status)
        return answer

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], patience_s: float
    ) -> tuple[int, Any]:
        """Call, and return the status and the JSON value that is answered, None where that is nothing."""
        status, text = self._answered(method, path, body, headers, patience_s)
        try:
            return status, json.loads(text) if text else None
        except (ValueError, RecursionError) as error:
            raise self._is_no_emulator(status) from error

    def _answered(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], patience_s: float
    ) -> tuple[int, bytes]:
        connection = _Connection(self._address.host, self._address.port, timeout=patience_s)
        try:
            with closing(connection):
                connection.request(method, path, body, headers)
                with connection.getresponse() as answer:
                    return answer.status, _whole(answer)
        except (ConnectionRefusedError, socket.gaierror) as error:
            why = f"no emulator answers at {self.url}: {said(error)}; start one with `ssp-emulator up`"
            raise UnansweredError(why) from error
        except OSError as error:
            raise UnansweredError(f"the emulator at {self.url} did not answer: {said(error)}") from error
        except _TooLargeError as error:
            said_too_much = f"its answer is larger than {_LARGEST_BYTES // _MIB} MiB"
            raise UnansweredError(f"what answers at {self.url} is no emulator: {said_too_much}") from error
        except (http.client.HTTPException, ValueError) as error:
            raise UnansweredError(f"what answers at {self.url} is no emulator: {type(error).__name__}") from error

    def _is_no_emulator(self, status: int) -> UnansweredError:
        return UnansweredError(f"what answers at {self.url} is no emulator's admin API: it said {status}")


class _TooLargeError(Exception):
    """An answer is larger than any of an emulator's."""


class _Connection(http.client.HTTPConnection):
    """A connection whose `timeout` is for all that comes on it together, and not for each piece of it."""

    def connect(self) -> None:
        """Connect; what follows has to come in what is left of the time."""
        ends = time.monotonic() + (self.timeout or 0.0)
        super().connect()
        self.sock = _Timed(self.sock, ends)


class _Timed(socket.socket):
    """A connected socket, from which nothing is received after a moment of the monotonic clock, in seconds."""

    def __init__(self, connected: socket.socket, ends: float) -> None:
        patience_s = connected.gettimeout()
        super().__init__(connected.family, connected.type, connected.proto, connected.detach())
        self.settimeout(patience_s)
        self._ends = ends

    def recv_into(self, *arguments: Any) -> int:
        """Receive what comes in time; raises `TimeoutError`."""
        left_s = self._ends - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        self.settimeout(left_s)
        return super().recv_into(*arguments)


def _whole(answer: http.client.HTTPResponse) -> bytes:
    """Read a body; raises `_TooLargeError`, and as `http.client` does."""
    body = answer.read(_LARGEST_BYTES + 1)
    if len(body) > _LARGEST_BYTES:
        raise _TooLargeError
    if answer.length:  # of a body that is cut off, `read` with a size returns what there is
        raise http.client.IncompleteRead(body, answer.length)
    return body


def _is_problem(answer: Any) -> TypeGuard[dict[str, Any]]:
    """Tell whether an answer is a problem as the admin API says them."""
    if not isinstance(answer, dict) or not isinstance(answer.get("title"), str):
        return False
    errors = answer.get("errors", [])
    return isinstance(errors, list) and all(
        isinstance(each, dict) and {"key", "message"} <= each.keys() for each in errors
    )


def _is_readiness(answer: Any, status: int) -> TypeGuard[dict[str, Any]]:
    """Tell whether an answer is an emulator's word on its readiness."""
    parts = answer.get("parts") if isinstance(answer, dict) else None
    return (
        status in (_READY, _NOT_READY)
        and isinstance(parts, dict)
        and all(isinstance(part, dict) and isinstance(part.get("ready"), bool) for part in parts.values())
        and (status == _READY) == all(part["ready"] for part in parts.values())
    )


def open_api(configuration: Configuration | None, url: str | None) -> Api:
    """Return the same as `admin_api`, to ask what needs no token."""
    return Api(_listening(configuration) if url is None else url, None)


def admin_api(configuration: Configuration | None, url: str | None) -> Api:
    """Return the admin API at a URL, or else where a configuration says; the token is the environment's, or else its.

    Raises `TokenError` and `InvalidFileError`.
    """
    token = given_token(os.environ) if configuration is None else read_token(configuration, os.environ)
    return Api(_listening(configuration) if url is None else url, token)


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
    return f"http://{where.reachable}"
