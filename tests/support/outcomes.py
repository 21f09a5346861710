"""The bodies of the proxy's own errors in their three shapes, written out by hand; without the id, new each time.

Source: GP Connect 1.6.2, "Error handling" (Spine Secure Proxy errors, BAD_REQUEST, INVALID_RESOURCE); Spine Core SSP
implementation guide, "Response status codes" (405).
"""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]


def proxy_error(issue_type: str, status: int, text: str) -> Body:
    """Return an error in the proxy's own shape; on the wire it has an `id` too."""
    coding = _details("http://fhir.nhs.net/ValueSet/gpconnect-schedule-response-code-1-0", str(status), text)
    issue = {"severity": "error", "code": issue_type, "details": coding, "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def spine_error(code: str, display: str, text: str, issue_type: str = "invalid") -> Body:
    """Return an error in the shape with a Spine code."""
    coding = _details("https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1", code, display)
    issue = {"severity": "error", "code": issue_type, "details": coding, "diagnostics": text}
    meta = {"profile": ["https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-OperationOutcome-1"]}
    return {"resourceType": "OperationOutcome", "meta": meta, "issue": [issue]}


def bad_request(text: str) -> Body:
    """Return the error of a request that is not well-formed."""
    return spine_error("BAD_REQUEST", "Bad request", text)


def invalid_resource(text: str) -> Body:
    """Return the error of a claim that is no FHIR resource."""
    return spine_error("INVALID_RESOURCE", "Invalid validation of resource", text)


def method_not_allowed() -> Body:
    """Return the error of a method that is refused."""
    text = "405: Method Not Allowed"
    coding = _details("https://fhir.nhs.uk/StructureDefinition/spine-operationoutcome-1", "405", text)
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "fatal", "code": "forbidden", "details": coding}],
    }


def _details(system: str, code: str, display: str) -> Body:
    return {"coding": [{"system": system, "code": code, "display": display}]}
