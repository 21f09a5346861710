"""Every error that a GP Connect provider answers with: status, issue type, code and display, and its body."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.outcome import spine_error

if TYPE_CHECKING:
    from ssp_emulator.fhir import Resource


class _Row(NamedTuple):
    status: int
    issue_type: str
    code: str
    display: str


class ErrorKind(Enum):
    """One row of the error tables; each has an HTTP status, a FHIR issue type, a Spine code and its display.

    Source: GP Connect 1.6.2, "Error handling guidance"; Access Document 1.6.2, the error tables of each page.
    """

    INVALID_IDENTIFIER_SYSTEM = _Row(400, "value", "INVALID_IDENTIFIER_SYSTEM", "Invalid identifier system")
    INVALID_IDENTIFIER_VALUE = _Row(400, "value", "INVALID_IDENTIFIER_VALUE", "Invalid identifier value")
    INVALID_NHS_NUMBER = _Row(400, "value", "INVALID_NHS_NUMBER", "Invalid NHS number")
    INVALID_PATIENT_DEMOGRAPHICS = _Row(
        400,
        "business-rule",
        "INVALID_PATIENT_DEMOGRAPHICS",
        "Invalid patient demographics (that is, PDS trace failed)",
    )
    BAD_REQUEST = _Row(400, "invalid", "BAD_REQUEST", "Bad request")
    CONFLICTING_VALUES = _Row(
        400, "invalid", "CONFLICTING_VALUES", "Conflicting values have been specified in different fields"
    )
    NO_PATIENT_CONSENT = _Row(403, "forbidden", "NO_PATIENT_CONSENT", "Patient has not provided consent to share data")
    NO_ORGANISATION_CONSENT = _Row(
        403, "forbidden", "NO_ORGANISATION_CONSENT", "Organisation has not provided consent to share data"
    )
    ACCESS_DENIED = _Row(403, "forbidden", "ACCESS DENIED", "Access denied")
    NO_RELATIONSHIP = _Row(403, "forbidden", "NO_RELATIONSHIP", "No legitimate relationship exists with this patient")
    # "Migrate a document" names this code, and no public page gives its issue type or display: these are ours.
    NOT_AUTHORISED = _Row(403, "forbidden", "NOT_AUTHORISED", "Not authorised")
    ORGANISATION_NOT_FOUND = _Row(404, "not-found", "ORGANISATION_NOT_FOUND", "Organisation not found")
    PATIENT_NOT_FOUND = _Row(404, "not-found", "PATIENT_NOT_FOUND", "Patient not found")
    PRACTITIONER_NOT_FOUND = _Row(404, "not-found", "PRACTITIONER_NOT_FOUND", "Practitioner not found")
    NO_RECORD_FOUND = _Row(404, "not-found", "NO_RECORD_FOUND", "No record found")
    DUPLICATE_REJECTED = _Row(
        409, "duplicate", "DUPLICATE_REJECTED", "Create would lead to creation of a duplicate resource"
    )
    # The pages ask for status 415 and give no body for it: the nearest code, with FHIR's own issue type.
    UNSUPPORTED_MEDIA_TYPE = _Row(415, "not-supported", "BAD_REQUEST", "Bad request")
    INVALID_RESOURCE = _Row(422, "invalid", "INVALID_RESOURCE", "Invalid validation of resource")
    INVALID_PARAMETER = _Row(422, "invalid", "INVALID_PARAMETER", "Invalid parameter")
    REFERENCE_NOT_FOUND = _Row(422, "invalid", "REFERENCE_NOT_FOUND", "Reference not found")
    INTERNAL_SERVER_ERROR = _Row(500, "processing", "INTERNAL_SERVER_ERROR", "Unexpected internal server error")
    NOT_IMPLEMENTED = _Row(501, "not-supported", "NOT_IMPLEMENTED", "Not implemented")

    @property
    def status(self) -> int:
        """The HTTP status code."""
        return self.value.status

    def outcome(self, diagnostics: str | None) -> Resource:
        """Return the error's body: a GPConnect-OperationOutcome-1 with one issue."""
        row = self.value
        return spine_error(row.issue_type, row.code, row.display, diagnostics)
