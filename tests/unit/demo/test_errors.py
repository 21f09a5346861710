"""The table of provider errors, and the body that each is answered with."""

from __future__ import annotations

import pytest
from fhir.resources.STU3.operationoutcome import OperationOutcome

from ssp_emulator import fhir
from ssp_emulator.demo.provider.errors import ProviderError, invalid_parameter
from ssp_emulator.provider_errors import ErrorKind

TABLE = [
    (400, "value", "INVALID_IDENTIFIER_SYSTEM", "Invalid identifier system"),
    (400, "value", "INVALID_IDENTIFIER_VALUE", "Invalid identifier value"),
    (400, "value", "INVALID_NHS_NUMBER", "Invalid NHS number"),
    (
        400,
        "business-rule",
        "INVALID_PATIENT_DEMOGRAPHICS",
        "Invalid patient demographics (that is, PDS trace failed)",
    ),
    (404, "not-found", "ORGANISATION_NOT_FOUND", "Organisation not found"),
    (404, "not-found", "PATIENT_NOT_FOUND", "Patient not found"),
    (404, "not-found", "PRACTITIONER_NOT_FOUND", "Practitioner not found"),
    (404, "not-found", "NO_RECORD_FOUND", "No record found"),
    (403, "forbidden", "NO_PATIENT_CONSENT", "Patient has not provided consent to share data"),
    (403, "forbidden", "NO_ORGANISATION_CONSENT", "Organisation has not provided consent to share data"),
    (403, "forbidden", "ACCESS DENIED", "Access denied"),
    (403, "forbidden", "NO_RELATIONSHIP", "No legitimate relationship exists with this patient"),
    (403, "forbidden", "NOT_AUTHORISED", "Not authorised"),
    (409, "duplicate", "DUPLICATE_REJECTED", "Create would lead to creation of a duplicate resource"),
    (415, "not-supported", "BAD_REQUEST", "Bad request"),
    (422, "invalid", "INVALID_RESOURCE", "Invalid validation of resource"),
    (422, "invalid", "INVALID_PARAMETER", "Invalid parameter"),
    (422, "invalid", "REFERENCE_NOT_FOUND", "Reference not found"),
    (400, "invalid", "BAD_REQUEST", "Bad request"),
    (400, "invalid", "CONFLICTING_VALUES", "Conflicting values have been specified in different fields"),
    (501, "not-supported", "NOT_IMPLEMENTED", "Not implemented"),
    (500, "processing", "INTERNAL_SERVER_ERROR", "Unexpected internal server error"),
]


def test_the_table_has_these_rows_and_no_other() -> None:
    assert sorted(tuple(kind.value) for kind in ErrorKind) == sorted(TABLE)


@pytest.mark.parametrize("kind", list(ErrorKind), ids=lambda kind: kind.name)
def test_each_error_is_a_valid_operation_outcome_in_both_formats(kind: ErrorKind) -> None:
    error = ProviderError(kind, "What is wrong: <this> & that.")
    outcome = error.outcome()
    assert error.status == kind.value.status
    assert outcome["meta"]["profile"] == ["https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-OperationOutcome-1"]
    assert outcome["issue"] == [
        {
            "severity": "error",
            "code": kind.value.issue_type,
            "details": {
                "coding": [
                    {
                        "system": "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1",
                        "code": kind.value.code,
                        "display": kind.value.display,
                    }
                ]
            },
            "diagnostics": "What is wrong: <this> & that.",
        }
    ]
    from_json = OperationOutcome.model_validate_json(fhir.write_json(outcome))
    from_xml = OperationOutcome.model_validate_xml(fhir.write_xml(outcome))
    assert from_json.model_dump() == from_xml.model_dump()


def test_a_parameter_error_names_the_parameter() -> None:
    error = invalid_parameter("identifier", "is missing.")
    assert error.kind is ErrorKind.INVALID_PARAMETER
    assert error.diagnostics == "The query parameter identifier is missing."
