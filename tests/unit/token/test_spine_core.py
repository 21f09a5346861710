"""Spine Core's own claims: identifiers as system|value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ssp_emulator.interactions import NRL

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.token.rules import Expected

    Faults = Callable[..., list[tuple[str, bool]]]
    Valid = Callable[[str], dict[str, Any]]

ID = "https://fhir.nhs.uk/Id"
SYSTEM, ODS = f"{ID}/accredited-system", f"{ID}/ods-organization-code"
PATIENT, OLD_PATIENT = f"{ID}/nhs-number|9000000009", "http://fhir.nhs.net/Id/nhs-number|9000000009"
ONLY_WHERE = "reason_for_request should be patientaccess where, and only where, there is requesting_patient"
REASONS = "reason_for_request should be directcare or secondaryuses or patientaccess"
NOT_BOTH = "requesting_patient should not be there beside requesting_user"
REQUESTER = "sub should be requesting_user, requesting_patient or requesting_system"
OWN_ASID = f"requesting_system should be {SYSTEM}|200000000115, with the ASID of Ssp-From"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"requesting_system": f"{SYSTEM}|200000000116"}, [OWN_ASID]),
        ({"requesting_system": "200000000115"}, [OWN_ASID]),
        ({"requesting_system": ""}, [OWN_ASID]),
        ({"requesting_system": None}, [OWN_ASID]),
        ({"requesting_organization": None}, [f"requesting_organization should be {ODS}|[ODS code]"]),
        ({"requesting_organization": "A1001"}, [f"requesting_organization should be {ODS}|[ODS code]"]),
        ({"requesting_organization": f"{ODS}|"}, [f"requesting_organization should be {ODS}|[ODS code]"]),
        ({"requesting_organization": f"{ODS}| "}, [f"requesting_organization should be {ODS}|[ODS code]"]),
        ({"requesting_user": "x", "sub": "x"}, ["requesting_user should be [system]|[id]"]),
        ({"requesting_user": "|x", "sub": "|x"}, ["requesting_user should be [system]|[id]"]),
        ({"requesting_user": "x|", "sub": "x|"}, ["requesting_user should be [system]|[id]"]),
        ({"requesting_user": "x| ", "sub": "x| "}, ["requesting_user should be [system]|[id]"]),
        ({"requesting_user": " |x", "sub": " |x"}, ["requesting_user should be [system]|[id]"]),
        ({"requesting_user": "https://own/Id|x", "sub": "https://own/Id|x"}, []),
        ({"requesting_patient": PATIENT, "reason_for_request": "patientaccess"}, [NOT_BOTH]),
        ({"reason_for_request": "secondaryuses"}, []),
        ({"reason_for_request": "patientaccess"}, [ONLY_WHERE]),
        ({"reason_for_request": "migration"}, [REASONS]),
        ({"sub": f"{SYSTEM}|200000000115"}, []),
        ({"sub": "somebody else"}, [REQUESTER]),
        ({"scope": "patient/*.write"}, []),
        ({"scope": "organization/*.read"}, ["scope should be patient/*.read or patient/*.write"]),
        ({"scope": "patient/*.read conf/N"}, ["scope should be patient/*.read or patient/*.write"]),
    ],
)
def test_a_users_token(changes: dict[str, Any], found: list[str], valid: Valid, faults: Faults) -> None:
    assert faults({**valid("spine-core"), **changes}) == [(text, False) for text in found]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"requesting_patient": OLD_PATIENT, "sub": OLD_PATIENT}, []),
        ({"reason_for_request": "directcare"}, [ONLY_WHERE]),
        ({"sub": f"{ID}/sds-role-profile-id|1"}, [REQUESTER]),
        (
            {"requesting_patient": "9000000009", "sub": "9000000009"},
            [f"requesting_patient should be {ID}/nhs-number|[NHS number]"],
        ),
        (
            {"requesting_patient": f"{ID}/nhs-number|", "sub": f"{ID}/nhs-number|"},
            [f"requesting_patient should be {ID}/nhs-number|[NHS number]"],
        ),
    ],
)
def test_a_patients_token(changes: dict[str, Any], found: list[str], valid: Valid, faults: Faults) -> None:
    claims = {**valid("spine-core"), "requesting_patient": PATIENT, "sub": PATIENT}
    del claims["requesting_user"]
    claims |= {"reason_for_request": "patientaccess", **changes}
    assert faults(claims) == [(text, False) for text in found]


def test_the_system_has_to_be_there(valid: Valid, faults: Faults) -> None:
    claims = valid("spine-core")
    del claims["requesting_system"]
    assert faults(claims) == [("requesting_system is missing", False)]


def test_an_unattended_call_names_its_system(valid: Valid, faults: Faults) -> None:
    claims = valid("spine-core")
    del claims["requesting_user"]
    claims["sub"] = claims["requesting_system"]
    assert faults(claims) == []


@pytest.mark.parametrize(
    ("interaction", "found"),
    [
        (f"{NRL}DocumentReference.content.read", [("requesting_organization is missing", False)]),
        ("urn:nhs:names:services:other", []),
    ],
)
def test_the_organisation_is_needed_for_nrl(
    interaction: str, found: list[tuple[str, bool]], valid: Valid, expected: Expected, faults: Faults
) -> None:
    claims = valid("spine-core")
    del claims["requesting_organization"]
    assert faults(claims, expected._replace(interaction_id=interaction)) == found
