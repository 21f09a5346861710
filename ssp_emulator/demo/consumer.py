"""A consumer's part, before it sends: who asks whom for what, out of the registry, and the request for it.

Source: GP Connect 1.6.2, "Retrieve a document", "Search for a patient's documents" and "Find a patient".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

from ssp_emulator.exchange import FROM, INTERACTION_ID, TO, TRACE_ID
from ssp_emulator.interactions import GP_CONNECT
from ssp_emulator.token.minting import Purpose, claims_for, signed, unsigned

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ssp_emulator.directory.loading import Registry
    from ssp_emulator.directory.model import Endpoint, System
    from ssp_emulator.interactions import Interaction

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
FHIR_JSON = "application/fhir+json;charset=utf-8"
# What a search for documents has to ask for. Source: GP Connect 1.6.2, "Search for a patient's documents".
INCLUDES = (
    "_include=DocumentReference:subject:Patient",
    "_include=DocumentReference:custodian:Organization",
    "_include=DocumentReference:author:Organization",
    "_include=DocumentReference:author:Practitioner",
    "_revinclude:recurse=PractitionerRole:practitioner",
)


class ConsumerError(Exception):
    """A request cannot be made or sent; the text says why, and what would help."""


@dataclass(frozen=True, slots=True)
class Route:
    """Who asks whom for what, and where: all of it out of the registry."""

    sender: System
    receiver: System
    interaction: Interaction
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks for beside its interaction: a resource's id, a patient, and more of a query."""

    resource_id: str | None = None
    nhs_number: str | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent through the proxy."""

    trace_id: str
    method: str
    target: str
    headers: Mapping[str, str]


def route(registry: Registry, name: str, from_asid: str | None = None, to_asid: str | None = None) -> Route:
    """Find who can ask whom for an interaction.

    Takes an interaction ID, or what follows `urn:nhs:names:services:gpconnect:` in one; ASIDs that are left out become
    the first that fit, best with an agreement between them. Raises `ConsumerError`.
    """
    interaction = registry.catalogue.get(name) or registry.catalogue.get(GP_CONNECT + name)
    if interaction is None:
        known = ", ".join(each.id.removeprefix(GP_CONNECT) for each in registry.catalogue)
        raise ConsumerError(f"{name} is not a known interaction; these are: {known}")
    directory = registry.directory
    for asid in (from_asid, to_asid):
        if asid is not None and directory.system(asid) is None:
            raise ConsumerError(f"{asid or 'an empty text'} is the ASID of no system in the registry")
    senders = [
        system
        for system in directory.systems
        if system.asid == from_asid or (from_asid is None and interaction.id in system.sends)
    ]
    receivers = [
        (system, endpoint)
        for system in directory.systems
        if to_asid in (None, system.asid) and (endpoint := system.endpoint(interaction.received_as)) is not None
    ]
    # A large registry has far more pairs than agreements.
    asking, asked = {system.asid: system for system in senders}, {each[0].asid: each for each in receivers}
    for agreement in directory.agreements:
        sender, found = asking.get(agreement.sender), asked.get(agreement.receiver)
        if sender is not None and found is not None and interaction.id in agreement.interactions:
            return Route(sender, found[0], interaction, found[1])
    # Where an ASID was named, a pair without an agreement will do: so a refusal by the proxy can be tried out.
    if senders and receivers and (from_asid is not None or to_asid is not None):
        return Route(senders[0], receivers[0][0], interaction, receivers[0][1])
    raise ConsumerError(f"the registry has no system that sends {interaction.id} to another that receives it")


def issuer(sender: System) -> str:
    """Return the URL that a sender's tokens are issued by."""
    return f"https://{sender.fqdn}"


def token(route: Route, now: datetime, sign_key: bytes | None = None) -> str:
    """Return a fresh token for a route; `now` is aware.

    `sign_key` is the private key (PEM) that signs it; without one it is unsigned. Raises `ConsumerError` where the key
    cannot sign.
    """
    purpose = Purpose(route.endpoint.root, route.interaction.scope or "patient/*.read")
    claims = claims_for(purpose, route.sender.organisation, issuer(route.sender), now)
    if sign_key is None:
        return unsigned(claims)
    try:
        return signed(claims, sign_key)
    except ValueError as error:
        raise ConsumerError(f"the key to sign with {error}") from error


def request(
    route: Route, question: Question, now: datetime, sign_key: bytes | None = None, trace_id: str | None = None
) -> Request:
    """Make a request: URL, headers, a new trace ID if none is given, and a token, signed where there is a key for it.

    Raises `ConsumerError`.
    """
    trace_id = trace_id or str(uuid4())
    headers = {
        "Accept": FHIR_JSON,
        TRACE_ID: trace_id,
        FROM: route.sender.asid,
        TO: route.receiver.asid,
        INTERACTION_ID: route.interaction.id,
        "Authorization": f"Bearer {token(route, now, sign_key)}",
    }
    target = route.endpoint.root + _path(route.interaction, question) + _query(route.interaction, question)
    return Request(trace_id, route.interaction.methods[0], target, headers)


def _path(interaction: Interaction, question: Question) -> str:
    path = interaction.path or ""
    if "{id}" not in path:
        return path
    if question.resource_id is None:
        raise ConsumerError(f"{interaction.id} asks for {path}: say which with --id")
    return path.replace("{id}", quote(question.resource_id, safe=""))


def _query(interaction: Interaction, question: Question) -> str:
    parts = []
    if interaction.path == "/Patient":
        if question.nhs_number is None and question.query is None:
            raise ConsumerError(f"{interaction.id} finds a patient: say which with --nhs-number")
        if question.nhs_number is not None:
            parts.append(f"identifier={NHS_NUMBER}%7C{quote(question.nhs_number, safe='')}")
    if interaction.path == "/Patient/{id}/DocumentReference":
        parts += INCLUDES
    if question.query is not None:
        parts.append(question.query)
    return f"?{'&'.join(parts)}" if parts else ""
