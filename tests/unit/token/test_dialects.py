"""How dialects are told apart, and what GP Connect's two ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ssp_emulator.interactions import GP_CONNECT
from ssp_emulator.token.dialects import dialect_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.token.rules import Expected

    Faults = Callable[..., list[tuple[str, bool]]]
    Valid = Callable[[str], dict[str, Any]]

SCOPES = "patient/*.read, patient/*.write, organization/*.read, organization/*.write"
ONE_SCOPE = f"requested_scope should be one of {SCOPES}, maybe with conf/N or conf/R"
RESOURCES = ["requesting_device", "requesting_organization", "requesting_practitioner"]


@pytest.mark.parametrize("dialect", ["gp-connect-1", "gp-connect-0", "spine-core"])
def test_a_dialect_is_told_by_its_claims(dialect: str, valid: Valid) -> None:
    assert dialect_of(valid(dialect)).name == dialect


@pytest.mark.parametrize(
    ("dialect", "claim"),
    [
        *(("gp-connect-1", claim) for claim in ["requested_scope", *RESOURCES]),
        *(("gp-connect-0", claim) for claim in ["requested_scope", *RESOURCES]),
        ("spine-core", "scope"),
    ],
)
def test_a_missing_claim_of_its_own_is_named_as_a_400(dialect: str, claim: str, valid: Valid, faults: Faults) -> None:
    claims = valid(dialect)
    del claims[claim]
    assert faults(claims) == [(f"{claim} is missing", False)]


@pytest.mark.parametrize(
    ("dialect", "claim"), [("gp-connect-0", "requested_record"), ("spine-core", "requesting_system")]
)
def test_without_the_claim_that_tells_its_dialect_a_token_is_a_400(
    dialect: str, claim: str, valid: Valid, faults: Faults
) -> None:
    claims = valid(dialect)
    del claims[claim]
    found = faults(claims)
    assert found
    assert not any(unprocessable for _, unprocessable in found[:1])


@pytest.mark.parametrize(
    ("scope", "wanted", "found"),
    [
        ("patient/*.read", "patient/*.read", None),
        ("patient/*.read conf/N", "patient/*.read", None),
        ("conf/R patient/*.read", "patient/*.read", None),
        ("organization/*.write", "organization/*.write", None),
        ("organization/*.read", None, None),
        ("patient/*.write", "patient/*.read", "another"),
        ("organization/*.read", "patient/*.read", "another"),
        ("patient/*.read patient/*.write", "patient/*.read", ONE_SCOPE),
        ("patient/*.read conf/N conf/R", "patient/*.read", ONE_SCOPE),
        ("patient/*.read conf/X", "patient/*.read", ONE_SCOPE),
        ("patient/*.read  conf/N", "patient/*.read", ONE_SCOPE),
        ("conf/N", "patient/*.read", ONE_SCOPE),
        ("patient/*.*", "patient/*.read", ONE_SCOPE),
        ("", "patient/*.read", ONE_SCOPE),
        (["patient/*.read"], "patient/*.read", ONE_SCOPE),
        (None, "patient/*.read", ONE_SCOPE),
    ],
)
def test_the_scope_is_the_interactions(
    scope: object, wanted: str | None, found: str | None, valid: Valid, expected: Expected, faults: Faults
) -> None:
    if found == "another":
        found = f"requested_scope should be {wanted} for {expected.interaction_id}"
    claims = {**valid("gp-connect-1"), "requested_scope": scope}
    assert faults(claims, expected._replace(scope=wanted)) == ([(found, False)] if found else [])


def test_migration_is_a_reason_in_1_only(valid: Valid, faults: Faults) -> None:
    assert faults({**valid("gp-connect-1"), "reason_for_request": "migration"}) == []
    found = faults({**valid("gp-connect-0"), "reason_for_request": "migration"})
    assert found == [("reason_for_request should be directcare", False)]


@pytest.mark.parametrize(
    ("interaction", "found"),
    [
        ("fhir:operation:gpc.migratestructuredrecord-1", []),
        ("fhir:operation:gpc.getstructuredrecord-1", [("requesting_practitioner is missing", False)]),
        ("documents:fhir:rest:migrate:binary-1", [("requesting_practitioner is missing", False)]),
    ],
)
def test_the_practitioner_may_be_left_out_of_the_migration_of_a_record(
    interaction: str, found: list[tuple[str, bool]], valid: Valid, expected: Expected, faults: Faults
) -> None:
    claims = valid("gp-connect-1")
    del claims["requesting_practitioner"]
    assert faults(claims, expected._replace(interaction_id=GP_CONNECT + interaction)) == found


def test_without_its_record_a_token_for_html_is_told_so_and_not_taken_for_one_of_1(
    valid: Valid, expected: Expected, faults: Faults
) -> None:
    against = expected._replace(interaction_id=f"{GP_CONNECT}fhir:operation:gpc.getcarerecord")
    claims = valid("gp-connect-0")
    assert faults(claims, against) == []
    del claims["requested_record"]
    assert faults(claims, against)[0] == ("requested_record is missing", False)
    assert ("requested_record is missing", False) in faults(valid("gp-connect-1"), against)
    assert faults(valid("gp-connect-1")) == []


@pytest.mark.parametrize("dialect", ["gp-connect-1", "gp-connect-0"])
@pytest.mark.parametrize(
    ("claim", "element", "what"),
    [
        ("requesting_device", "identifier", "an identifier"),
        ("requesting_device", "model", "a model"),
        ("requesting_device", "version", "a version"),
        ("requesting_organization", "identifier", "an identifier"),
        ("requesting_organization", "name", "a name"),
        ("requesting_practitioner", "id", "an id"),
        ("requesting_practitioner", "name", "a name with a family name and a given name"),
        ("requesting_practitioner", "identifier", "an identifier"),
    ],
)
def test_a_resource_without_what_the_audit_needs_is_a_400_in_0_as_in_1(
    dialect: str, claim: str, element: str, what: str, valid: Valid, faults: Faults
) -> None:
    claims = valid(dialect)
    del claims[claim][element]
    found = [text for text, unprocessable in faults(claims) if not unprocessable]
    assert any(text.startswith(f"{claim} should have {what}") for text in found), found


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({"resourceType": "Organization", "identifier": [{"system": "http://fhir.nhs.net/Id/ods", "value": "A"}]}, []),
        (
            {"resourceType": "Practitioner", "id": "1"},
            ["requested_record should be of the type Patient or Organization, and is of the type Practitioner"],
        ),
        (
            {"resourceType": "Patient"},
            ["requested_record should have an identifier of a system under http://fhir.nhs.net/Id/"],
        ),
    ],
    ids=["an organisation", "a practitioner", "nobody"],
)
def test_the_requested_record_is_a_patients_or_an_organisations(
    record: dict[str, Any], found: list[str], valid: Valid, faults: Faults
) -> None:
    claims = {**valid("gp-connect-0"), "requested_record": record}
    assert faults(claims) == [(text, False) for text in found]


def test_the_identifier_of_the_requested_record_is_of_a_system_of_the_nhs(valid: Valid, faults: Faults) -> None:
    identifier = [{"system": "https://consumer.example.nhs.uk/Id", "value": "1"}]
    claims = {**valid("gp-connect-0"), "requested_record": {"resourceType": "Patient", "identifier": identifier}}
    assert [text.partition(" ")[0] for text, _ in faults(claims)] == ["requested_record"]
