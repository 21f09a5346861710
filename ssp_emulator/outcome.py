"""Denials, and the OperationOutcomes that say them: the only place that knows an error body.

Source: GP Connect 1.6.2, "Error handling" (Spine Secure Proxy errors, Spine error codes); Spine Core SSP
implementation guide, "Response status codes".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never
from urllib.parse import parse_qsl

from ssp_emulator import fhir

if TYPE_CHECKING:
    from ssp_emulator.fhir import Format, Resource
    from ssp_emulator.pki.verdict import CertificateFault

_PROXY_SYSTEM = "http://fhir.nhs.net/ValueSet/gpconnect-schedule-response-code-1-0"
_METHOD_SYSTEM = "https://fhir.nhs.uk/StructureDefinition/spine-operationoutcome-1"
_SPINE_SYSTEM = "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1"
_SPINE_PROFILE = "https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-OperationOutcome-1"


class Reason(StrEnum):
    """Why a request is refused; the value is the name that audit and faults know it by."""

    PLAIN_HTTP = "plain-http"
    CERTIFICATE_REQUIRED = "certificate-required"
    CERTIFICATE_ERROR = "certificate-error"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    BAD_REQUEST = "bad-request"
    INVALID_RESOURCE = "invalid-resource"
    ASID_CHECK_FAILED = "asid-check-failed"
    PARTYKEY_CHECK_FAILED = "partykey-check-failed"
    ENDPOINT_VARIES = "endpoint-varies"
    FOT_CHECK_FAILED = "fot-check-failed"
    UNSUPPORTED_INTERACTION = "unsupported-interaction"
    RATE_LIMITED = "rate-limited"
    UNAVAILABLE = "unavailable"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    BAD_GATEWAY = "bad-gateway"
    GATEWAY_TIMEOUT = "gateway-timeout"
    NETWORK_TIMEOUT = "network-timeout"
    INTERNAL_ERROR = "internal-error"
    NOT_RECORDED = "not-recorded"


@dataclass(frozen=True, slots=True)
class Form:
    """How a reason looks on the wire: status line, FHIR issue type, and the Spine code of those bodies with one."""

    status: int
    phrase: str
    issue_type: str
    spine_code: str | None = None
    display: str | None = None
    closes: bool = False


def form_of(reason: Reason) -> Form:  # noqa: C901 - one row a reason is the clearest that this can be
    """Return the form of a reason; the one place where a reason becomes a status."""
    match reason:
        case Reason.PLAIN_HTTP:
            return Form(497, "HTTP Request Sent to HTTPS Port", "security", closes=True)
        case Reason.CERTIFICATE_REQUIRED:
            return Form(496, "SSL Certificate Required", "login", closes=True)
        case Reason.CERTIFICATE_ERROR:
            return Form(495, "SSL Certificate Error", "security", closes=True)
        case Reason.METHOD_NOT_ALLOWED:
            return Form(405, "Method Not Allowed", "forbidden")
        case Reason.BAD_REQUEST:
            return Form(400, "Bad Request", "invalid", "BAD_REQUEST", "Bad request")
        case Reason.INVALID_RESOURCE:
            return Form(422, "Unprocessable Entity", "invalid", "INVALID_RESOURCE", "Invalid validation of resource")
        case Reason.ASID_CHECK_FAILED | Reason.PARTYKEY_CHECK_FAILED | Reason.FOT_CHECK_FAILED:
            return Form(403, "Forbidden", "forbidden")
        case Reason.ENDPOINT_VARIES:
            return Form(400, "Bad Request", "invalid")
        case Reason.UNSUPPORTED_INTERACTION | Reason.UNSUPPORTED_MEDIA_TYPE:
            return Form(415, "Unsupported Media Type", "not-supported")
        case Reason.RATE_LIMITED:
            return Form(429, "Too Many Requests", "throttled")
        case Reason.UNAVAILABLE:
            return Form(503, "Service Unavailable", "throttled")
        case Reason.BAD_GATEWAY:
            return Form(502, "Bad Gateway", "transient")
        case Reason.GATEWAY_TIMEOUT:
            return Form(504, "Gateway Timeout", "transient")
        case Reason.NETWORK_TIMEOUT:
            return Form(599, "Network Connect Timeout Error", "transient")
        case Reason.INTERNAL_ERROR:
            return Form(
                500,
                "Internal Server Error",
                "processing",
                "INTERNAL_SERVER_ERROR",
                "Unexpected internal server error",
            )
        case Reason.NOT_RECORDED:
            return Form(503, "Service Unavailable", "transient")
        case _:
            assert_never(reason)


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Denial:
    """A refusal: its reason, and the text that the consumer reads."""

    reason: Reason
    text: str

    @property
    def form(self) -> Form:
        """How it looks on the wire."""
        return form_of(self.reason)


def plain_http() -> Denial:
    """Plain HTTP came to the TLS port."""
    return Denial(Reason.PLAIN_HTTP, "HTTP_REQUEST_SENT_TO_HTTPS_PORT")


def certificate_required() -> Denial:
    """The consumer showed no certificate."""
    return Denial(Reason.CERTIFICATE_REQUIRED, "SSL_CERTIFICATE_REQUIRED")


def certificate_error(fault: CertificateFault) -> Denial:
    """The consumer's certificate is not good."""
    return Denial(Reason.CERTIFICATE_ERROR, f"SSL_CERTIFICATE_ERROR_{fault.value}")


