"""The facts that the audit keeps, whatever the dialect and however wrong the token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ssp_emulator.token.claims import Claims, identifiers, of_gp_connect, of_spine_core
from ssp_emulator.token.dialects import dialect_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Valid = Callable[[str], dict[str, Any]]

ROLE = "https://fhir.nhs.uk/Id/sds-role-profile-id|22222222222222"
NOTHING = Claims("x", None, None, None, None, None, None)


@pytest.mark.parametrize(
    "facts",
    [
        Claims(
            "gp-connect-1", "111111111111", "22222222222222", "A1001", "Consumer 1.0", "directcare", "patient/*.read"
        ),
        Claims(
            "gp-connect-0", "111111111111", "22222222222222", "A1001", "Consumer 1.0", "directcare", "patient/*.read"
        ),
        Claims(
            "spine-core",
            ROLE,
            "22222222222222",
            "A1001",
            "https://fhir.nhs.uk/Id/accredited-system|200000000115",
            "directcare",
            "patient/*.read",
        ),
    ],
    ids=lambda facts: facts.dialect,
)
def test_the_facts_of_each_dialect(facts: Claims, valid: Valid) -> None:
    claims = valid(facts.dialect)
    assert dialect_of(claims).claims(claims) == facts


@pytest.mark.parametrize("of", [of_gp_connect, of_spine_core])
@pytest.mark.parametrize("value", [None, "", 7, [], {}, [None], {"identifier": [7]}, {"identifier": {"system": 1}}])
def test_what_is_not_said_is_none(of: Callable[..., Claims], value: object, valid: Valid) -> None:
    claims = dict.fromkeys([*valid("gp-connect-0"), *valid("spine-core"), "requesting_patient"], value)
    assert of("x", {}) == NOTHING
    assert of("x", claims) == NOTHING


def test_without_an_sds_user_the_subject_is_the_user() -> None:
    assert of_gp_connect("x", {"sub": "17", "requesting_practitioner": {"id": "17"}}).user == "17"


def test_an_identifier_without_a_value_says_nothing() -> None:
    user, role = "https://fhir.nhs.uk/Id/sds-user-id", "https://fhir.nhs.uk/Id/sds-role-profile-id"
    nameless = {"identifier": [{"system": user, "value": ""}, {"system": role, "value": ""}]}
    assert of_gp_connect("x", {"requesting_practitioner": nameless, "requesting_device": nameless}) == NOTHING
    nameless["identifier"].append({"system": user, "value": "17"})
    assert of_gp_connect("x", {"requesting_practitioner": nameless}).user == "17"


def test_a_device_without_a_model_is_known_by_its_identifier() -> None:
    device = {"identifier": [{"system": "s", "value": "d1"}]}
    assert of_gp_connect("x", {"requesting_device": device}).device == "d1"
    assert of_gp_connect("x", {"requesting_device": {**device, "version": "2"}}).device == "2"


@pytest.mark.parametrize(
    ("claims", "user", "role"),
    [
        ({"requesting_user": "https://own|7"}, "https://own|7", None),
        ({"requesting_patient": "https://fhir.nhs.uk/Id/nhs-number|9"}, "https://fhir.nhs.uk/Id/nhs-number|9", None),
        ({"requesting_user": ROLE, "requesting_patient": "p|1"}, ROLE, "22222222222222"),
        ({"requesting_user": ROLE.replace("|", "s|")}, ROLE.replace("|", "s|"), None),
    ],
)
def test_who_asks_in_spine_core(claims: dict[str, str], user: str, role: str | None) -> None:
    facts = of_spine_core("x", claims)
    assert (facts.user, facts.role) == (user, role)


@pytest.mark.parametrize(
    ("resource", "found"),
    [
        ({"identifier": [{"system": "a", "value": "b"}, {"system": "c", "value": "d"}]}, [("a", "b"), ("c", "d")]),
        ({"identifier": {"system": "a", "value": "b"}}, [("a", "b")]),
        ({"identifier": [{"system": "a"}, {"value": "b"}, 7, None, {"system": 1, "value": "x"}]}, []),
        ({"identifier": "a|b"}, []),
        ({}, []),
        ("identifier", []),
    ],
)
def test_identifiers_leave_out_what_is_none(resource: object, found: list[tuple[str, str]]) -> None:
    assert identifiers(resource) == found
