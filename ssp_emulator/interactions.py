"""The interaction catalogue: what may be asked through the Spine Secure Proxy, and how each is asked on the wire.

Source: GP Connect 1.6.2, "Interaction IDs" of each capability and "Cross-organisation audit and provenance" (the
scope that a token asks for); National Record Locator, "Retrieval: SSP" for its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GP_CONNECT = "urn:nhs:names:services:gpconnect:"
NRL = "urn:nhs:names:services:nrl:"

_READ, _WRITE, _ORGANISATION = "patient/*.read", "patient/*.write", "organization/*.read"


@dataclass(frozen=True, slots=True)
class Interaction:
    """One thing that a consumer can ask of a provider.

    `path` is relative to the service root URL, with `{id}` for a resource's id; None where any path will do.
    `scope` is the one that a token for it asks for; None where nothing is known of it. `receiver_id` is the id
    under which a provider registers it, where that is another than the consumer's. `capability` is what it belongs to.
    """

    id: str
    methods: tuple[str, ...] = ("GET",)
    path: str | None = None
    scope: str | None = None
    receiver_id: str | None = None
    capability: str | None = None

    @property
    def received_as(self) -> str:
        """The id on the provider's MHS record."""
        return self.receiver_id or self.id


def _gpc(tail: str, path: str, scope: str, *methods: str) -> Interaction:
    return Interaction(GP_CONNECT + tail, methods or ("GET",), path, scope)


def _of(capability: str, *interactions: Interaction) -> tuple[Interaction, ...]:
    return tuple(replace(each, capability=capability) for each in interactions)


KNOWN: tuple[Interaction, ...] = (
    *_of(
        "Foundations",
        _gpc("fhir:rest:read:metadata-1", "/metadata", _ORGANISATION),
        _gpc("fhir:rest:read:patient-1", "/Patient/{id}", _READ),
        _gpc("fhir:rest:search:patient-1", "/Patient", _READ),
        _gpc("fhir:rest:read:practitioner-1", "/Practitioner/{id}", _ORGANISATION),
        _gpc("fhir:rest:search:practitioner-1", "/Practitioner", _ORGANISATION),
        _gpc("fhir:rest:read:organization-1", "/Organization/{id}", _ORGANISATION),
        _gpc("fhir:rest:search:organization-1", "/Organization", _ORGANISATION),
        _gpc("fhir:rest:read:location-1", "/Location/{id}", _ORGANISATION),
        _gpc("fhir:operation:gpc.registerpatient-1", "/Patient/$gpc.registerpatient", _WRITE, "POST"),
    ),
    *_of(
        "Appointment management",
        _gpc("fhir:rest:search:slot-1", "/Slot", _ORGANISATION),
        _gpc("fhir:rest:read:appointment-1", "/Appointment/{id}", _READ, "GET", "PUT"),
        _gpc("fhir:rest:create:appointment-1", "/Appointment", _WRITE, "POST"),
        _gpc("fhir:rest:update:appointment-1", "/Appointment/{id}", _WRITE, "GET", "PUT"),
        _gpc("fhir:rest:cancel:appointment-1", "/Appointment/{id}", _WRITE, "GET", "PUT"),
        _gpc("fhir:rest:search:patient_appointments-1", "/Patient/{id}/Appointment", _READ),
    ),
    *_of(
        "Access Record: Structured",
        _gpc("fhir:operation:gpc.getstructuredrecord-1", "/Patient/$gpc.getstructuredrecord", _READ, "POST"),
        _gpc("fhir:operation:gpc.migratestructuredrecord-1", "/Patient/$gpc.migratestructuredrecord", _READ, "POST"),
        _gpc("structured:fhir:rest:read:metadata-1", "/metadata", _ORGANISATION),
    ),
    *_of(  # 0.x
        "Access Record: HTML",
        _gpc("fhir:operation:gpc.getcarerecord", "/Patient/$gpc.getcarerecord", _READ, "POST"),
    ),
    *_of(
        "Access Document",
        _gpc("documents:fhir:rest:read:metadata-1", "/metadata", _ORGANISATION),
        _gpc("documents:fhir:rest:search:patient-1", "/Patient", _READ),
        _gpc("documents:fhir:rest:search:documentreference-1", "/Patient/{id}/DocumentReference", _READ),
        _gpc("documents:fhir:rest:read:binary-1", "/Binary/{id}", _READ),
        _gpc("documents:fhir:rest:migrate:binary-1", "/Binary/{id}", _READ),
    ),
    *_of(  # any path, Spine Core tokens
        "National Record Locator",
        Interaction(
            NRL + "DocumentReference.content.read",
            scope=_READ,
            receiver_id=NRL + "DocumentReference.content",
        ),
    ),
)


class Catalogue:
    """The interactions that a registry can speak of: those known, and those that it names letter by letter."""

    def __init__(self, interactions: Iterable[Interaction] = KNOWN) -> None:
        self._by_id = {interaction.id: interaction for interaction in interactions}

    def __contains__(self, interaction_id: str) -> bool:
        return interaction_id in self._by_id

    def __iter__(self) -> Iterator[Interaction]:
        return iter(self._by_id.values())

    def get(self, interaction_id: str) -> Interaction | None:
        """Return the interaction with this id; None where no one knows it."""
        return self._by_id.get(interaction_id)

    def with_names(self, patterns: Iterable[str]) -> Catalogue:
        """Return this catalogue and, beside it, each id among the patterns that is no glob and not known yet.

        So a registry that names an interaction of its own, letter by letter, makes it known.
        """
        received = {interaction.received_as for interaction in self}
        named = (name for name in patterns if "*" not in name and name not in self and name not in received)
        return Catalogue((*self, *(Interaction(name, methods=ANY_METHOD) for name in named)))

    def sent(self, patterns: Iterable[str]) -> frozenset[str]:
        """Return the ids that a consumer sends, of those the patterns match; `*` stands for any characters."""
        return frozenset(_matching(patterns, (interaction.id for interaction in self)))

    def received(self, patterns: Iterable[str]) -> frozenset[str]:
        """Return the ids under which a provider receives, of those the patterns match."""
        return frozenset(_matching(patterns, (interaction.received_as for interaction in self)))


ANY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")


def _matching(patterns: Iterable[str], ids: Iterable[str]) -> Iterator[str]:
    every = list(ids)
    for pattern in patterns:
        expression = re.compile(".*".join(map(re.escape, pattern.split("*"))))
        yield from filter(expression.fullmatch, every)
