"""Every resource against the STU3 models, in JSON and in XML, with the same facts in both."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from fhir.resources.STU3.binary import Binary
from fhir.resources.STU3.bundle import Bundle
from fhir.resources.STU3.capabilitystatement import CapabilityStatement

from ssp_emulator import fhir
from ssp_emulator.demo.provider.binaries import envelope
from ssp_emulator.demo.provider.capability import capability_statement
from ssp_emulator.demo.provider.dataset import DATASET
from ssp_emulator.demo.provider.documents import bundle
from ssp_emulator.demo.provider.resources import patient_resource, searchset

if TYPE_CHECKING:
    from ssp_emulator.demo.provider.model import Patient

ROOT = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
TODAY = date(2026, 3, 1)


def documents_bundle(patient: Patient) -> fhir.Resource:
    return bundle(patient, DATASET.documents_of(patient), TODAY, ROOT)


def resources_of(of: fhir.Resource, kind: str) -> list[Any]:
    return [entry["resource"] for entry in of["entry"] if entry["resource"]["resourceType"] == kind]


@pytest.mark.parametrize(
    ("resource", "model"),
    [
        pytest.param(capability_statement(), CapabilityStatement, id="capability"),
        pytest.param(searchset([], total=0, service_root=ROOT), Bundle, id="empty"),
        *(
            pytest.param(
                searchset([patient_resource(patient, TODAY)], total=1, service_root=ROOT),
                Bundle,
                id=f"patient {patient.family}",
            )
            for patient in DATASET.patients
        ),
        *(
            pytest.param(documents_bundle(patient), Bundle, id=f"documents {patient.family}")
            for patient in DATASET.patients
        ),
    ],
)
def test_json_and_xml_are_valid_and_equal(resource: fhir.Resource, model: Any) -> None:
    from_json = model.model_validate_json(fhir.write_json(resource))
    from_xml = model.model_validate_xml(fhir.write_xml(resource))
    assert from_json.model_dump() == from_xml.model_dump()


@pytest.mark.parametrize("patient", DATASET.patients, ids=lambda patient: patient.family)
def test_keys_stand_in_fhirs_order(patient: Patient) -> None:
    resource = documents_bundle(patient)
    parsed = Bundle.model_validate(resource)
    for entry, model in zip(resource["entry"], parsed.entry, strict=True):
        order = ["resourceType", *model.resource.elements_sequence()]
        known = [key for key in entry["resource"] if key in order]
        assert known == sorted(known, key=order.index)
        assert set(entry["resource"]) - set(known) <= {"id", "meta"}


@pytest.mark.parametrize("patient", DATASET.patients, ids=lambda patient: patient.family)
def test_every_reference_is_in_the_bundle(patient: Patient) -> None:
    resource = documents_bundle(patient)
    held = {f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in resource["entry"]}
    assert len(held) == len(resource["entry"])
    assert {entry["fullUrl"].removeprefix(f"{ROOT}/") for entry in resource["entry"]} == held
    assert set(references(resource)) <= held


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    if isinstance(value, dict):
        own = [value["reference"]] if "reference" in value else []
        return own + [found for item in value.values() for found in references(item)]
    return []


def test_a_document_that_is_too_large_has_a_title_instead_of_a_url() -> None:
    documents = resources_of(documents_bundle(DATASET.patients[0]), "DocumentReference")
    attachments = [document["content"][0]["attachment"] for document in documents]
    large = [attachment for attachment in attachments if attachment["size"] > 5 * 1024 * 1024]
    assert large == [
        {
            "contentType": "text/plain",
            "size": 6 * 1024 * 1024,
            "title": "The document is larger than 5MB and cannot be retrieved",
        }
    ]
    for attachment in attachments:
        if attachment not in large:
            assert attachment["url"].startswith(f"{ROOT}/Binary/")
            assert "title" not in attachment


def test_the_recently_deceased_died_lately_on_every_day() -> None:
    patient = next(patient for patient in DATASET.patients if patient.deceased_days_ago is not None)
    assert patient_resource(patient, TODAY)["deceasedDateTime"] == "2026-02-22"
    assert patient_resource(patient, date(2030, 1, 8))["deceasedDateTime"] == "2030-01-01"


@pytest.mark.parametrize("form", list(fhir.Format))
def test_a_binarys_envelope_is_the_resource_around_its_content(form: fhir.Format) -> None:
    file = DATASET.documents[0].file
    before, after = envelope(file, form)
    written = before + b"QUJD" + after
    parsed = Binary.model_validate_json(written) if form is fhir.Format.JSON else Binary.model_validate_xml(written)
    assert (parsed.id, parsed.meta.versionId, parsed.contentType) == (file.id, "1", "application/msword")
    assert parsed.content == b"ABC"
    assert parsed.securityContext is None
