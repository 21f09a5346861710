"""What a Spine Core token has to say, over real TLS: which system asks, for which organisation, for which user.

Source: Spine Core, "Security guidance: JWT"; National Record Locator, "Retrieval: SSP" and "Audit and provenance".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.running import running
from support.tokens import (
    AUTHORIZE,
    DOCUMENT,
    FACTS,
    NRL,
    OLD_PATIENT,
    PATIENT,
    ROLE_PROFILE,
    SYSTEM,
    UK,
    bearer,
    changed,
    judge,
    overlooked,
    passed,
    refused,
    without,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider
    from support.tokens import Claims

    from ssp_emulator.pki.folder import CertificateFolder

    Change = Callable[[Claims], Claims]


def put(**changes: Any) -> Change:
    return lambda claims: changed(claims, **changes)


def leave_out(*names: str) -> Change:
    return lambda claims: without(claims, *names)


def as_user(user: Any) -> Change:
    return put(requesting_user=user, sub=user)


def as_patient(patient: Any, **changes: Any) -> Change:
    """A patient asks: the subject too, no user, and for the one reason that a patient has."""
    return lambda claims: {
        **without(claims, "requesting_user"),
        "requesting_patient": patient,
        "sub": patient,
        "reason_for_request": "patientaccess",
        **changes,
    }


def unattended(**changes: Any) -> Change:
    return lambda claims: {**without(claims, "requesting_user"), "sub": SYSTEM, **changes}


ODS = f"{UK}/ods-organization-code"
OWN_ASID = f"requesting_system should be {SYSTEM}, with the ASID of Ssp-From"
ORGANISATION = f"requesting_organization should be {ODS}|[ODS code]"
USER = "requesting_user should be [system]|[id]"
NHS_NUMBER = f"requesting_patient should be {UK}/nhs-number|[NHS number]"
NOT_BOTH = "requesting_patient should not be there beside requesting_user"
ONLY_WHERE = "reason_for_request should be patientaccess where, and only where, there is requesting_patient"
REASONS = "reason_for_request should be directcare or secondaryuses or patientaccess"
REQUESTER = "sub should be requesting_user, requesting_patient or requesting_system"
SCOPES = "scope should be patient/*.read or patient/*.write"

WRONG: dict[str, tuple[Change, str]] = {
    "no scope": (leave_out("scope"), "scope is missing"),
    "scope empty": (put(scope=""), "scope is empty"),
    "an organisation's scope": (put(scope="organization/*.read"), SCOPES),
    "scope with conf, as in 1.x": (put(scope="patient/*.read conf/N"), SCOPES),
    "scope a list": (put(scope=["patient/*.read"]), SCOPES),
    "aud a list": (put(aud=[setup.NRL_ROOT]), "aud should be text"),
    "aud blank": (put(aud=" "), "aud should be text"),
    "a migration, as in 1.x": (put(reason_for_request="migration"), REASONS),
    "no system": (leave_out("requesting_system"), "requesting_system is missing"),
    "another's ASID": (put(requesting_system=f"{UK}/accredited-system|{setup.PROVIDER}"), OWN_ASID),
    "an ASID alone": (put(requesting_system=setup.CONSUMER), OWN_ASID),
    "system empty": (put(requesting_system=""), OWN_ASID),
    "system a list": (put(requesting_system=[SYSTEM]), OWN_ASID),
    "no organisation, which NRL needs": (leave_out("requesting_organization"), "requesting_organization is missing"),
    "organisation null": (put(requesting_organization=None), ORGANISATION),
    "organisation an ODS code alone": (put(requesting_organization="A1001"), ORGANISATION),
    "organisation of another system": (put(requesting_organization=f"{UK}/other|A1001"), ORGANISATION),
    "organisation without code": (put(requesting_organization=f"{ODS}|"), ORGANISATION),
    "organisation a resource": (put(requesting_organization={"resourceType": "Organization"}), ORGANISATION),
    "user without system": (as_user("22222222222222"), USER),
    "user of an empty system": (as_user("|22222222222222"), USER),
    "user without id": (as_user(f"{UK}/sds-role-profile-id|"), USER),
    "user null": (put(requesting_user=None), USER),
    "user and patient": (put(requesting_patient=PATIENT, reason_for_request="patientaccess"), NOT_BOTH),
    "patient's number alone": (as_patient("9000000009"), NHS_NUMBER),
    "patient without number": (as_patient(f"{UK}/nhs-number|"), NHS_NUMBER),
    "patient of another system": (as_patient(f"{UK}/other|9000000009"), NHS_NUMBER),
    "patient for direct care": (as_patient(PATIENT, reason_for_request="directcare"), ONLY_WHERE),
    "patient for secondary uses": (as_patient(PATIENT, reason_for_request="secondaryuses"), ONLY_WHERE),
    "user for patient access": (put(reason_for_request="patientaccess"), ONLY_WHERE),
    "nobody for patient access": (unattended(reason_for_request="patientaccess"), ONLY_WHERE),
    "subject somebody else": (put(sub=f"{UK}/sds-role-profile-id|1"), REQUESTER),
    "subject the user that is not there": (unattended(sub=ROLE_PROFILE), REQUESTER),
    "subject another than the patient": (as_patient(PATIENT, sub=OLD_PATIENT), REQUESTER),
}


@pytest.mark.parametrize(("change", "text"), WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_claim_is_refused_with_the_exact_words(
    ssp: Running, provider: StubProvider, change: Change, text: str
) -> None:
    judged = await judge(ssp, provider, bearer(change(NRL.claims())), NRL)

    assert judged == refused(f"The token's {text}")
    assert judged.claims["dialect"] == "spine-core"


async def test_in_record_mode_each_is_let_through_and_written_down(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, token={"mode": "record"}) as ssp:
        wire = await ssp.wire()
        for name, (change, text) in WRONG.items():
            judged = await judge(ssp, provider, bearer(change(NRL.claims())), NRL, wire)
            assert judged == overlooked(judged.found or ""), name
            assert text in (judged.found or "").split("; "), name


LOCAL = "https://consumer.example.nhs.uk/Id/user|7"
# Each with what the audit then says otherwise than usual.
RIGHT: dict[str, tuple[Change, dict[str, Any]]] = {
    "a user in a role": (put(), {}),
    "a user of a local system": (as_user(LOCAL), {"user": LOCAL, "role": None}),
    "a user, and the system as subject": (put(sub=SYSTEM), {}),
    "secondary uses": (put(reason_for_request="secondaryuses"), {"reason": "secondaryuses"}),
    "writing": (put(scope="patient/*.write"), {"scope": "patient/*.write"}),
    "another audience": (put(aud=AUTHORIZE), {}),
    "a patient": (as_patient(PATIENT), {"user": PATIENT, "role": None, "reason": "patientaccess"}),
    "a patient by the older prefix": (
        as_patient(OLD_PATIENT),
        {"user": OLD_PATIENT, "role": None, "reason": "patientaccess"},
    ),
    "a patient, and the system as subject": (
        as_patient(PATIENT, sub=SYSTEM),
        {"user": PATIENT, "role": None, "reason": "patientaccess"},
    ),
    "an unattended call": (unattended(), {"user": None, "role": None}),
    "another organisation than the sender's": (
        put(requesting_organization=f"{ODS}|Z9"),
        {"organisation": "Z9"},
    ),
}


@pytest.mark.parametrize(("change", "facts"), RIGHT.values(), ids=RIGHT.keys())
async def test_what_is_right_passes_and_the_trail_holds_its_claims(
    ssp: Running, provider: StubProvider, change: Change, facts: dict[str, Any]
) -> None:
    judged = await judge(ssp, provider, bearer(change(NRL.claims())), NRL)

    assert judged == passed("spine-core")
    assert judged.claims == {**FACTS["spine-core"], **facts}


async def test_outside_nrl_the_organisation_may_be_left_out(ssp: Running, provider: StubProvider) -> None:
    judged = await judge(ssp, provider, bearer(without(NRL.claims(), "requesting_organization")), DOCUMENT)

    assert judged == passed("spine-core")
    assert judged.claims == {**FACTS["spine-core"], "organisation": None}
