"""What a GP Connect 1.x token has to say, over real TLS: scope, audience, reason, device, organisation, practitioner.

A claim that is no FHIR resource is answered 422; a real resource in the wrong place, or with too little in it, 400.

Source: GP Connect 1.6.2, "Cross-organisation audit and provenance" (claims) and "Error handling" (INVALID_RESOURCE);
the JWT scenarios of the public provider test suite (nhsconnect/gpconnect-provider-testing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.running import running
from support.tokens import (
    AUTHORIZE,
    DOCUMENT,
    FACTS,
    ISSUER,
    MIGRATION,
    RECORD,
    REGISTRATION,
    ROLE,
    SLOTS,
    UK,
    USER,
    Way,
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

ODS = f"{UK}/ods-organization-code"
USER_ID, ROLE_ID = f"{UK}/sds-user-id", f"{UK}/sds-role-profile-id"
SCOPES = "patient/*.read, patient/*.write, organization/*.read, organization/*.write"
ONE_SCOPE = f"requested_scope should be one of {SCOPES}, maybe with conf/N or conf/R"
NO_RESOURCE = "is not a FHIR resource"
STRANGE = "has an element that no such resource has: 'invalidField'"
RESOURCES = {
    "requesting_device": "Device",
    "requesting_organization": "Organization",
    "requesting_practitioner": "Practitioner",
}


@dataclass
class Wrong:
    """A change of valid claims, what the proxy says of it, and the interaction that it is tried on."""

    change: Change
    text: str
    status: int = 400
    way: Way = DOCUMENT


def put(**changes: Any) -> Change:
    return lambda claims: changed(claims, **changes)


def inside(name: str, /, **elements: Any) -> Change:
    return lambda claims: within(claims, name, **elements)


def identified(name: str, *pairs: tuple[str, str]) -> Change:
    return inside(name, identifier=[{"system": system, "value": value} for system, value in pairs])


def scope(value: Any, text: str, way: Way = DOCUMENT) -> Wrong:
    return Wrong(put(requested_scope=value), text, way=way)


def another(way: Way, wanted: str) -> str:
    return f"requested_scope should be {wanted} for {way.interaction}"


def audience(way: Way, root: str, value: Any) -> Wrong:
    return Wrong(put(aud=value), f"aud should be the provider's service root URL, {root}", way=way)


def of_each_resource() -> dict[str, Wrong]:
    made: dict[str, Wrong] = {}
    for name, kind in RESOURCES.items():
        wrong_place = f"{name} should be of the type {kind}, and is of the type Patient"
        no_type = f"{name} {NO_RESOURCE}: its resourceType is no FHIR type"
        made |= {
            f"no {name}": Wrong(lambda claims, name=name: without(claims, name), f"{name} is missing"),
            f"{name} text": Wrong(put(**{name: kind}), f"{name} {NO_RESOURCE}", 422),
            f"{name} null": Wrong(put(**{name: None}), f"{name} {NO_RESOURCE}", 422),
            f"{name} a list": Wrong(put(**{name: [{"resourceType": kind}]}), f"{name} {NO_RESOURCE}", 422),
            f"{name} empty": Wrong(put(**{name: {}}), f"{name} {NO_RESOURCE}: it has no resourceType", 422),
            f"{name} of no type": Wrong(
                inside(name, resourceType=...), f"{name} {NO_RESOURCE}: it has no resourceType", 422
            ),
            f"{name} of no FHIR type": Wrong(inside(name, resourceType="InvalidResourceType"), no_type, 422),
            f"{name} in small letters": Wrong(inside(name, resourceType=kind.lower()), no_type, 422),
            f"{name} with a strange element": Wrong(inside(name, invalidField="x"), f"{name} {STRANGE}", 422),
            f"{name} a Patient": Wrong(put(**{name: {"resourceType": "Patient", "id": "1"}}), wrong_place),
            f"{name} of another type": Wrong(inside(name, resourceType="Patient"), wrong_place),
        }
    return made


def lacks(name: str, what: str, change: Change) -> Wrong:
    return Wrong(change, f"{name} should have {what}")


DEVICE, ORGANISATION, PRACTITIONER = RESOURCES
IDENTIFIED, NAMED = "an identifier with system and value", "a name with a family name and a given name"
WRONG: dict[str, Wrong] = {
    "no scope": Wrong(lambda claims: without(claims, "requested_scope"), "requested_scope is missing"),
    "scope of a kind that is not": scope("encounter/*.read", ONE_SCOPE),
    "scope empty": scope("", ONE_SCOPE),
    "scope a list": scope(["patient/*.read"], ONE_SCOPE),
    "two scopes": scope("patient/*.read patient/*.write", ONE_SCOPE),
    "two of conf": scope("patient/*.read conf/N conf/R", ONE_SCOPE),
    "another conf": scope("patient/*.read conf/X", ONE_SCOPE),
    "conf alone": scope("conf/N", ONE_SCOPE),
    "scopes parted by a comma": scope("patient/*.read,conf/N", ONE_SCOPE),
    "write for a document": scope("patient/*.write", another(DOCUMENT, "patient/*.read")),
    "organisation for a document": scope("organization/*.read conf/R", another(DOCUMENT, "patient/*.read")),
    "patient for slots": scope("patient/*.read", another(SLOTS, "organization/*.read"), SLOTS),
    "write for slots": scope("organization/*.write", another(SLOTS, "organization/*.read"), SLOTS),
    "read for a registration": scope("patient/*.read", another(REGISTRATION, "patient/*.write"), REGISTRATION),
    "aud of another endpoint": audience(DOCUMENT, setup.ROOT, setup.FOUNDATIONS_ROOT),
    "aud of the interaction's neighbour": audience(SLOTS, setup.FOUNDATIONS_ROOT, setup.ROOT),
    "aud with a slash": audience(DOCUMENT, setup.ROOT, f"{setup.ROOT}/"),
    "aud with a path": audience(DOCUMENT, setup.ROOT, f"{setup.ROOT}/Binary/1"),
    "aud a list": audience(DOCUMENT, setup.ROOT, [setup.ROOT]),
    "aud another token URL": audience(DOCUMENT, setup.ROOT, "https://notValid.fhir.nhs.net/tokenEndpoint"),
    "reason of Spine Core": Wrong(
        put(reason_for_request="secondaryuses"), "reason_for_request should be directcare or migration"
    ),
    **of_each_resource(),
    "no device identifier": lacks(DEVICE, IDENTIFIED, inside(DEVICE, identifier=...)),
    "device identifiers none": lacks(DEVICE, IDENTIFIED, inside(DEVICE, identifier=[])),
    "device identifier without system": lacks(DEVICE, IDENTIFIED, inside(DEVICE, identifier=[{"value": "1"}])),
    "device identifier without value": lacks(DEVICE, IDENTIFIED, inside(DEVICE, identifier=[{"system": "x"}])),
    "device identifier blank": lacks(DEVICE, IDENTIFIED, identified(DEVICE, ("x", " "))),
    "no model": lacks(DEVICE, "a model", inside(DEVICE, model=...)),
    "no version": lacks(DEVICE, "a version", inside(DEVICE, version=...)),
    "version a number": lacks(DEVICE, "a version", inside(DEVICE, version=1.0)),
    "organisation unnamed": lacks(ORGANISATION, "a name", inside(ORGANISATION, name=...)),
    "organisation without identifier": lacks(
        ORGANISATION, f"an identifier of {ODS}", inside(ORGANISATION, identifier=...)
    ),
    "organisation without ODS code": lacks(
        ORGANISATION, f"an identifier of {ODS}", identified(ORGANISATION, (f"{UK}/other", "A1001"))
    ),
    "practitioner unnamed": lacks(PRACTITIONER, NAMED, inside(PRACTITIONER, name=...)),
    "no family name": lacks(PRACTITIONER, NAMED, inside(PRACTITIONER, name=[{"given": ["Ada"]}])),
    "no given name": lacks(PRACTITIONER, NAMED, inside(PRACTITIONER, name=[{"family": "Lovelace"}])),
    "practitioner without identifier": lacks(
        PRACTITIONER, f"an identifier of {USER_ID}", inside(PRACTITIONER, identifier=...)
    ),
    "practitioner without SDS user ID": lacks(
        PRACTITIONER, f"an identifier of {USER_ID}", identified(PRACTITIONER, (ROLE_ID, ROLE), ("x", "1"))
    ),
    "no practitioner id": lacks(PRACTITIONER, "an id", inside(PRACTITIONER, id=...)),
    "another subject": Wrong(put(sub="2"), "sub should be the id of requesting_practitioner"),
    "another practitioner": Wrong(inside(PRACTITIONER, id="2"), "sub should be the id of requesting_practitioner"),
    "no practitioner for a record": Wrong(
        lambda claims: without(claims, PRACTITIONER), f"{PRACTITIONER} is missing", way=RECORD
    ),
    "a migration's practitioner wrong": Wrong(
        inside(PRACTITIONER, id="2"), "sub should be the id of requesting_practitioner", way=MIGRATION
    ),
    "a migration without subject": Wrong(
        lambda claims: without(claims, PRACTITIONER, "sub"), "sub is missing", way=MIGRATION
    ),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_claim_is_refused_with_the_exact_words(ssp: Running, provider: StubProvider, case: Wrong) -> None:
    judged = await judge(ssp, provider, bearer(case.change(case.way.claims())), case.way)

    assert judged == refused(f"The token's {case.text}", case.status)
    assert judged.claims["dialect"] == "gp-connect-1"


async def test_in_record_mode_each_is_let_through_and_written_down(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, token={"mode": "record"}) as ssp:
        wire = await ssp.wire()
        for name, case in WRONG.items():
            judged = await judge(ssp, provider, bearer(case.change(case.way.claims())), case.way, wire)
            assert judged == overlooked(judged.found or ""), name
            assert case.text in (judged.found or "").split("; "), name


UNKNOWN = [{"system": system, "value": "UNK"} for system in (USER_ID, ROLE_ID, f"{ISSUER}/Id/user")]
# Each with what the audit then says otherwise than usual.
RIGHT: dict[str, tuple[Change, dict[str, Any], Way]] = {
    "aud the token URL of older consumers": (put(aud=AUTHORIZE), {}, DOCUMENT),
    "a migration": (put(reason_for_request="migration"), {"reason": "migration"}, DOCUMENT),
    "conf/N": (put(requested_scope="patient/*.read conf/N"), {"scope": "patient/*.read conf/N"}, DOCUMENT),
    "conf/R": (put(requested_scope="patient/*.read conf/R"), {"scope": "patient/*.read conf/R"}, DOCUMENT),
    "conf/R first": (put(requested_scope="conf/R patient/*.read"), {"scope": "conf/R patient/*.read"}, DOCUMENT),
    "slots": (put(), {"scope": "organization/*.read"}, SLOTS),
    "a registration": (put(), {"scope": "patient/*.write"}, REGISTRATION),
    "a record": (put(), {}, RECORD),
    "a record's migration": (put(), {}, MIGRATION),
    "a record's migration without practitioner": (
        lambda claims: without(claims, PRACTITIONER),
        {"user": "1", "role": None},
        MIGRATION,
    ),
    "identifiers UNK": (inside(PRACTITIONER, identifier=UNKNOWN), {"user": "UNK", "role": "UNK"}, DOCUMENT),
    "only an SDS user ID": (identified(PRACTITIONER, (USER_ID, USER)), {"role": None}, DOCUMENT),
    "no prefix": (inside(PRACTITIONER, name=[{"family": "Lovelace", "given": ["Ada"]}]), {}, DOCUMENT),
    "elements that FHIR has": (inside(DEVICE, id="1", manufacturer="x", url=ISSUER, text={}), {}, DOCUMENT),
    "another organisation than the sender's": (
        identified(ORGANISATION, (ODS, "Z9")),
        {"organisation": "Z9"},
        DOCUMENT,
    ),
}


@pytest.mark.parametrize(("change", "facts", "way"), RIGHT.values(), ids=RIGHT.keys())
async def test_what_is_right_passes_and_the_trail_holds_its_claims(
    ssp: Running, provider: StubProvider, change: Change, facts: dict[str, Any], way: Way
) -> None:
    judged = await judge(ssp, provider, bearer(change(way.claims())), way)

    assert judged == passed("gp-connect-1")
    assert judged.claims == {**FACTS["gp-connect-1"], **facts}


async def test_another_organisation_than_the_senders_is_an_advisory(ssp: Running, provider: StubProvider) -> None:
    def advised() -> list[str]:
        return [each["found"] for each in ssp.record()["advisories"] if each["advisory"] == "organisation-differs"]

    await judge(ssp, provider, bearer(DOCUMENT.claims()))
    assert advised() == []

    await judge(ssp, provider, bearer(RIGHT["another organisation than the sender's"][0](DOCUMENT.claims())))
    assert advised() == [f"Z9, where {setup.CONSUMER} is of A1001"]


async def test_a_token_may_be_shown_again_until_it_ends(ssp: Running, provider: StubProvider) -> None:
    shown = bearer(DOCUMENT.claims())

    judged = [await judge(ssp, provider, shown) for _ in range(2)]

    assert judged == [passed("gp-connect-1")] * 2
