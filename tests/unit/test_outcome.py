"""Error bodies, letter by letter, and the format that each request gets them in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fhir.resources.STU3.operationoutcome import OperationOutcome

from ssp_emulator import fhir, outcome
from ssp_emulator.fhir import Format
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.pki.verdict import CertificateFault

ID = "0b9d1c1e-6d0c-4f0e-9f5e-2b1a7c3d4e5f"
FROM, TO = "200000000115", "200000000116"
ROOT, TARGET = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents", "https://other.example.nhs.uk/a?b=c&d"

PROXYS_OWN: list[tuple[Denial, int, str, str, str]] = [
    (
        outcome.endpoint_varies(ROOT, "S20001A000116", TARGET), 400, "Bad Request", "invalid",
        f"ENDPOINT_{ROOT}_CPAID_S20001A000116_VARIES_FROM_TARGETURL_{TARGET}",
    ),
    (outcome.asid_check_failed(FROM), 403, "Forbidden", "forbidden", f"ASID_CHECK_FAILED_MESSAGESENDER_{FROM}"),
    (
        outcome.partykey_check_failed(TO), 403, "Forbidden", "forbidden",
        f"PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_{TO}",
    ),
    (
        outcome.fot_check_failed(FROM, TO), 403, "Forbidden", "forbidden",
        f"FOT_CHECK_FAILED_MESSAGESENDER_{FROM}_MESSAGERECEIVER_{TO}",
    ),
    (
        outcome.unsupported_interaction(FROM), 415, "Unsupported Media Type", "not-supported",
        f"ASID_CHECK_FAILED_MESSAGESENDER_{FROM}",
    ),
    (outcome.unsupported_media_type(), 415, "Unsupported Media Type", "not-supported", "Unsupported_Media_Type"),
    (
        outcome.rate_limited(FROM), 429, "Too Many Requests", "throttled",
        f"RATE_LIMIT_EXCEEDED_MESSAGESENDER_{FROM}",
    ),
    (
        outcome.unavailable(TO), 503, "Service Unavailable", "throttled",
        f"RATE_LIMIT_EXCEEDED_MESSAGERECEIVER_{TO}",
    ),
    (
        outcome.bad_gateway(TARGET), 502, "Bad Gateway", "transient",
        f"ERROR_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}",
    ),
    (outcome.timeout(TARGET), 504, "Gateway Timeout", "transient", f"TIMEOUT_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}"),
    (
        outcome.timeout(TARGET, 599), 599, "Network Connect Timeout Error", "transient",
        f"TIMEOUT_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}",
    ),
    (outcome.certificate_required(), 496, "SSL Certificate Required", "login", "SSL_CERTIFICATE_REQUIRED"),
    (
        outcome.plain_http(), 497, "HTTP Request Sent to HTTPS Port", "security",
        "HTTP_REQUEST_SENT_TO_HTTPS_PORT",
    ),
    (
        outcome.not_recorded(), 503, "Service Unavailable", "transient",
        "The emulator cannot write its audit trail; its log says why.",
    ),
    *(
        (
            outcome.certificate_error(CertificateFault(reason)), 495, "SSL Certificate Error", "security",
            f"SSL_CERTIFICATE_ERROR_{reason}",
        )
        for reason in ("EXPIRED", "NOT_YET_VALID", "UNTRUSTED_ISSUER", "REVOKED", "FQDN_MISMATCH",
                       "NOT_A_CLIENT_CERTIFICATE")
    ),
]  # fmt: skip
SPINE: list[tuple[Denial, int, str, str, str, str]] = [
    (outcome.bad_request("The header Ssp-To is missing"), 400, "Bad Request", "invalid", "BAD_REQUEST", "Bad request"),
    (
        outcome.invalid_resource("The token's requesting_device …"), 422, "Unprocessable Entity", "invalid",
        "INVALID_RESOURCE", "Invalid validation of resource",
    ),
    (
        outcome.internal_error(), 500, "Internal Server Error", "processing",
        "INTERNAL_SERVER_ERROR", "Unexpected internal server error",
    ),
]  # fmt: skip


def said(denial: Denial) -> dict[str, Any]:
    """The body, after it has been read back from both formats with FHIR's own STU3 model."""
    resource = outcome.resource(denial, ID)
    written = json.loads(fhir.write(resource, Format.JSON))
    assert written == resource
    from_xml = OperationOutcome.model_validate_xml(fhir.write(resource, Format.XML))
    assert json.loads(from_xml.model_dump_json()) == resource
    assert OperationOutcome.model_validate_json(json.dumps(written)) == from_xml
    return resource


def line(denial: Denial) -> tuple[int, str]:
    return denial.form.status, denial.form.phrase


