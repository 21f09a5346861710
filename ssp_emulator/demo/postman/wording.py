"""What a request says beside its path: the query of a search, and the body of an operation.

Source: GP Connect 1.6.2, the request pages of each capability; Postman's variables stand where a user's values go.
"""

from __future__ import annotations

from typing import Any

from ssp_emulator.demo.consumer import INCLUDES, NHS_NUMBER

_ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
_SDS_USER = "https://fhir.nhs.uk/Id/sds-user-id"
_BETWEEN = ("start=ge{{today}}", "start=le{{in_two_weeks}}")
_PATIENT = {"system": NHS_NUMBER, "value": "{{nhs_number}}"}
_ID = {"Patient": "{{patient_id}}", "Binary": "{{document_id}}"}
_OTHER_ID = "{{resource_id}}"

_QUERIES: dict[str, tuple[str, ...]] = {
    "/Patient": (f"identifier={NHS_NUMBER}%7C{{{{nhs_number}}}}",),
    "/Practitioner": (f"identifier={_SDS_USER}%7C{{{{sds_user_id}}}}",),
    "/Organization": (f"identifier={_ODS_CODE}%7C{{{{ods_code}}}}",),
    "/Slot": (
        "start=ge{{today}}", "end=le{{in_two_weeks}}", "status=free", "_include=Slot:schedule",
    ),
    "/Patient/{id}/Appointment": _BETWEEN,
    "/Patient/{id}/DocumentReference": INCLUDES,
}  # fmt: skip


def _parameters(*parameters: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(parameters)}


_OF_PATIENT = {"name": "patientNHSNumber", "valueIdentifier": _PATIENT}
_SECTION = {
    "name": "recordSection",
    "valueCodeableConcept": {
        "coding": [{"system": "http://fhir.nhs.net/ValueSet/gpconnect-record-section-1", "code": "SUM"}]
    },
}
_BODIES: dict[str, dict[str, Any]] = {
    "/Patient/$gpc.registerpatient": _parameters(
        {"name": "registerPatient", "resource": {"resourceType": "Patient", "identifier": [_PATIENT]}}
    ),
    "/Patient/$gpc.getstructuredrecord": _parameters(_OF_PATIENT),
    "/Patient/$gpc.migratestructuredrecord": _parameters(_OF_PATIENT),
    "/Patient/$gpc.getcarerecord": _parameters(_OF_PATIENT, _SECTION),
    "/Appointment": {"resourceType": "Appointment", "status": "booked"},
    "/Appointment/{id}": {"resourceType": "Appointment", "id": _OTHER_ID, "status": "booked"},
}


def segments(path: str) -> list[str]:
    """Return a path's segments, with a variable for the id of a resource."""
    found = path.strip("/").split("/") if path else []
    return [_ID.get(found[0], _OTHER_ID) if segment == "{id}" else segment for segment in found]


def query(path: str) -> list[dict[str, str]]:
    """Return the query that a path is asked with, as Postman has it."""
    pairs = (each.partition("=") for each in _QUERIES.get(path, ()))
    return [{"key": name, "value": value} for name, _, value in pairs]


def body(path: str) -> dict[str, Any]:
    """Return the resource that is sent to a path; what is in it is only a beginning."""
    return _BODIES.get(path, {"resourceType": "Parameters"})
