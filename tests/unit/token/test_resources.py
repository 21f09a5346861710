"""The resources in a token: what is none is a 422, what is another or too little is a 400."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Faults = Callable[..., list[tuple[str, bool]]]
    Valid = Callable[[str], dict[str, Any]]

RESOURCES = pytest.mark.parametrize(
    "claim", ["requesting_device", "requesting_organization", "requesting_practitioner"]
)
USER = "https://fhir.nhs.uk/Id/sds-user-id"
NO_FHIR = "is not a FHIR resource"
PATIENT = {"resourceType": "Patient", "id": "1", "active": True, "name": [{"family": "A"}]}


@RESOURCES
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("Device", NO_FHIR),
        (None, NO_FHIR),
        (7, NO_FHIR),
        ([], NO_FHIR),
        ({}, f"{NO_FHIR}: it has no resourceType"),
        ({"resourceType": None}, f"{NO_FHIR}: it has no resourceType"),
        ({"resourceType": "InvalidResourceType"}, f"{NO_FHIR}: its resourceType is no FHIR type"),
        ({"resourceType": "device"}, f"{NO_FHIR}: its resourceType is no FHIR type"),
        ({"resourceType": ["Device"]}, f"{NO_FHIR}: its resourceType is no FHIR type"),
        ({"resourceType": ""}, f"{NO_FHIR}: its resourceType is no FHIR type"),
    ],
)
def test_what_is_no_fhir_resource_is_a_422(
    claim: str, value: object, problem: str, valid: Valid, faults: Faults
) -> None:
    found = [fault for fault in faults({**valid("gp-connect-1"), claim: value}) if fault[0].startswith(claim)]
    assert found == [(f"{claim} {problem}", True)]


@RESOURCES
@pytest.mark.parametrize("field", ["invalidField", "", "Identifier", "_nobody", "x" * 500])
def test_a_field_that_its_type_has_not_is_a_422(claim: str, field: str, valid: Valid, faults: Faults) -> None:
    claims = valid("gp-connect-1")
    claims[claim][field] = "x"
    assert faults(claims) == [(f"{claim} has an element that no such resource has: {field[:64]!r}", True)]


@RESOURCES
@pytest.mark.parametrize("field", ["text", "meta", "extension", "_id", "contained", "language"])
def test_a_field_that_every_resource_may_have_is_accepted(claim: str, field: str, valid: Valid, faults: Faults) -> None:
    claims = valid("gp-connect-1")
    claims[claim][field] = {"status": "generated"}
    assert faults(claims) == []


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        ("requesting_device", "Device"),
        ("requesting_organization", "Organization"),
        ("requesting_practitioner", "Practitioner"),
    ],
)
def test_a_real_resource_in_the_wrong_place_is_a_400(claim: str, kind: str, valid: Valid, faults: Faults) -> None:
    found = faults({**valid("gp-connect-1"), claim: PATIENT})
    assert found == [(f"{claim} should be of the type {kind}, and is of the type Patient", False)]


@pytest.mark.parametrize(
    ("claim", "element", "value", "accepted"),
    [
        ("requesting_practitioner", "identifier", [{"system": USER, "value": "UNK"}], True),
        ("requesting_practitioner", "identifier", [{"system": USER, "value": "1"}], True),
        ("requesting_practitioner", "identifier", {"system": USER, "value": "1"}, True),
        ("requesting_practitioner", "identifier", [{"system": USER, "value": ""}], False),
        ("requesting_practitioner", "identifier", [{"system": USER}], False),
        ("requesting_practitioner", "identifier", [{"system": f"{USER}s", "value": "1"}], False),
        ("requesting_practitioner", "identifier", [{"value": "1"}], False),
        ("requesting_practitioner", "identifier", "1", False),
        ("requesting_practitioner", "identifier", [{"system": USER, "value": " "}], False),
        ("requesting_practitioner", "name", {"family": "A", "given": ["B"]}, True),
        ("requesting_practitioner", "name", {"family": ["A"], "given": ["B"]}, True),
        ("requesting_practitioner", "name", [{}, {"family": "A", "given": ["", "B"]}], True),
        ("requesting_practitioner", "name", [{"given": ["A"]}], False),
        ("requesting_practitioner", "name", [{"family": "A"}], False),
        ("requesting_practitioner", "name", [{"family": "A"}, {"given": ["B"]}], False),
        ("requesting_practitioner", "name", [{"family": " ", "given": ["B"]}], False),
        ("requesting_practitioner", "name", [{"family": 7, "given": ["B"]}], False),
        ("requesting_practitioner", "name", [{"family": "A", "given": [7]}], False),
        ("requesting_practitioner", "name", ["A"], False),
        ("requesting_practitioner", "name", [], False),
        ("requesting_device", "model", " ", False),
        ("requesting_device", "version", 1, False),
        ("requesting_device", "identifier", [None, {"system": "a", "value": "b"}], True),
        ("requesting_device", "identifier", [{"system": "", "value": "b"}], False),
        ("requesting_device", "identifier", [{"system": " ", "value": "b"}], False),
        ("requesting_device", "identifier", [{"system": "a", "value": " "}], False),
        ("requesting_organization", "name", ["A"], False),
        ("requesting_organization", "identifier", [{"system": "https://x", "value": "A1001"}], False),
    ],
)
def test_what_each_resource_needs(
    claim: str, element: str, value: object, accepted: bool, valid: Valid, faults: Faults
) -> None:
    claims = valid("gp-connect-1")
    claims[claim][element] = value
    found = faults(claims)
    if accepted:
        assert found == []
    else:
        assert [(text.startswith(f"{claim} should have a"), unprocessable) for text, unprocessable in found] == [
            (True, False)
        ]


def test_identifiers_may_all_be_unknown(valid: Valid, faults: Faults) -> None:
    claims = valid("gp-connect-1")
    for identifier in claims["requesting_practitioner"]["identifier"]:
        identifier["value"] = "UNK"
    assert faults(claims) == []


def test_another_organisation_than_the_senders_is_no_fault(valid: Valid, faults: Faults) -> None:
    claims = valid("gp-connect-1")
    claims["requesting_organization"]["identifier"][0]["value"] = "Z99"
    assert faults(claims) == []
