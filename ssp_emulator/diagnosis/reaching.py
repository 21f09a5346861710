"""Reaching providers: name, connection, TLS and certificate of each place that the registry names, and of no other."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography import x509

from ssp_emulator.errors import SetupError, said
from ssp_emulator.pki.listing import certificate_names
from ssp_emulator.proxy import tls

if TYPE_CHECKING:
    from ssp_emulator.address import Address
    from ssp_emulator.diagnosis.findings import Section
    from ssp_emulator.diagnosis.subject import Subject

MOST = 16  # places that are tried, all at once
_PATIENCE_S = 2.0  # for each step
_MOMENT_S = 0.5  # in which a provider says that it does not like our certificate (TLS 1.3)
_CERTIFICATES = "compare its certificate with providers.tls.trust and with the host in the registry"
_OF_OURS = "does it speak TLS 1.2 or later there, and trust the authority of our client certificate?"


class Place(NamedTuple):
    """Where a host of the registry really listens."""

    host: str
    address: Address


@dataclass(slots=True)
class Try:
    """How it went: `failed` is the step that did not work, and why."""

    place: Place
    facts: dict[str, Any] = field(default_factory=dict)
    failed: str | None = None
    advice: str = ""


def reaching(subject: Subject, section: Section) -> None:
    """Try each place; what does not answer may simply not be running."""
    try:
        places = _places(subject)
    except SetupError:
        section.warn("no provider was tried: the registry cannot be used", "see the configuration above")
        return
    section.facts |= {"places": len(places), "tried": []}
    if not places:
        section.ok("the registry names no provider")
        return
    try:
        ours = subject.configuration.settings.providers.tls
        path = subject.configuration.path
        context: ssl.SSLContext | None = tls.for_providers(path(ours.certificate), path(ours.key), path(ours.trust))
    except (tls.TlsFileError, OSError):
        context = None
        section.warn("providers are met without our certificate, as it cannot be used", "see certificates above")
    tried = [Try(place) for place in places[:MOST]]
    threads = [threading.Thread(target=_try, args=(each, context), daemon=True) for each in tried]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + 4 * _PATIENCE_S
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))
    for each, thread in zip(tried, threads, strict=True):
        _tell(section, each, late=thread.is_alive())
    if len(places) > MOST:
        section.ok(f"{len(places) - MOST} more places of providers were not tried")


def _places(subject: Subject) -> list[Place]:
    systems = subject.registry.get().directory.systems
    found = (Place(each.host, each.connect_to) for system in systems for each in system.endpoints)
    return list(dict.fromkeys(found))


def _tell(section: Section, each: Try, *, late: bool) -> None:
    place = each.place
    what = f"{place.host} at {place.address}"
    if late:
        each.failed, each.advice = "did not come to an end in time", "is it stuck?"
    section.facts["tried"].append({"host": place.host, "connect_to": str(place.address), **each.facts})
    if each.failed is not None:
        section.facts["tried"][-1]["failed"] = each.failed
        section.problem(f"{what}: {each.failed}", each.advice)
    else:
        section.ok(f"{what}: {each.facts.get('protocol')}, {each.facts.get('cipher')}, its certificate is good")


def _try(each: Try, context: ssl.SSLContext | None) -> None:
    try:
        _step_by_step(each, context)
    except Exception as error:  # noqa: BLE001 - one place that surprises us is one finding
        each.failed = f"{type(error).__name__}: {error}"


def _step_by_step(each: Try, context: ssl.SSLContext | None) -> None:
    address = each.place.address
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        each.failed, each.advice = f"the name {address.host} is not found: {said(error)}", "put connect_to right"
        return
    each.facts["addresses"] = sorted({str(one[4][0]) for one in found})
    try:
        connected = socket.create_connection((address.host, address.port), _PATIENCE_S)
    except OSError as error:
        each.failed, each.advice = f"no connection: {said(error)}", "start the provider, or put connect_to right"
        return
    with connected:
        each.facts["connected"] = True
        connected.settimeout(_PATIENCE_S)
        if context is not None:
            _shake_hands(each, connected, context)
    if each.facts.get("certificate") is None:
        _look_at_the_certificate(each)


def _shake_hands(each: Try, connected: socket.socket, context: ssl.SSLContext) -> None:
    try:
        with context.wrap_socket(connected, server_hostname=each.place.host) as secured:
            cipher = secured.cipher()
            each.facts |= {"protocol": secured.version(), "cipher": cipher[0] if cipher else None}
            _note(each, secured.getpeercert(binary_form=True))
            secured.settimeout(_MOMENT_S)
            with suppress(TimeoutError):  # with TLS 1.3, it is only now that we are told
                if not secured.recv(1):
                    each.failed, each.advice = "it ends the connection after the handshake", _OF_OURS
    except ssl.SSLCertVerificationError as error:
        each.failed, each.advice = f"its certificate is refused: {error.verify_message}", _CERTIFICATES
    except ssl.SSLError as error:
        reason = (error.reason or "the handshake broke off").replace("_", " ").lower()
        each.failed = f"no TLS: {reason}"
        each.advice = _OF_OURS
    except OSError as error:
        each.failed = f"no TLS: {said(error)}"
        each.advice = _OF_OURS


def _look_at_the_certificate(each: Try) -> None:
    """Shake hands once more with whoever it is, for what its certificate says; nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = each.place.address
    with (
        suppress(OSError),
        socket.create_connection((address.host, address.port), _PATIENCE_S) as connected,
    ):
        connected.settimeout(_PATIENCE_S)
        with context.wrap_socket(connected, server_hostname=each.place.host) as secured:
            cipher = secured.cipher()
            each.facts |= {"protocol": secured.version(), "cipher": cipher[0] if cipher else None}
            _note(each, secured.getpeercert(binary_form=True))


def _note(each: Try, der: bytes | None) -> None:
    if not der:
        return
    shown = x509.load_der_x509_certificate(der)
    names = certificate_names(shown)
    each.facts["certificate"] = {
        "subject": shown.subject.rfc4514_string(),
        "issuer": shown.issuer.rfc4514_string(),
        "names": list(names),
        "not_after": shown.not_valid_after_utc.isoformat(),
    }
    if each.failed is not None:
        each.failed += f"; it is of {', '.join(names) or 'nobody'}, issued by {shown.issuer.rfc4514_string()}"
