"""Who may speak to the admin API: whoever is on this machine, or shows the token; and no page of another site's.

A page in a browser can send requests to this machine, and after DNS rebinding even as one that seems to be from here.
What it cannot do is choose `Host` and `Origin`.

Source: RFC 9110, 7.2 (Host) and 15.5.20 (421); RFC 6454, 7 (Origin); RFC 6750, 3 (WWW-Authenticate).
"""

from __future__ import annotations

import ipaddress
import os
import re
from typing import TYPE_CHECKING

from aiohttp import web

from ssp_emulator.address import Address
from ssp_emulator.admin.problem import CallError
from ssp_emulator.admin.token import given_token, make_token, read_token, token_file
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp.typedefs import Middleware

    from ssp_emulator.admin.problem import Handler
    from ssp_emulator.admin.token import Token
    from ssp_emulator.config import Configuration

_HOST = re.compile(r"(\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+))(:[0-9]{1,5})?\Z")
_REALM = 'Bearer realm="ssp-emulator"'


def is_loopback(host: str) -> bool:
    """Tell whether a host, a name or an IP address without brackets, is this machine and no other can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Guard:
    """Lets calls in; `on_loopback` says that the API listens on this machine only, and `token` what is asked for."""

    def __init__(self, token: Token | None, *, on_loopback: bool) -> None:
        self._token = token
        self._on_loopback = on_loopback

    def examine(self, request: web.Request, *, is_open: bool = False) -> None:
        """Raise `CallError` where a call is not to be let in; what `is_open` asks for no token."""
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1:
            raise CallError(400, f"should have one Host header, found {len(hosts)}")
        if self._on_loopback and not _is_of_loopback(hosts[0]):
            raise CallError(421, "the Host header should be localhost, 127.0.0.1 or [::1], with a port or without")
        origins = request.headers.getall("Origin", [])
        if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in origins):
            raise CallError(403, "the Origin header is that of another site; its pages may not call here")
        if self._token is not None and not is_open:
            self._ask(self._token, request.headers.getall("Authorization", []))

    @staticmethod
    def _ask(token: Token, shown: list[str]) -> None:
        if not shown:
            raise CallError(
                401, "should show the token, as Authorization: Bearer …", headers={"WWW-Authenticate": _REALM}
            )
        if len(shown) > 1 or not token.is_in(shown[0]):
            raise CallError(
                401, "this is not the token", headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
            )


def examine_guard(configuration: Configuration, environment: Mapping[str, str]) -> None:
    """Raise where `guard_of` would, but for a file that cannot be made; nothing is made here."""
    listen = configuration.settings.admin.listen
    if listen is None:
        return
    host, file = Address.parse(listen).host, token_file(configuration)
    if given_token(environment) is None and file is None and not is_loopback(host):
        said = (
            f"{host} can be reached from beyond this machine: name the file of a token in admin.token, "
            "or listen on 127.0.0.1"
        )
        raise InvalidFileError([configuration.problem("admin.listen", said)])
    if file is not None and os.path.lexists(file):
        read_token(configuration, environment)


def guard_of(configuration: Configuration, environment: Mapping[str, str]) -> Guard | None:
    """Return the guard that a configuration asks for, its token made where it is not there; None without an admin API.

    Raises `InvalidFileError` and `TokenError` where the token cannot be used, or everyone who reaches this machine
    would be let in.
    """
    examine_guard(configuration, environment)
    listen = configuration.settings.admin.listen
    if listen is None:
        return None
    return Guard(make_token(configuration, environment), on_loopback=is_loopback(Address.parse(listen).host))


def guarded(guard: Guard, is_open: Callable[[web.Request], bool]) -> Middleware:
    """Return the middleware that lets nothing pass that a guard does not; `is_open` tells what needs no token."""

    @web.middleware
    async def examined(request: web.Request, handler: Handler) -> web.StreamResponse:
        guard.examine(request, is_open=is_open(request))
        if request.headers.get("Expect", "100-continue").lower() != "100-continue":
            raise CallError(417, "Expect should be 100-continue, or not be there")
        return await handler(request)

    return examined


def _is_of_loopback(host: str) -> bool:
    found = _HOST.match(host)
    return found is not None and is_loopback(found["six"] or found["host"])
