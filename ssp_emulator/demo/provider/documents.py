"""Searching for a patient's documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.demo.provider import resources
from ssp_emulator.demo.provider.context import DATASET, PRACTICE, SETTINGS
from ssp_emulator.demo.provider.errors import ProviderError
from ssp_emulator.demo.provider.model import Organisation, Practitioner
from ssp_emulator.demo.provider.patients import check_accessible
from ssp_emulator.demo.provider.respond import answer
from ssp_emulator.demo.provider.search import read_search
from ssp_emulator.provider_errors import ErrorKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from aiohttp import web

    from ssp_emulator.demo.provider.model import Dataset, Document, Patient
    from ssp_emulator.fhir import Resource


async def find(request: web.Request) -> web.StreamResponse:
    """Answer `GET /Patient/[id]/DocumentReference` with a Bundle: patient, people, and matching documents.

    Source: GP Connect Access Document 1.6.2, "Search for a patient's documents".
    """
    settings, dataset = request.app[SETTINGS], request.app[DATASET]
    today = settings.today()
    search = read_search(request.query)
    patient = consenting_patient(
        dataset, request.match_info["id"], today=today, access_period_days=settings.access_period_days
    )
    matching = [document for document in dataset.documents_of(patient) if search.matches(document)]
    return answer(request, bundle(patient, matching, today, request.app[PRACTICE].service_root))


def consenting_patient(dataset: Dataset, patient_id: str, *, today: date, access_period_days: int) -> Patient:
    """Return the patient with a logical id, whose documents may be listed.

    Raises ProviderError: PATIENT_NOT_FOUND for one who is unknown, sensitive or inactive, or died longer ago
    than the access period; NO_PATIENT_CONSENT for one who has dissented.
    """
    patient = dataset.patient(patient_id)
    if patient is None:
        raise ProviderError(ErrorKind.PATIENT_NOT_FOUND, "There is no patient with this id at the practice.")
    check_accessible(patient, today, access_period_days)
    if patient.dissents:
        raise ProviderError(ErrorKind.NO_PATIENT_CONSENT, "The patient has dissented to sharing the clinical record.")
    return patient


def bundle(patient: Patient, documents: Sequence[Document], today: date, service_root: str) -> Resource:
    """Return the searchset: the patient, the documents, then every organisation and practitioner they name."""
    people = _practitioners(patient, documents)
    entries = [
        resources.patient_resource(patient, today),
        *(resources.document_resource(document, service_root) for document in documents),
        *map(resources.organisation_resource, _organisations(patient, documents, people)),
        *map(resources.practitioner_resource, people),
        *map(resources.role_resource, people),
    ]
    return resources.searchset(
        entries, total=len(documents), service_root=service_root, profile=resources.SEARCHSET_PROFILE
    )


def _practitioners(patient: Patient, documents: Sequence[Document]) -> list[Practitioner]:
    authors = (author for document in documents for author in document.authors)
    named = [patient.usual_gp, *(author for author in authors if isinstance(author, Practitioner))]
    return list(dict.fromkeys(named))


def _organisations(
    patient: Patient, documents: Sequence[Document], people: Sequence[Practitioner]
) -> list[Organisation]:
    authors = (author for document in documents for author in document.authors)
    named = [
        patient.practice,
        *(document.custodian for document in documents),
        *(author for author in authors if isinstance(author, Organisation)),
        *(person.organisation for person in people),
    ]
    return list(dict.fromkeys(named))
