"""Who is let in, and what a request has to bring: two middlewares in front of every handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from ssp_emulator.demo.provider.context import ADMISSION, FITTING, PRACTICE, SETTINGS, Admission
from ssp_emulator.demo.provider.errors import ProviderError
from ssp_emulator.demo.provider.respond import wanted_format
from ssp_emulator.exchange import FROM, INTERACTION_ID, TO, TRACE_ID
from ssp_emulator.provider_errors import ErrorKind
from ssp_emulator.token.parsing import parse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ssp_emulator.demo.provider.settings import Practice
    from ssp_emulator.token.parsing import Json

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def proxy_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in only a client whose certificate has the proxy's FQDN.

    Raises ProviderError, ACCESS DENIED. The handshake has already turned away whoever has no certificate, or
    one that is not trusted.

    Source: GP Connect 1.6.2, "Security guidance", secure socket layer (mutual authentication).
    """
    settings = request.app[SETTINGS]
    certificate = request.transport.get_extra_info("peercert") if request.transport else None
    if settings.proxy_fqdn.lower() not in certificate_names(certificate or {}):
        raise ProviderError(ErrorKind.ACCESS_DENIED, f"Only the Spine Secure Proxy ({settings.proxy_fqdn}) is let in.")
    return await handler(request)


@web.middleware
async def admission(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let through a request for an open practice that has its headers, a token and a fitting interaction.

    Keeps what it found out as the request's Admission.
    Raises ProviderError: ACCESS DENIED at a practice that is closed, BAD_REQUEST for what is missing or wrong,
    NOT_IMPLEMENTED for what no interaction fits because there is no such route.

    Source: GP Connect Access Document 1.6.2, "Request headers" and the error tables of each page.
    """
    practice = request.app[PRACTICE]
    if practice.closed_because:
        raise ProviderError(ErrorKind.ACCESS_DENIED, practice.closed_because)
    interaction = _check_headers(request, practice)
    claims = _check_token(request)
    _check_fit(request, interaction)
    wanted_format(request)  # before any rule of the route: a format that there is not is refused everywhere
    request[ADMISSION] = Admission(interaction, claims)
    return await handler(request)


def certificate_names(certificate: Mapping[str, Any]) -> frozenset[str]:
    """Return the DNS names of a certificate, in lower case: of its alternative names, else its common name.

    Takes what the standard library's `SSLSocket.getpeercert` returns.

    Source: RFC 9525, 6.3; the common name for older Spine certificates.
    """
    alternative = {value.lower() for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"}
    if alternative:
        return frozenset(alternative)
    subject = (pair for relative in certificate.get("subject", ()) for pair in relative)
    return frozenset(value.lower() for name, value in subject if name == "commonName")


def _check_headers(request: web.Request, practice: Practice) -> str:
    _once(request, TRACE_ID)
    _once(request, FROM)
    if _once(request, TO) != practice.asid:
        raise _bad_request(f"The header {TO} is not the ASID of this provider, {practice.asid}.")
    return _once(request, INTERACTION_ID)


def _check_token(request: web.Request) -> Json:
    try:
        return parse(_once(request, "Authorization")).claims
    except ValueError as error:
        raise _bad_request(f"The header Authorization is not acceptable: {error}.") from error


def _check_fit(request: web.Request, interaction: str) -> None:
    # The raw path is plain ASCII, whatever was escaped in it; XML could not carry all of it unescaped.
    asked = f"{request.method} {request.rel_url.raw_path}"
    if request.match_info.http_exception is not None:
        raise ProviderError(ErrorKind.NOT_IMPLEMENTED, f"This provider has no operation {asked}")
    if interaction not in request.app[FITTING][request.match_info.handler]:
        raise _bad_request(f"The header {INTERACTION_ID} does not fit {asked}")


def _once(request: web.Request, name: str) -> str:
    values = request.headers.getall(name, [])
    if not values or not values[0].strip():
        raise _bad_request(f"The header {name} is missing.")
    if len(values) > 1:
        raise _bad_request(f"The header {name} is there more than once.")
    return values[0].strip()


def _bad_request(diagnostics: str) -> ProviderError:
    return ProviderError(ErrorKind.BAD_REQUEST, diagnostics)
