"""Refusals on demand, over real TLS: each in the words of the real one, in both formats, with the provider not asked.

What is expected is written out by hand, here and in `support/outcomes.py`.

Source: GP Connect 1.6.2, "Error handling" and "Error handling guidance"; Spine Core SSP implementation guide, "Response
status codes"; Access Document 1.6.2, the error tables of each page.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args
from uuid import UUID

import pytest
from fhir.resources.STU3.operationoutcome import OperationOutcome
from support import outcomes, setup

from ssp_emulator.faults.effects.provider_error import ProviderErrorEffect
from ssp_emulator.faults.effects.refusal import RefusalKind
from ssp_emulator.faults.rule import Rule
from ssp_emulator.provider_errors import ErrorKind

if TYPE_CHECKING:
    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer

FROM, TO, TARGET = setup.CONSUMER, setup.PROVIDER, f"{setup.ROOT}/Binary/1"
JSON, XML = "application/fhir+json", "application/fhir+xml"
ON_DEMAND = "This refusal was asked for: a fault rule of the emulator's."
Expected = tuple[int, str, outcomes.Body]


def own(status: int, phrase: str, issue_type: str, text: str) -> Expected:
    """An error in the proxy's own shape, which has an id."""
    return status, phrase, {"id": ..., **outcomes.proxy_error(issue_type, status, text)}


def failed(status: int, phrase: str, text: str) -> Expected:
    return own(status, phrase, "transient", f"{text}_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}")


REFUSALS: dict[str, Expected] = {
    "plain-http": own(497, "HTTP Request Sent to HTTPS Port", "security", "HTTP_REQUEST_SENT_TO_HTTPS_PORT"),
    "certificate-required": own(496, "SSL Certificate Required", "login", "SSL_CERTIFICATE_REQUIRED"),
    "certificate-error": own(495, "SSL Certificate Error", "security", "SSL_CERTIFICATE_ERROR_EXPIRED"),
    "method-not-allowed": (405, "Method Not Allowed", outcomes.method_not_allowed()),
    "bad-request": (400, "Bad Request", outcomes.bad_request(ON_DEMAND)),
    "invalid-resource": (422, "Unprocessable Entity", outcomes.invalid_resource(ON_DEMAND)),
    "asid-check-failed": own(403, "Forbidden", "forbidden", f"ASID_CHECK_FAILED_MESSAGESENDER_{FROM}"),
    "partykey-check-failed": own(
        403, "Forbidden", "forbidden", f"PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_{TO}"
    ),
    "endpoint-varies": own(
        400,
        "Bad Request",
        "invalid",
        f"ENDPOINT_{setup.ROOT}_CPAID_{setup.CPA_ID}_VARIES_FROM_TARGETURL_{TARGET}",
    ),
    "fot-check-failed": own(
        403, "Forbidden", "forbidden", f"FOT_CHECK_FAILED_MESSAGESENDER_{FROM}_MESSAGERECEIVER_{TO}"
    ),
    "unsupported-interaction": own(
        415, "Unsupported Media Type", "not-supported", f"ASID_CHECK_FAILED_MESSAGESENDER_{FROM}"
    ),
    "rate-limited": own(429, "Too Many Requests", "throttled", f"RATE_LIMIT_EXCEEDED_MESSAGESENDER_{FROM}"),
    "unavailable": own(503, "Service Unavailable", "throttled", f"RATE_LIMIT_EXCEEDED_MESSAGERECEIVER_{TO}"),
    "unsupported-media-type": own(415, "Unsupported Media Type", "not-supported", "Unsupported_Media_Type"),
    "bad-gateway": failed(502, "Bad Gateway", "ERROR"),
    "gateway-timeout": failed(504, "Gateway Timeout", "TIMEOUT"),
    "network-timeout": failed(599, "Network Connect Timeout Error", "TIMEOUT"),
}
CLOSING = {"plain-http", "certificate-required", "certificate-error"}

