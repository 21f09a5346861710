"""Each denial of checks 3 to 10, over real TLS: the status, the body, the verdicts in the trail, no provider asked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jwt
import pytest
from support import outcomes, setup

from ssp_emulator import checks

if TYPE_CHECKING:
    from support.running import Running
    from support.stub import StubProvider

UNKNOWN = "999999999999"


@dataclass
class Case:
    """A request with one thing wrong, and how it is refused."""

    check: str
    status: int
    text: str
    shape: str
    changes: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] | None = None


def expected_body(case: Case) -> dict[str, Any]:
    match case.shape:
        case "method":
            return outcomes.method_not_allowed()
        case "bad request":
            return outcomes.bad_request(case.text)
        case "invalid resource":
            return outcomes.invalid_resource(case.text)
        case issue_type:
            return outcomes.proxy_error(issue_type, case.status, case.text)


CASES = {
    "a method of no one's": Case("method", 405, "405: Method Not Allowed", "method", {"method": "BREW"}),
    "no trace ID": Case("headers", 400, "The header Ssp-TraceID is missing", "bad request", {"Ssp_TraceID": None}),
    "an empty trace ID": Case("headers", 400, "The header Ssp-TraceID is empty", "bad request", {"Ssp_TraceID": ""}),
    "a trace ID that is no UUID": Case(
        "headers", 400, "The header Ssp-TraceID is not a GUID or UUID", "bad request", {"Ssp_TraceID": "42"}
    ),
    "a trace ID twice": Case(
        "headers",
        400,
        "The header Ssp-TraceID came more than once",
        "bad request",
        {"fields": (("ssp-traceid", "629ea9ba-a077-4d99-b289-7a9b19fd4e03"),)},
    ),
    "no sender": Case("headers", 400, "The header Ssp-From is missing", "bad request", {"Ssp_From": None}),
    "a sender that is no ASID": Case(
        "headers", 400, "The header Ssp-From is not an ASID, which is digits", "bad request", {"Ssp_From": "A1001"}
    ),
    "no receiver": Case("headers", 400, "The header Ssp-To is missing", "bad request", {"Ssp_To": None}),
    "no interaction": Case(
        "headers", 400, "The header Ssp-InteractionID is missing", "bad request", {"Ssp_InteractionID": None}
    ),
    "a target that is no URL": Case(
        "target",
        400,
        "The target URL is not usable: the target should be an absolute URL that begins with https:// and a host",
        "bad request",
        {"target": "/Binary/1"},
    ),
    "a target over plain HTTP": Case(
        "target",
        400,
        "The target URL is not usable: the target should be an absolute URL that begins with https:// and a host",
        "bad request",
        {"target": "/http://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents/Binary/1"},
    ),
    "a target that climbs": Case(
        "target",
        400,
        "The target URL is not usable: the target's path should have no . or .. segment, raw or percent-encoded",
        "bad request",
        {"target": f"/{setup.ROOT}/%2e%2E/Binary/1"},
    ),
    "a sender that nobody knows": Case(
        "sender", 403, f"ASID_CHECK_FAILED_MESSAGESENDER_{UNKNOWN}", "forbidden", {"Ssp_From": UNKNOWN}
    ),
    "an interaction that nobody knows": Case(
        "sender",
        403,
        f"ASID_CHECK_FAILED_MESSAGESENDER_{setup.CONSUMER}",
        "forbidden",
        {"Ssp_InteractionID": "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:nothing-1"},
    ),
    "an interaction that the sender does not send": Case(
        "sender",
        403,
        f"ASID_CHECK_FAILED_MESSAGESENDER_{setup.OTHER_CONSUMER}",
        "forbidden",
        {"Ssp_From": setup.OTHER_CONSUMER, "Ssp_InteractionID": setup.READ_METADATA},
    ),
    "a certificate that is another ASID's": Case(
        "sender",
        495,
        "SSL_CERTIFICATE_ERROR_FQDN_MISMATCH",
        "security",
        {"Ssp_From": setup.PROVIDER},
    ),
    "a receiver that nobody knows": Case(
        "receiver", 400, f"The header Ssp-To is not a registered ASID: {UNKNOWN}", "bad request", {"Ssp_To": UNKNOWN}
    ),
    "an interaction that the receiver does not receive": Case(
        "receiver",
        403,
        f"PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_{setup.OTHER_PROVIDER}",
        "forbidden",
        {"Ssp_To": setup.OTHER_PROVIDER},
    ),
    "a target elsewhere": Case(
        "endpoint",
        400,
        f"ENDPOINT_{setup.ROOT}_CPAID_{setup.CPA_ID}_VARIES_FROM_TARGETURL_https://elsewhere.nhs.uk/Binary/1",
        "invalid",
        {"target": "/https://elsewhere.nhs.uk/Binary/1"},
    ),
    "a target with the port spelt out": Case(
        "endpoint",
        400,
        f"ENDPOINT_{setup.ROOT}_CPAID_{setup.CPA_ID}_VARIES_FROM_TARGETURL_"
        "https://gp.example.nhs.uk:443/A20047/STU3/1/gpconnect/documents/Binary/1",
        "invalid",
        {"target": "/https://gp.example.nhs.uk:443/A20047/STU3/1/gpconnect/documents/Binary/1"},
    ),
    "a target that goes on without a slash": Case(
        "endpoint",
        400,
        f"ENDPOINT_{setup.ROOT}_CPAID_{setup.CPA_ID}_VARIES_FROM_TARGETURL_{setup.ROOT}2/Binary/1",
        "invalid",
        {"target": f"/{setup.ROOT}2/Binary/1"},
    ),
    "no agreement": Case(
        "agreement",
        403,
        f"FOT_CHECK_FAILED_MESSAGESENDER_{setup.OTHER_CONSUMER}_MESSAGERECEIVER_{setup.PROVIDER}",
        "forbidden",
        {"Ssp_From": setup.OTHER_CONSUMER},
    ),
    "no token": Case("token", 400, "The header Authorization is missing", "bad request", {"Authorization": None}),
    "a token of two parts": Case(
        "token",
        400,
        "The token's JWT should have three parts joined by dots, the last may be empty; it has 2",
        "bad request",
        {"Authorization": "Bearer e30.e30"},
    ),
    "a token without a reason": Case(
        "token", 400, "The token's reason_for_request is missing", "bad request", claims={"reason_for_request": None}
    ),
    "a token that asks to write": Case(
        "token",
        400,
        f"The token's requested_scope should be patient/*.read for {setup.READ_BINARY}",
        "bad request",
        claims={"requested_scope": "patient/*.write"},
    ),
    "a token whose device is no resource": Case(
        "token",
        422,
        "The token's requesting_device is not a FHIR resource: its resourceType is no FHIR type",
        "invalid resource",
        claims={"requesting_device": {"resourceType": "Gadget"}},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_it_is_refused_with_the_exact_words_and_the_trail_tells_where(
    ssp: Running, provider: StubProvider, case: Case
) -> None:
    changes = dict(case.changes)
    if case.claims is not None:
        changes["Authorization"] = f"Bearer {altered(ssp.token(), case.claims)}"

    answer = await ssp.ask(**changes)

    body = answer.json()
    assert answer.status == case.status
    if case.shape not in ("method", "bad request", "invalid resource"):
        UUID(body.pop("id"))
    assert body == expected_body(case)
    assert answer.one("Content-Type") == "application/fhir+json;charset=utf-8"
    assert answer.one("Cache-Control") == "no-store"
    assert answer.one("Strict-Transport-Security").startswith("max-age=")

    record = ssp.record()
    results = [(check["check"], check["result"]) for check in record["checks"]]
    place = checks.NAMES.index(case.check)
    assert results == [
        *((name, "pass") for name in checks.NAMES[:place]),
        (case.check, "fail"),
        *((name, "not reached") for name in checks.NAMES[place + 1 :]),
    ]
    assert record["status"] == case.status
    assert record["denial"]["text"] == case.text
    assert record["checks"][place]["expected"]
    assert record["provider"] is None
    assert provider.connections == 0


def altered(token: str, claims: dict[str, Any]) -> str:
    """Return a token with some claims changed; None takes one out."""
    changed = {**jwt.decode(token, options={"verify_signature": False}), **claims}
    return jwt.encode({name: value for name, value in changed.items() if value is not None}, "", algorithm="none")


async def test_without_anything_wrong_every_check_passes(ssp: Running, provider: StubProvider) -> None:
    answer = await ssp.ask()

    assert (answer.status, answer.body) == (200, b"ok")
    results = {check["check"]: check["result"] for check in ssp.record()["checks"]}
    assert results == {**dict.fromkeys(checks.NAMES, "pass"), "rate": "skipped", "media": "skipped"}
    assert ssp.record()["denial"] is None
    assert len(provider.received) == 1


async def test_a_405_says_which_methods_there_are(ssp: Running) -> None:
    answer = await ssp.ask(method="BREW")

    assert answer.one("Allow") == "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"


async def test_the_claims_are_in_the_trail_though_the_checks_did_not_come_to_the_token(ssp: Running) -> None:
    await ssp.ask(Ssp_From=UNKNOWN)

    assert ssp.record()["claims"]["organisation"] == "A1001"


async def test_in_record_mode_a_bad_token_is_written_down_and_goes_on(tmp_path, certificates, provider) -> None:
    from support.running import running

    async with running(tmp_path, certificates, provider.port, token={"mode": "record"}) as ssp:
        answer = await ssp.ask(Authorization=f"Bearer {altered(ssp.token(), {'iss': None, 'aud': 'x'})}")

        verdict = next(check for check in ssp.record()["checks"] if check["check"] == "token")
        assert answer.status == 200
        assert verdict["result"] == "fail"
        assert verdict["found"].startswith("iss is missing; aud should be the provider's service root URL")


async def test_neither_token_nor_body_is_in_the_trail(ssp: Running) -> None:
    token = ssp.token()

    await ssp.ask(
        method="POST", body=b"a secret body", fields=(("Content-Length", "13"),), Authorization=f"Bearer {token}"
    )

    trail = json.dumps(ssp.records())
    assert token not in trail
    assert token.split(".")[1] not in trail
    assert "a secret body" not in trail