def method_not_allowed() -> Denial:
    """The method is not one that the proxy passes on."""
    return Denial(Reason.METHOD_NOT_ALLOWED, "405: Method Not Allowed")


def bad_request(diagnostics: str) -> Denial:
    """A header, the target or the token is missing or malformed; the diagnostics name it."""
    return Denial(Reason.BAD_REQUEST, diagnostics)


def invalid_resource(diagnostics: str) -> Denial:
    """A claim of the token is not the FHIR resource that it should be."""
    return Denial(Reason.INVALID_RESOURCE, diagnostics)


def asid_check_failed(sender: str) -> Denial:
    """The sending ASID is not known, or may not send the interaction."""
    return Denial(Reason.ASID_CHECK_FAILED, f"ASID_CHECK_FAILED_MESSAGESENDER_{sender}")


def unsupported_interaction(sender: str) -> Denial:
    """The interaction is not known; so the real proxy answered in 2018, with the text of the sender's check."""
    return Denial(Reason.UNSUPPORTED_INTERACTION, asid_check_failed(sender).text)


def partykey_check_failed(receiver: str) -> Denial:
    """The receiving ASID's party key does not receive the interaction."""
    return Denial(Reason.PARTYKEY_CHECK_FAILED, f"PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_{receiver}")


def endpoint_varies(root: str, cpa_id: str, target: str) -> Denial:
    """The target does not begin with the service root URL that is registered."""
    return Denial(Reason.ENDPOINT_VARIES, f"ENDPOINT_{root}_CPAID_{cpa_id}_VARIES_FROM_TARGETURL_{target}")


def fot_check_failed(sender: str, receiver: str) -> Denial:
    """No agreement lets this sender send the interaction to this receiver."""
    return Denial(Reason.FOT_CHECK_FAILED, f"FOT_CHECK_FAILED_MESSAGESENDER_{sender}_MESSAGERECEIVER_{receiver}")


def rate_limited(sender: str) -> Denial:
    """The sender has made all the requests that it may for now."""
    return Denial(Reason.RATE_LIMITED, f"RATE_LIMIT_EXCEEDED_MESSAGESENDER_{sender}")


def unavailable(receiver: str) -> Denial:
    """The receiver has been sent all the requests that it may for now, whoever sent them."""
    return Denial(Reason.UNAVAILABLE, f"RATE_LIMIT_EXCEEDED_MESSAGERECEIVER_{receiver}")