# Status, phrase, issue type and display by Spine code; one row stands for another body by the name of its status.
PROVIDER_ERRORS: dict[str, tuple[int, str, str, str]] = {
    "INVALID_IDENTIFIER_SYSTEM": (400, "Bad Request", "value", "Invalid identifier system"),
    "INVALID_IDENTIFIER_VALUE": (400, "Bad Request", "value", "Invalid identifier value"),
    "INVALID_NHS_NUMBER": (400, "Bad Request", "value", "Invalid NHS number"),
    "INVALID_PATIENT_DEMOGRAPHICS": (
        400, "Bad Request", "business-rule", "Invalid patient demographics (that is, PDS trace failed)",
    ),
    "BAD_REQUEST": (400, "Bad Request", "invalid", "Bad request"),
    "CONFLICTING_VALUES": (
        400, "Bad Request", "invalid", "Conflicting values have been specified in different fields",
    ),
    "NO_PATIENT_CONSENT": (403, "Forbidden", "forbidden", "Patient has not provided consent to share data"),
    "NO_ORGANISATION_CONSENT": (403, "Forbidden", "forbidden", "Organisation has not provided consent to share data"),
    "ACCESS DENIED": (403, "Forbidden", "forbidden", "Access denied"),
    "NO_RELATIONSHIP": (403, "Forbidden", "forbidden", "No legitimate relationship exists with this patient"),
    "NOT_AUTHORISED": (403, "Forbidden", "forbidden", "Not authorised"),
    "ORGANISATION_NOT_FOUND": (404, "Not Found", "not-found", "Organisation not found"),
    "PATIENT_NOT_FOUND": (404, "Not Found", "not-found", "Patient not found"),
    "PRACTITIONER_NOT_FOUND": (404, "Not Found", "not-found", "Practitioner not found"),
    "NO_RECORD_FOUND": (404, "Not Found", "not-found", "No record found"),
    "DUPLICATE_REJECTED": (
        409, "Conflict", "duplicate", "Create would lead to creation of a duplicate resource",
    ),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Unsupported Media Type", "not-supported", "Bad request"),
    "INVALID_RESOURCE": (422, "Unprocessable Entity", "invalid", "Invalid validation of resource"),
    "INVALID_PARAMETER": (422, "Unprocessable Entity", "invalid", "Invalid parameter"),
    "REFERENCE_NOT_FOUND": (422, "Unprocessable Entity", "invalid", "Reference not found"),
    "INTERNAL_SERVER_ERROR": (500, "Internal Server Error", "processing", "Unexpected internal server error"),
    "NOT_IMPLEMENTED": (501, "Not Implemented", "not-supported", "Not implemented"),
}  # fmt: skip


def put(ssp: Running, **effect: Any) -> None:
    """Put one rule in force."""
    ssp.emulator.faults.put([Rule.model_validate({"name": "on-demand", "effect": effect})])


def read(answer: Answer, media_type: str) -> outcomes.Body:
    """Read an OperationOutcome by a library that is not ours; what id it has is a UUID, and put aside."""
    assert answer.one("Content-Type") == f"{media_type};charset=utf-8"
    model = (OperationOutcome.model_validate_json if media_type == JSON else OperationOutcome.model_validate_xml)(
        answer.body
    )
    body = json.loads(model.model_dump_json())
    if "id" in body:
        UUID(body["id"])
        body["id"] = ...
    return body


def verdicts(record: dict[str, Any]) -> dict[str, str]:
    return {check["check"]: check["result"] for check in record["checks"]}


def test_every_refusal_and_every_error_is_there() -> None:
    assert set(REFUSALS) == set(get_args(RefusalKind))
    codes = {kind.value.code for kind in ErrorKind} | {"UNSUPPORTED_MEDIA_TYPE"}
    assert set(PROVIDER_ERRORS) == codes


