"""Listening: of each listener that is configured, whether its port is free, ours and answering, or somebody else's."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding

from ssp_emulator import sockets
from ssp_emulator.diagnosis.calling import certificate_at, get, listens
from ssp_emulator.diagnosis.holders import holder_of
from ssp_emulator.pki.holding import certificates_of

if TYPE_CHECKING:
    from ssp_emulator.address import Address
    from ssp_emulator.diagnosis.findings import Section
    from ssp_emulator.diagnosis.subject import Subject


def listening(subject: Subject, section: Section) -> None:
    """Look at each listener's port."""
    for key, address in subject.configuration.listeners.items():
        facts = section.facts[key] = {"address": str(address)}
        if address.port == 0:
            section.ok(f"{key}: {address} is any free port")
        elif listens(address.reachable):
            _tell_who(subject, section, key, address, facts)
        elif (error := _refused(address)) is not None:
            facts["state"] = "cannot be had"
            section.problem(f"{key}: {address} {sockets.refusal(error).replace('; ', ' - ')}")
        else:
            facts["state"] = "free"
            section.ok(f"{key}: {address} is free")


def _tell_who(subject: Subject, section: Section, key: str, address: Address, facts: dict[str, Any]) -> None:
    holder = holder_of(address.port)
    answers = _answers_as_ours(subject, key, address.reachable)
    by = f"by {holder}" if holder is not None else "by a process that this user is not told of"
    facts |= {"held_by": str(holder) if holder is not None else None, "answers": answers}
    known = {each["held_by"] for each in section.facts.values() if each.get("state") == "ours"}
    is_known = holder is not None and (holder.ours or str(holder) in known)
    if answers or (answers is None and is_known):
        facts["state"] = "ours"
        section.ok(f"{key}: {address} is had {by}{', and answers as an emulator does' if answers else ''}")
    elif answers is None and holder is None:
        facts["state"] = "taken"
        section.warn(f"{key}: {address} is had {by}", "if it is no emulator, name another port")
    elif holder is not None and holder.ours:
        facts["state"] = "ours"
        section.warn(
            f"{key}: {address} is had {by}, and does not answer as this configuration would",
            "is it another emulator, or one that was started before the configuration or certificates changed?",
        )
    else:
        facts["state"] = "taken"
        section.problem(f"{key}: {address} is taken {by}", "stop what listens there, or name another port")


def _answers_as_ours(subject: Subject, key: str, address: Address) -> bool | None:
    """Tell whether what answers is what the configuration would have answer; None where it is better not asked."""
    match key:
        case "proxy.listen":
            shown = certificate_at(address)
            files = certificates_of(subject.configuration.path(subject.settings.proxy.tls.certificate))
            return shown is not None and any(each.public_bytes(Encoding.DER) == shown for each in files[:1])
        case "admin.listen":
            try:
                said = get(address, "/health/live")
            except OSError:
                return False
            return said is not None and bool(said.value == {"status": "alive"})
        case _:
            return None  # whatever the directory's FHIR face is asked is in the audit trail


def _refused(address: Address) -> OSError | None:
    """Bind, and let go at once, without listening: who starts just then is not disturbed."""
    refusal: OSError | None = None
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        return error
    for family, kind, protocol, _, where in found:
        try:
            with closing(socket.socket(family, kind, protocol)) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                tried.bind(where)
        except OSError as error:
            if error.errno not in sockets.NO_SUCH_ADDRESS:
                return error
            refusal = error
        else:
            return None
    return refusal
