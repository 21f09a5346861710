"""Answering: a call of the FHIR face, and the Bundle that it finds or the reason why it is refused.

Source: Spine Directory Service FHIR API, "Errors" and the descriptions of its two interactions; FHIR R4 (4.0.1),
"Bundle".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid5

from ssp_emulator import fhir
from ssp_emulator.directory.sds import question, resources
from ssp_emulator.directory.sds.question import Question, QuestionError
from ssp_emulator.directory.sds.refusal import Reason, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ssp_emulator.directory.sds.records import Records
    from ssp_emulator.fhir import Resource

BASE = "/spine-directory/FHIR/R4"
MEDIA_TYPE = "application/fhir+json"

_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
_BUNDLES = UUID("0f6f3f0c-93a5-4b7a-8c57-59f3d2f4d3a8")


@dataclass(frozen=True, slots=True)
class Call:
    """A call: its method, its path and query as they came, and what its headers say; None where one is not there.

    `correlation_ids` are the values of `X-Correlation-Id`, of which there should be one at most.
    """

    method: str
    path: str
    query: str = ""
    accept: str | None = None
    api_key: str | None = None
    correlation_ids: tuple[str, ...] = ()


class Found(NamedTuple):
    """What a call has asked, and the resources that answer it."""

    question: Question
    resources: list[Resource]


class _Interaction(NamedTuple):
    """How one kind of resource is asked for, and found."""

    read: Callable[[str], Question]
    find: Callable[[Records, Question], Iterable[Resource]]


def _devices(records: Records, asked: Question) -> Iterable[Resource]:
    found = records.as_records(asked.organisation or "", asked.interaction or "", asked.party_key, asked.manufacturer)
    return map(resources.device, found)


def _endpoints(records: Records, asked: Question) -> Iterable[Resource]:
    return map(resources.endpoint, records.mhs_records(asked.organisation, asked.interaction, asked.party_key))


_INTERACTIONS = {
    f"{BASE}/Device": _Interaction(question.of_devices, _devices),
    f"{BASE}/Endpoint": _Interaction(question.of_endpoints, _endpoints),
}


def answer(call: Call, records: Records) -> Found:
    """Find what a call asks for. Raises `RefusedError`."""
    interaction = _INTERACTIONS.get(call.path)
    if interaction is None:
        raise RefusedError(Reason.NO_RECORD_FOUND, "HTTP endpoint not found")
    for examine in (_method, _api_key, _accept, _correlation_id):
        examine(call)
    try:
        asked = interaction.read(call.query)
    except QuestionError as error:
        raise RefusedError(Reason.BAD_REQUEST, str(error)) from error
    return Found(asked, list(interaction.find(records, asked)))


def bundle(found: Found, base_url: str, self_url: str) -> Resource:
    """Return what was found as a Bundle; takes the URL of the face, and that of the call."""
    entries = [
        {
            "fullUrl": f"{base_url}/{resource['resourceType']}/{resource['id']}",
            "resource": resource,
            "search": {"mode": "match"},
        }
        for resource in found.resources
    ]
    return {
        "resourceType": "Bundle",
        "id": str(uuid5(_BUNDLES, self_url)).upper(),
        "type": "searchset",
        "total": len(entries),
        "link": [{"relation": "self", "url": self_url}],
        "entry": entries,
    }


def kind(path: str) -> str:
    """Return which kind of resource a path asks for, `other` where it asks for none."""
    return path.rpartition("/")[2] if path in _INTERACTIONS else "other"


def correlation_id(call: Call) -> str | None:
    """Return the correlation ID of a call, where it has one and it is a UUID."""
    values = call.correlation_ids
    return values[0] if len(values) == 1 and _UUID.match(values[0]) else None


def _method(call: Call) -> None:
    if call.method != "GET":
        raise RefusedError(Reason.METHOD_NOT_ALLOWED, f"The method should be GET; found {call.method[:20]}")


def _api_key(call: Call) -> None:
    if not (call.api_key or "").strip():
        raise RefusedError(Reason.ACCESS_DENIED, "The header apikey is missing or empty; any value will do here")


def _accept(call: Call) -> None:
    if call.accept is not None and not fhir.accepts(call.accept, MEDIA_TYPE):
        raise RefusedError(
            Reason.NOT_ACCEPTABLE,
            f"The header Accept should allow {MEDIA_TYPE}; found {call.accept[:100] or 'nothing'}",
        )


def _correlation_id(call: Call) -> None:
    if call.correlation_ids and correlation_id(call) is None:
        found = ", ".join(call.correlation_ids)[:100]
        raise RefusedError(
            Reason.BAD_REQUEST, f"The header X-Correlation-Id should be one UUID; found {found or 'nothing'}"
        )