@pytest.mark.parametrize("media_type", [JSON, XML])
@pytest.mark.parametrize("kind", REFUSALS)
async def test_the_proxy_refuses_in_the_words_of_the_real_one(
    ssp: Running, provider: StubProvider, kind: str, media_type: str
) -> None:
    status, phrase, body = REFUSALS[kind]
    wire = await ssp.wire()
    passed = await wire.ask(ssp.request(Accept=media_type))
    before = ssp.record()
    put(ssp, kind=kind)

    answer = await wire.ask(ssp.request(Accept=media_type))

    assert passed.status == 200
    assert (answer.status, answer.phrase) == (status, phrase)
    assert read(answer, media_type) == body
    assert answer.all("Allow") == (["GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"] if status == 405 else [])
    assert answer.all("Connection") == (["close"] if kind in CLOSING else [])
    assert len(provider.received) == 1
    record = ssp.record()
    text = body["issue"][0].get("diagnostics", "405: Method Not Allowed")
    assert (record["status"], record["denial"]) == (status, {"reason": kind, "text": text})
    assert record["faults"] == [
        {"rule": "on-demand", "kind": kind, "count": 1, "asked": False, "did": f"refused with {status}"}
    ]
    assert record["provider"] is None
    assert verdicts(record) == verdicts(before)


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        *(
            ({"kind": "certificate-error", "reason": reason}, f"SSL_CERTIFICATE_ERROR_{reason}")
            for reason in (
                "UNTRUSTED_ISSUER", "REVOKED", "EXPIRED", "NOT_YET_VALID", "NOT_A_CLIENT_CERTIFICATE", "FQDN_MISMATCH",
            )
        ),
        ({"kind": "bad-request", "diagnostics": "<The> words & all"}, "<The> words & all"),
        ({"kind": "invalid-resource", "diagnostics": "h\xe9"}, "h\xe9"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("media_type", [JSON, XML])
async def test_a_refusal_says_what_its_rule_would_have_it_say(
    ssp: Running, effect: dict[str, str], text: str, media_type: str
) -> None:
    put(ssp, **effect)

    answer = await ssp.ask(Accept=media_type)

    assert read(answer, media_type)["issue"][0]["diagnostics"] == text


@pytest.mark.parametrize("media_type", [JSON, XML])
@pytest.mark.parametrize("code", PROVIDER_ERRORS)
async def test_the_provider_refuses_without_being_asked(
    ssp: Running, provider: StubProvider, code: str, media_type: str
) -> None:
    status, phrase, issue_type, display = PROVIDER_ERRORS[code]
    spine_code = code if code != "UNSUPPORTED_MEDIA_TYPE" else "BAD_REQUEST"
    put(ssp, kind="provider-error", code=code, diagnostics="The words")

    answer = await ssp.ask(Accept=media_type)

    assert (answer.status, answer.phrase) == (status, phrase)
    assert read(answer, media_type) == outcomes.spine_error(spine_code, display, "The words", issue_type)
    assert provider.connections == 0
    record = ssp.record()
    assert (record["status"], record["denial"], record["provider"]) == (status, None, None)
    did = f"answered {status} {spine_code} in the provider's place"
    assert record["faults"] == [{"rule": "on-demand", "kind": "provider-error", "count": 1, "asked": False, "did": did}]
    assert set(verdicts(record).values()) == {"pass", "skipped"}


async def test_a_providers_error_need_not_say_more_than_its_code(ssp: Running) -> None:
    put(ssp, kind="provider-error", code="PATIENT_NOT_FOUND")

    answer = await ssp.ask()

    assert "diagnostics" not in answer.json()["issue"][0]


async def test_counts_go_on_and_the_connection_is_kept(ssp: Running) -> None:
    put(ssp, kind="rate-limited")
    wire = await ssp.wire()

    statuses = [(await wire.ask(ssp.request())).status for _ in range(3)]

    assert statuses == [429] * 3
    assert [record["faults"][0]["count"] for record in ssp.records()] == [1, 2, 3]


@pytest.mark.parametrize("changes", [{"Ssp_To": None}, {"method": "OPTIONS"}], ids=["refused anyway", "OPTIONS"])
async def test_a_provider_that_would_not_have_been_asked_does_not_answer(ssp: Running, changes: dict[str, Any]) -> None:
    usual = await ssp.ask(**changes)
    put(ssp, kind="provider-error", code="PATIENT_NOT_FOUND")

    answer = await ssp.ask(**changes)

    assert answer.status == usual.status
    assert ssp.record()["faults"][0]["did"] == "nothing: the provider would not have been asked"


async def test_the_checks_of_a_request_that_is_refused_anyway_tell_the_truth(ssp: Running) -> None:
    await ssp.ask(Ssp_From="999999999999")
    put(ssp, kind="unavailable")

    answer = await ssp.ask(Ssp_From="999999999999")

    usual, record = ssp.records()
    assert answer.status == 503
    assert (usual["status"], record["status"]) == (403, 503)
    assert verdicts(record) == verdicts(usual)
    assert verdicts(record)["sender"] == "fail"
    assert record["denial"]["reason"] == "unavailable"


def test_what_codes_there_are_is_told_where_one_is_not_known() -> None:
    with pytest.raises(ValueError, match="did you mean PATIENT_NOT_FOUND"):
        ProviderErrorEffect.model_validate({"kind": "provider-error", "code": "PATIENT_NOT_FOUNT"})