@pytest.mark.parametrize(
    ("denial", "status", "phrase", "issue_type", "text"), PROXYS_OWN, ids=[row[4][:48] for row in PROXYS_OWN]
)
def test_the_proxys_own_body(denial: Denial, status: int, phrase: str, issue_type: str, text: str) -> None:
    assert line(denial) == (status, phrase)
    assert said(denial) == {
        "resourceType": "OperationOutcome",
        "id": ID,
        "issue": [
            {
                "severity": "error",
                "code": issue_type,
                "details": {
                    "coding": [
                        {
                            "system": "http://fhir.nhs.net/ValueSet/gpconnect-schedule-response-code-1-0",
                            "code": str(status),
                            "display": text,
                        }
                    ]
                },
                "diagnostics": text,
            }
        ],
    }


@pytest.mark.parametrize(
    ("denial", "status", "phrase", "issue_type", "code", "display"), SPINE, ids=[row[4] for row in SPINE]
)
def test_the_body_with_a_spine_code(
    denial: Denial, status: int, phrase: str, issue_type: str, code: str, display: str
) -> None:
    assert line(denial) == (status, phrase)
    assert said(denial) == {
        "resourceType": "OperationOutcome",
        "meta": {"profile": ["https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-OperationOutcome-1"]},
        "issue": [
            {
                "severity": "error",
                "code": issue_type,
                "details": {
                    "coding": [
                        {
                            "system": "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1",
                            "code": code,
                            "display": display,
                        }
                    ]
                },
                "diagnostics": denial.text,
            }
        ],
    }


def test_the_body_of_a_405_has_a_shape_of_its_own() -> None:
    denial = outcome.method_not_allowed()
    assert line(denial) == (405, "Method Not Allowed")
    assert said(denial) == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "fatal",
                "code": "forbidden",
                "details": {
                    "coding": [
                        {
                            "system": "https://fhir.nhs.uk/StructureDefinition/spine-operationoutcome-1",
                            "code": "405",
                            "display": "405: Method Not Allowed",
                        }
                    ]
                },
            }
        ],
    }


def test_every_reason_is_in_these_tables_and_three_close_the_connection() -> None:
    denials = [*(row[0] for row in PROXYS_OWN), *(row[0] for row in SPINE), outcome.method_not_allowed()]
    assert {denial.reason for denial in denials} == set(Reason)
    assert {reason for reason in Reason if outcome.form_of(reason).closes} == {
        Reason.PLAIN_HTTP,
        Reason.CERTIFICATE_REQUIRED,
        Reason.CERTIFICATE_ERROR,
    }


def test_a_spine_error_can_do_without_diagnostics() -> None:
    (issue,) = outcome.spine_error("not-found", "NO_RECORD_FOUND", "No record found", None)["issue"]
    assert "diagnostics" not in issue


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "<&\"'>]]>", "\x1b[2J", "é\U0001f600"])
def test_any_text_makes_a_body_that_can_be_read(text: str) -> None:
    resource = outcome.resource(outcome.bad_request(text), ID)
    assert OperationOutcome.model_validate_json(fhir.write_json(resource)).issue
    assert OperationOutcome.model_validate_xml(fhir.write_xml(resource)).issue


JSON, XML = Format.JSON, Format.XML
FHIR_JSON, FHIR_XML = "application/fhir+json", "application/fhir+xml"


@pytest.mark.parametrize(
    ("query", "accept", "content_type", "default", "chosen"),
    [
        ("", None, None, JSON, JSON),
        ("", None, None, XML, XML),
        ("_format=xml", FHIR_JSON, FHIR_JSON, JSON, XML),
        ("a=b&_format=application/fhir+json", FHIR_XML, FHIR_XML, XML, JSON),
        ("_format=application%2Ffhir%2Bxml", None, None, JSON, XML),
        ("_format=csv", FHIR_XML, None, JSON, XML),
        ("_format=", None, FHIR_XML, JSON, XML),
        ("format=xml", None, None, JSON, JSON),
        ("", FHIR_XML, FHIR_JSON, JSON, XML),
        ("", f"{FHIR_JSON};q=0.5, {FHIR_XML}", None, JSON, XML),
        ("", "*/*", None, XML, XML),
        ("", None, FHIR_XML, JSON, XML),
        ("", None, "application/json; charset=utf-8", XML, JSON),
        ("", None, "application/pdf", XML, XML),
        ("", "text/html", None, XML, XML),
        ("", "text/html", FHIR_XML, JSON, JSON),
        ("", "", FHIR_XML, JSON, XML),
    ],
)
def test_the_query_goes_before_accept_before_the_requests_own_type_before_the_default(
    query: str, accept: str | None, content_type: str | None, default: Format, chosen: Format
) -> None:
    assert outcome.negotiate(query, accept, content_type, default) is chosen
