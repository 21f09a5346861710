"""The interaction catalogue, and the globs that pick from it."""

from __future__ import annotations

import pytest

from ssp_emulator.interactions import ANY_METHOD, GP_CONNECT, KNOWN, NRL, Catalogue, Interaction

READ, WRITE, ORGANISATION = "patient/*.read", "patient/*.write", "organization/*.read"
GET, POST, GET_PUT = ("GET",), ("POST",), ("GET", "PUT")
PUBLISHED = [
    ("fhir:rest:read:metadata-1", GET, "/metadata", ORGANISATION),
    ("fhir:rest:read:patient-1", GET, "/Patient/{id}", READ),
    ("fhir:rest:search:patient-1", GET, "/Patient", READ),
    ("fhir:rest:read:practitioner-1", GET, "/Practitioner/{id}", ORGANISATION),
    ("fhir:rest:search:practitioner-1", GET, "/Practitioner", ORGANISATION),
    ("fhir:rest:read:organization-1", GET, "/Organization/{id}", ORGANISATION),
    ("fhir:rest:search:organization-1", GET, "/Organization", ORGANISATION),
    ("fhir:rest:read:location-1", GET, "/Location/{id}", ORGANISATION),
    ("fhir:operation:gpc.registerpatient-1", POST, "/Patient/$gpc.registerpatient", WRITE),
    ("fhir:rest:search:slot-1", GET, "/Slot", ORGANISATION),
    ("fhir:rest:read:appointment-1", GET_PUT, "/Appointment/{id}", READ),
    ("fhir:rest:create:appointment-1", POST, "/Appointment", WRITE),
    ("fhir:rest:update:appointment-1", GET_PUT, "/Appointment/{id}", WRITE),
    ("fhir:rest:cancel:appointment-1", GET_PUT, "/Appointment/{id}", WRITE),
    ("fhir:rest:search:patient_appointments-1", GET, "/Patient/{id}/Appointment", READ),
    ("fhir:operation:gpc.getstructuredrecord-1", POST, "/Patient/$gpc.getstructuredrecord", READ),
    ("fhir:operation:gpc.migratestructuredrecord-1", POST, "/Patient/$gpc.migratestructuredrecord", READ),
    ("structured:fhir:rest:read:metadata-1", GET, "/metadata", ORGANISATION),
    ("fhir:operation:gpc.getcarerecord", POST, "/Patient/$gpc.getcarerecord", READ),
    ("documents:fhir:rest:read:metadata-1", GET, "/metadata", ORGANISATION),
    ("documents:fhir:rest:search:patient-1", GET, "/Patient", READ),
    ("documents:fhir:rest:search:documentreference-1", GET, "/Patient/{id}/DocumentReference", READ),
    ("documents:fhir:rest:read:binary-1", GET, "/Binary/{id}", READ),
    ("documents:fhir:rest:migrate:binary-1", GET, "/Binary/{id}", READ),
]
NRL_READ, NRL_RECEIVED = f"{NRL}DocumentReference.content.read", f"{NRL}DocumentReference.content"


def test_every_published_interaction_is_known_and_no_other() -> None:
    assert [(i.id, i.methods, i.path, i.scope) for i in KNOWN] == [
        *((GP_CONNECT + tail, methods, path, scope) for tail, methods, path, scope in PUBLISHED),
        (NRL_READ, GET, None, READ),
    ]


def test_an_interaction_is_received_under_its_own_id_but_for_nrl() -> None:
    assert {i.id: i.received_as for i in KNOWN if i.received_as != i.id} == {NRL_READ: NRL_RECEIVED}


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("*", 25),
        (f"{GP_CONNECT}*", 24),
        (f"{GP_CONNECT}documents:*", 5),
        (f"{GP_CONNECT}*:metadata-1", 3),
        (f"{GP_CONNECT}fhir:rest:search:slot-1", 1),
        (f"{GP_CONNECT}documents:", 0),
        (f"{GP_CONNECT}DOCUMENTS:*", 0),
        ("documents:*", 0),
        (f"{GP_CONNECT}fhir:rest:search:slot-?", 0),
        (f"{GP_CONNECT}fhir:rest:search:slot-[12]", 0),
    ],
)
def test_a_star_and_nothing_else_stands_for_any_characters(pattern: str, count: int) -> None:
    catalogue = Catalogue()
    assert len(catalogue.sent([pattern])) == count
    assert len(catalogue.received([pattern])) == count


def test_sent_and_received_differ_for_nrl() -> None:
    assert Catalogue().sent([f"{NRL}*"]) == {NRL_READ}
    assert Catalogue().received([f"{NRL}*"]) == {NRL_RECEIVED}


@pytest.mark.parametrize("own", ["urn:our:own", "urn:our:own[1]", "urn:our:own?"])
def test_an_id_that_is_named_letter_by_letter_is_known(own: str) -> None:
    catalogue = Catalogue().with_names([own, own, "urn:other:*", NRL_RECEIVED, NRL_READ])
    assert catalogue.get(own) == Interaction(own, methods=ANY_METHOD)
    assert catalogue.sent([own]) == catalogue.received([own]) == {own}
    assert len(list(catalogue)) == len(KNOWN) + 1


def test_naming_changes_nothing_for_others() -> None:
    first = Catalogue()
    first.with_names(["urn:our:own"])
    assert first.get("urn:our:own") is None
    assert "urn:our:own" not in first
    assert NRL_READ in first