def unsupported_media_type() -> Denial:
    """The request's body is of a media type that the proxy does not pass on."""
    return Denial(Reason.UNSUPPORTED_MEDIA_TYPE, "Unsupported_Media_Type")


def bad_gateway(target: str) -> Denial:
    """The provider cannot be reached, or what it answers is not HTTP."""
    return Denial(Reason.BAD_GATEWAY, f"ERROR_COMMUNICATING_TO_ENDPOINT_URL_{target}")


def timeout(target: str, status: int = 504) -> Denial:
    """The provider took too long; the status is 504, or 599 where the network is to blame."""
    reason = Reason.NETWORK_TIMEOUT if status == 599 else Reason.GATEWAY_TIMEOUT
    return Denial(reason, f"TIMEOUT_COMMUNICATING_TO_ENDPOINT_URL_{target}")


def internal_error() -> Denial:
    """The emulator itself failed, and does not pass that off as an answer of the provider's."""
    return Denial(Reason.INTERNAL_ERROR, "The emulator failed on this request; its log says why.")


def not_recorded() -> Denial:
    """The request cannot be written down, and what is not in the trail is not answered."""
    return Denial(Reason.NOT_RECORDED, "The emulator cannot write its audit trail; its log says why.")


def resource(denial: Denial, outcome_id: str) -> Resource:
    """Return a denial's OperationOutcome; `outcome_id` is a new UUID, for those bodies that carry one."""
    form = denial.form
    if denial.reason is Reason.METHOD_NOT_ALLOWED:
        coding = _coding(_METHOD_SYSTEM, str(form.status), denial.text)
        return {"resourceType": "OperationOutcome", "issue": [_issue("fatal", form.issue_type, coding)]}
    if form.spine_code is not None and form.display is not None:
        return spine_error(form.issue_type, form.spine_code, form.display, denial.text)
    coding = _coding(_PROXY_SYSTEM, str(form.status), denial.text)
    issue = {**_issue("error", form.issue_type, coding), "diagnostics": denial.text}
    return {"resourceType": "OperationOutcome", "id": outcome_id, "issue": [issue]}


def spine_error(issue_type: str, code: str, display: str, diagnostics: str | None) -> Resource:
    """Return the OperationOutcome that carries a Spine error code, as providers send it too."""
    issue = _issue("error", issue_type, _coding(_SPINE_SYSTEM, code, display))
    if diagnostics is not None:
        issue["diagnostics"] = diagnostics
    return {"resourceType": "OperationOutcome", "meta": {"profile": [_SPINE_PROFILE]}, "issue": [issue]}


def directory_error(issue_type: str, code: str, display: str, diagnostics: str, outcome_id: str) -> Resource:
    """Return the OperationOutcome by which the Spine Directory Service refuses; `outcome_id` is a new UUID."""
    issue = {**_issue("error", issue_type, _coding(_SPINE_SYSTEM, code, display)), "diagnostics": diagnostics}
    return {"resourceType": "OperationOutcome", "id": outcome_id, "issue": [issue]}


def negotiate(query: str, accept: str | None, content_type: str | None, default: Format) -> Format:
    """Choose an error body's format: `_format`, else `Accept`, else the request's own type, else the default.

    Takes the query without its `?`, and the fields' values where they are there. Who accepts neither format gets the
    default.
    """
    for name, value in parse_qsl(query):
        if name == "_format" and (form := fhir.named(value)) is not None:
            return form
    if accept:
        return fhir.preferred(accept, default=default) or default
    return (fhir.named(content_type) if content_type is not None else None) or default


def _issue(severity: str, issue_type: str, coding: Resource) -> Resource:
    return {"severity": severity, "code": issue_type, "details": {"coding": [coding]}}


def _coding(system: str, code: str, display: str) -> Resource:
    return {"system": system, "code": code, "display": display}
