"""The rules of Spine Core's own claims, which are identifiers written as `system|value`.

Source: Spine Core, "Security guidance: JWT"; National Record Locator, "Audit and provenance".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.interactions import NRL
from ssp_emulator.token.parsing import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.token.parsing import Json
    from ssp_emulator.token.rules import Expected

_SYSTEM = "https://fhir.nhs.uk/Id/accredited-system|"
_ORGANISATION = "https://fhir.nhs.uk/Id/ods-organization-code|"
_PATIENT = ("https://fhir.nhs.uk/Id/nhs-number|", "http://fhir.nhs.net/Id/nhs-number|")


def requesting_system(claims: Json, expected: Expected) -> Iterator[Fault]:
    """`requesting_system` is the accredited system whose ASID is in Ssp-From."""
    if "requesting_system" not in claims:
        yield Fault("requesting_system", "is missing")
    elif claims["requesting_system"] != _SYSTEM + expected.asid:
        yield Fault("requesting_system", f"should be {_SYSTEM}{expected.asid}, with the ASID of Ssp-From")


def requesting_organization(claims: Json, expected: Expected) -> Iterator[Fault]:
    """`requesting_organization` is an ODS code; the National Record Locator cannot do without it."""
    if "requesting_organization" not in claims:
        if expected.interaction_id.startswith(NRL):
            yield Fault("requesting_organization", "is missing")
    elif not _is_of(claims["requesting_organization"], _ORGANISATION):
        yield Fault("requesting_organization", f"should be {_ORGANISATION}[ODS code]")


def user_or_patient(claims: Json, _: Expected) -> Iterator[Fault]:
    """A user, a patient or nobody asks, never two of them; and it is a patient who has patient access."""
    user, patient = claims.get("requesting_user"), claims.get("requesting_patient")
    if "requesting_user" in claims and not (
        isinstance(user, str) and all(part.strip() for part in user.partition("|"))
    ):
        yield Fault("requesting_user", "should be [system]|[id]")
    if "requesting_patient" in claims and not _is_of(patient, *_PATIENT):
        yield Fault("requesting_patient", f"should be {_PATIENT[0]}[NHS number]")
    if "requesting_user" in claims and "requesting_patient" in claims:
        yield Fault("requesting_patient", "should not be there beside requesting_user")
    if ("requesting_patient" in claims) != (claims.get("reason_for_request") == "patientaccess"):
        yield Fault("reason_for_request", "should be patientaccess where, and only where, there is requesting_patient")


def subject_is_requester(claims: Json, _: Expected) -> Iterator[Fault]:
    """`sub` is the user, the patient or the system that asks."""
    requesters = [claims.get(f"requesting_{who}") for who in ("user", "patient", "system")]
    subject = claims.get("sub")
    if subject and subject not in [requester for requester in requesters if requester is not None]:
        yield Fault("sub", "should be requesting_user, requesting_patient or requesting_system")


def _is_of(value: object, *systems: str) -> bool:
    return isinstance(value, str) and any(
        value.startswith(system) and value.removeprefix(system).strip() for system in systems
    )
