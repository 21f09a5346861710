"""Refusals of the FHIR face: each reason with its status and what its OperationOutcome says."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, assert_never


class Reason(StrEnum):
    """Why a call is refused; the value is the name that audit knows it by."""

    ACCESS_DENIED = "access-denied"
    BAD_REQUEST = "bad-request"
    NO_RECORD_FOUND = "no-record-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_ACCEPTABLE = "not-acceptable"
    INTERNAL_ERROR = "internal-error"
    NOT_RECORDED = "not-recorded"


class Form(NamedTuple):
    """How a reason looks on the wire: the status, FHIR's issue type, and the Spine code with its display."""

    status: int
    issue_type: str
    code: str
    display: str


def form_of(reason: Reason) -> Form:
    """Return the form of a reason; the one place where a reason becomes a status."""
    match reason:
        case Reason.ACCESS_DENIED:
            return Form(401, "login", "ACCESS_DENIED", "Access denied")
        case Reason.BAD_REQUEST:
            return Form(400, "invalid", "BAD_REQUEST", "Bad request")
        case Reason.NO_RECORD_FOUND:
            return Form(404, "not-found", "NO_RECORD_FOUND", "No record found")
        case Reason.METHOD_NOT_ALLOWED:
            return Form(405, "not-supported", "NOT_IMPLEMENTED", "Not implemented")
        case Reason.NOT_ACCEPTABLE:
            return Form(406, "not-supported", "UNSUPPORTED_MEDIA_TYPE", "Unsupported media type")
        case Reason.INTERNAL_ERROR:
            return Form(500, "processing", "INTERNAL_SERVER_ERROR", "Unexpected internal server error")
        case Reason.NOT_RECORDED:
            return Form(503, "transient", "INTERNAL_SERVER_ERROR", "Unexpected internal server error")
        case _:
            assert_never(reason)


class RefusedError(Exception):
    """A call is refused: `reason`, and as text what the consumer reads."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason

    @property
    def form(self) -> Form:
        """How it looks on the wire."""
        return form_of(self.reason)
