"""The made-up practice as FHIR resources, each with its keys in the order of the STU3 definition.

Source: GP Connect Access Document 1.6.2, "FHIR resources" (the CareConnect-GPC and GPConnect profiles).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssp_emulator.demo.provider.model import Organisation, Practitioner

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ssp_emulator.demo.provider.model import Address, Document, Patient
    from ssp_emulator.fhir import Resource

NHS_NUMBER_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
ODS_SYSTEM = "https://fhir.nhs.uk/Id/ods-organization-code"
SEARCHSET_PROFILE = "https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-Searchset-Bundle-1"

_PROFILES = "https://fhir.nhs.uk/STU3/StructureDefinition"
_SNOMED = "http://snomed.info/sct"


def reference(to: Organisation | Practitioner) -> dict[str, str]:
    """Return a relative reference to an organisation or a practitioner."""
    kind = "Organization" if isinstance(to, Organisation) else "Practitioner"
    return {"reference": f"{kind}/{to.id}"}


def patient_resource(patient: Patient, today: date) -> Resource:
    """Return a CareConnect-GPC-Patient-1; `today` dates a death that is told in days ago."""
    died = patient.died(today)
    return {
        "resourceType": "Patient",
        "id": patient.id,
        "meta": {"versionId": "1", "profile": [f"{_PROFILES}/CareConnect-GPC-Patient-1"]},
        "extension": [_registration(patient)],
        "identifier": [
            {
                "extension": [_VERIFIED],
                "system": NHS_NUMBER_SYSTEM,
                "value": patient.nhs_number,
            }
        ],
        "active": patient.active,
        "name": [
            {
                "use": "official",
                "text": f"{patient.family.upper()} {patient.given} ({patient.prefix})",
                "family": patient.family,
                "given": [patient.given],
                "prefix": [patient.prefix],
            }
        ],
        "telecom": [{"system": "phone", "value": patient.telephone, "use": "home"}],
        "gender": patient.gender,
        "birthDate": patient.born,
        **({} if died is None else {"deceasedDateTime": died.isoformat()}),
        "address": [{"use": "home", "type": "physical", **_address(patient.address)}],
        "generalPractitioner": [reference(patient.usual_gp)],
        "managingOrganization": reference(patient.practice),
    }


def organisation_resource(organisation: Organisation) -> Resource:
    """Return a CareConnect-GPC-Organization-1."""
    return {
        "resourceType": "Organization",
        "id": organisation.id,
        "meta": {"versionId": "1", "profile": [f"{_PROFILES}/CareConnect-GPC-Organization-1"]},
        "identifier": [{"system": ODS_SYSTEM, "value": organisation.ods_code}],
        "name": organisation.name,
        "telecom": [{"system": "phone", "value": organisation.telephone, "use": "work"}],
        "address": [{"use": "work", **_address(organisation.address)}],
    }


def practitioner_resource(practitioner: Practitioner) -> Resource:
    """Return a CareConnect-GPC-Practitioner-1."""
    return {
        "resourceType": "Practitioner",
        "id": practitioner.id,
        "meta": {"versionId": "1", "profile": [f"{_PROFILES}/CareConnect-GPC-Practitioner-1"]},
        "identifier": [
            {"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": practitioner.sds_user_id},
        ],
        "name": [
            {
                "use": "usual",
                "family": practitioner.family,
                "given": [practitioner.given],
                "prefix": [practitioner.prefix],
            }
        ],
        "gender": practitioner.gender,
    }


def role_resource(practitioner: Practitioner) -> Resource:
    """Return the CareConnect-GPC-PractitionerRole-1 of a practitioner."""
    return {
        "resourceType": "PractitionerRole",
        "id": practitioner.role_id,
        "meta": {"versionId": "1", "profile": [f"{_PROFILES}/CareConnect-GPC-PractitionerRole-1"]},
        "identifier": [
            {
                "system": "https://fhir.nhs.uk/Id/sds-role-profile-id",
                "value": practitioner.sds_role_profile_id,
            },
        ],
        "practitioner": reference(practitioner),
        "organization": reference(practitioner.organisation),
        "code": [
            {
                "coding": [
                    {
                        "system": "https://fhir.hl7.org.uk/STU3/CodeSystem/CareConnect-SDSJobRoleName-1",
                        "code": practitioner.role_code,
                        "display": practitioner.role_name,
                    }
                ]
            }
        ],
    }


def document_resource(document: Document, service_root: str) -> Resource:
    """Return a CareConnect-GPC-DocumentReference-1 whose attachment is under a service root URL."""
    return {
        "resourceType": "DocumentReference",
        "id": document.id,
        "meta": {"versionId": "1", "profile": [f"{_PROFILES}/CareConnect-GPC-DocumentReference-1"]},
        "masterIdentifier": {"system": "https://gp.example.nhs.uk/Id/document", "value": document.master_id},
        "identifier": [{"system": "https://gp.example.nhs.uk/Id/data-identifier", "value": document.id}],
        "status": "current",
        "type": _document_type(document),
        "subject": {"reference": f"Patient/{document.patient.id}"},
        **({"created": document.created} if document.created else {}),
        "indexed": document.indexed,
        "author": [reference(author) for author in document.authors],
        "custodian": reference(document.custodian),
        "description": document.description,
        "content": [{"attachment": _attachment(document, service_root)}],
        "context": {
            "practiceSetting": {
                "coding": [{"system": _SNOMED, "code": "1060971000000108", "display": "General practice service"}]
            }
        },
    }


def searchset(resources: Iterable[Resource], *, total: int, service_root: str, profile: str = "") -> Resource:
    """Return a searchset Bundle; `total` counts the matches, without what was included with them."""
    entries = [{"fullUrl": f"{service_root}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources]
    return {
        "resourceType": "Bundle",
        **({"meta": {"profile": [profile]}} if profile else {}),
        "type": "searchset",
        "total": total,
        # FHIR has no empty arrays: a Bundle without entries has no such key.
        **({"entry": entries} if entries else {}),
    }


_VERIFIED = {
    "url": f"{_PROFILES}/Extension-CareConnect-GPC-NHSNumberVerificationStatus-1",
    "valueCodeableConcept": {
        "coding": [
            {
                "system": "https://fhir.nhs.uk/CareConnect-NHSNumberVerificationStatus-1",
                "code": "01",
                "display": "Number present and verified",
            }
        ]
    },
}


def _registration(patient: Patient) -> dict[str, Any]:
    period = {"url": "registrationPeriod", "valuePeriod": {"start": patient.registered}}
    return {
        "url": f"{_PROFILES}/Extension-CareConnect-GPC-RegistrationDetails-1",
        "extension": [period],
    }


def _address(address: Address) -> dict[str, Any]:
    return {
        "line": list(address.lines),
        "city": address.city,
        "district": address.district,
        "postalCode": address.postcode,
    }


def _document_type(document: Document) -> dict[str, Any]:
    if not document.type_code:
        return {"text": document.type_name}
    coding = {"system": _SNOMED, "code": document.type_code, "display": document.type_name}
    return {"coding": [coding]}


def _attachment(document: Document, service_root: str) -> dict[str, Any]:
    """An attachment; one that is too large to be read has a title that says so, instead of a URL.

    Source: GP Connect Access Document 1.6.2, "DocumentReference", content.attachment.title.
    """
    file = document.file
    kind = {"contentType": file.media_type}
    if file.is_readable:
        return {**kind, "url": f"{service_root}/Binary/{file.id}", "size": file.content.size}
    return {**kind, "size": file.content.size, "title": "The document is larger than 5MB and cannot be retrieved"}
