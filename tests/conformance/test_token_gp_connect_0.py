"""What a GP Connect 0.x token has to say, over real TLS: as one of 1.x, and whose record is asked for.

Source: GP Connect 0.7.4, "Cross-organisation audit and provenance"; GP Connect 1.6.2, "Error handling".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.running import running
from support.tokens import (
    AUTHORIZE,
    FACTS,
    HTML,
    NET,
    UK,
    bearer,
    changed,
    judge,
    overlooked,
    passed,
    refused,
    within,
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

RECORD, DEVICE, PRACTITIONER = "requested_record", "requesting_device", "requesting_practitioner"
ORGANISATION = "requesting_organization"
NO_RESOURCE = "is not a FHIR resource"
UNDER = f"should have an identifier of a system under {NET}/"
IDENTIFIED = "should have an identifier with system and value"
FIXED = f"aud should be {AUTHORIZE}"


def put(**changes: Any) -> Change:
    return lambda claims: changed(claims, **changes)


def inside(name: str, /, **elements: Any) -> Change:
    return lambda claims: within(claims, name, **elements)


def leave_out(name: str) -> Change:
    return lambda claims: without(claims, name)


def record(kind: str, *pairs: tuple[str, str]) -> Change:
    identifiers = [{"system": system, "value": value} for system, value in pairs]
    return put(requested_record={"resourceType": kind, "identifier": identifiers})


WRONG: dict[str, tuple[Change, str, int]] = {
    "no record": (leave_out(RECORD), f"{RECORD} is missing", 400),
    "record text": (put(requested_record="9000000009"), f"{RECORD} {NO_RESOURCE}", 422),
    "record null": (put(requested_record=None), f"{RECORD} {NO_RESOURCE}", 422),
    "record of no type": (
        inside(RECORD, resourceType=...), f"{RECORD} {NO_RESOURCE}: it has no resourceType", 422,
    ),
    "record of no FHIR type": (
        inside(RECORD, resourceType="Record"), f"{RECORD} {NO_RESOURCE}: its resourceType is no FHIR type", 422,
    ),
    "record with a strange element": (
        inside(RECORD, invalidField=1), f"{RECORD} has an element that no such resource has: 'invalidField'", 422,
    ),
    "record of a practitioner": (
        record("Practitioner", (f"{NET}/sds-user-id", "1")),
        f"{RECORD} should be of the type Patient or Organization, and is of the type Practitioner",
        400,
    ),
    "record of nobody": (inside(RECORD, identifier=...), f"{RECORD} {UNDER}", 400),
    "record without a number": (record("Patient", (f"{NET}/nhs-number", "")), f"{RECORD} {UNDER}", 400),
    "record as 1.x identifies it": (record("Patient", (f"{UK}/nhs-number", "9000000009")), f"{RECORD} {UNDER}", 400),
    "record of a system of one's own": (record("Organization", ("https://x", "1")), f"{RECORD} {UNDER}", 400),
    "aud the root, as in 1.x": (put(aud=setup.HTML_ROOT), FIXED, 400),
    "aud a list": (put(aud=[AUTHORIZE]), FIXED, 400),
    "a migration, as in 1.x": (
        put(reason_for_request="migration"), "reason_for_request should be directcare", 400,
    ),
    "no scope": (leave_out("requested_scope"), "requested_scope is missing", 400),
    "another scope": (
        put(requested_scope="organization/*.write"),
        f"requested_scope should be patient/*.read for {setup.GET_HTML}",
        400,
    ),
    "no device": (leave_out(DEVICE), f"{DEVICE} is missing", 400),
    "device of no FHIR type": (
        inside(DEVICE, resourceType="InvalidResourceType"),
        f"{DEVICE} {NO_RESOURCE}: its resourceType is no FHIR type",
        422,
    ),
    "device without model": (inside(DEVICE, model=...), f"{DEVICE} should have a model", 400),
    "device without version": (inside(DEVICE, version=...), f"{DEVICE} should have a version", 400),
    "device without identifier": (inside(DEVICE, identifier=...), f"{DEVICE} {IDENTIFIED}", 400),
    "no organisation": (leave_out(ORGANISATION), f"{ORGANISATION} is missing", 400),
    "organisation without name": (inside(ORGANISATION, name=...), f"{ORGANISATION} should have a name", 400),
    "organisation without identifier": (inside(ORGANISATION, identifier=...), f"{ORGANISATION} {IDENTIFIED}", 400),
    "organisation with a strange element": (
        inside(ORGANISATION, invalidField=1),
        f"{ORGANISATION} has an element that no such resource has: 'invalidField'",
        422,
    ),
    "no practitioner": (leave_out(PRACTITIONER), f"{PRACTITIONER} is missing", 400),
    "a patient for the practitioner": (
        inside(PRACTITIONER, resourceType="Patient"),
        f"{PRACTITIONER} should be of the type Practitioner, and is of the type Patient",
        400,
    ),
    "practitioner without id": (inside(PRACTITIONER, id=...), f"{PRACTITIONER} should have an id", 400),
    "practitioner without identifier": (inside(PRACTITIONER, identifier=[]), f"{PRACTITIONER} {IDENTIFIED}", 400),
    "practitioner without family name": (
        inside(PRACTITIONER, name={"family": [], "given": ["Ada"]}),
        f"{PRACTITIONER} should have a name with a family name and a given name",
        400,
    ),
    "another subject": (put(sub="2"), "sub should be the id of requesting_practitioner", 400),
}  # fmt: skip


@pytest.mark.parametrize(("change", "text", "status"), WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_claim_is_refused_with_the_exact_words(
    ssp: Running, provider: StubProvider, change: Change, text: str, status: int
) -> None:
    judged = await judge(ssp, provider, bearer(change(HTML.claims())), HTML)

    assert judged == refused(f"The token's {text}", status)
    assert judged.claims is not None


async def test_in_record_mode_each_is_let_through_and_written_down(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, token={"mode": "record"}) as ssp:
        wire = await ssp.wire()
        for name, (change, text, _) in WRONG.items():
            judged = await judge(ssp, provider, bearer(change(HTML.claims())), HTML, wire)
            assert judged == overlooked(judged.found or ""), name
            assert text in (judged.found or "").split("; "), name


UNKNOWN = [{"system": f"http://fhir.nhs.net/{name}", "value": "UNK"} for name in ("sds-user-id", "sds-role-profile-id")]
# Each with what the audit then says otherwise than usual.
RIGHT: dict[str, tuple[Change, dict[str, Any]]] = {
    "a patient's record": (put(), {}),
    "an organisation's record": (record("Organization", (f"{NET}/ods-organization-code", "A20047")), {}),
    "a record with more identifiers": (record("Patient", ("https://x", "1"), (f"{NET}/nhs-number", "9")), {}),
    "conf/R": (put(requested_scope="patient/*.read conf/R"), {"scope": "patient/*.read conf/R"}),
    "identifiers UNK": (inside(PRACTITIONER, identifier=UNKNOWN), {"user": "UNK", "role": "UNK"}),
    "only an SDS user ID": (inside(PRACTITIONER, identifier=UNKNOWN[:1]), {"user": "UNK", "role": None}),
    "a user's system with /Id/": (
        inside(PRACTITIONER, identifier=[{"system": f"{NET}/sds-role-profile-id", "value": "7"}]),
        {"user": "1", "role": "7"},
    ),
    "a DSTU2 practitioner's role": (inside(PRACTITIONER, practitionerRole=[{}]), {}),
}


@pytest.mark.parametrize(("change", "facts"), RIGHT.values(), ids=RIGHT.keys())
async def test_what_is_right_passes_and_the_trail_holds_its_claims(
    ssp: Running, provider: StubProvider, change: Change, facts: dict[str, Any]
) -> None:
    judged = await judge(ssp, provider, bearer(change(HTML.claims())), HTML)

    assert judged == passed("gp-connect-0")
    assert judged.claims == {**FACTS["gp-connect-0"], **facts}
