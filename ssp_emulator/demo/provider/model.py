"""What a practice holds: its organisations, people, documents and their files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ssp_emulator.demo.provider.contents import Content, Pattern

if TYPE_CHECKING:
    from datetime import date

# The pages say "5MB"; we read it as mebibytes, which turns away nothing that the other reading lets through.
READ_LIMIT_BYTES = 5 * 1024 * 1024
LARGEST_BYTES = 1024 * 1024 * 1024

_SIZED = re.compile(r"size-([1-9][0-9]{0,9})")


@dataclass(frozen=True)
class Address:
    """A postal address."""

    lines: tuple[str, ...]
    city: str
    district: str
    postcode: str


@dataclass(frozen=True)
class Organisation:
    """An organisation with an ODS code."""

    id: str
    ods_code: str
    name: str
    telephone: str
    address: Address


@dataclass(frozen=True)
class Practitioner:
    """A person with an SDS user id, in one role (`role_code`, an SDS job role) at one organisation."""

    id: str
    sds_user_id: str
    prefix: str
    given: str
    family: str
    gender: str
    role_id: str
    sds_role_profile_id: str
    role_code: str
    role_name: str
    organisation: Organisation


@dataclass(frozen=True)
class Patient:
    """A patient of the practice; dates are ISO 8601 text where nothing is computed with them.

    `deceased_days_ago` is for a death that stays recent however old the data are.
    """

    id: str
    nhs_number: str
    prefix: str
    given: str
    family: str
    gender: str
    born: str
    registered: str
    telephone: str
    address: Address
    usual_gp: Practitioner
    practice: Organisation
    active: bool = True
    sensitive: bool = False
    dissents: bool = False
    deceased: date | None = None
    deceased_days_ago: int | None = None

    def died(self, today: date) -> date | None:
        """Return the day of the patient's death, None for the living."""
        if self.deceased_days_ago is not None:
            return today - timedelta(days=self.deceased_days_ago)
        return self.deceased

    def is_accessible(self, today: date, access_period_days: int) -> bool:
        """Tell whether the record is open: an active patient, or one who died within the access period.

        Source: GP Connect Access Document 1.6.2, "Documents guidance", documents for deceased patients.
        """
        died = self.died(today)
        if died is not None:
            return (today - died).days <= access_period_days
        return self.active


@dataclass(frozen=True)
class StoredFile:
    """The bytes of a document, and what its Binary says of them."""

    id: str
    media_type: str
    content: Content
    version_id: str = "1"
    confidential: bool = False

    @property
    def is_readable(self) -> bool:
        """Whether the read interaction may fetch it: it is no larger than 5 MB."""
        return self.content.size <= READ_LIMIT_BYTES


@dataclass(frozen=True)
class Document:
    """A document in a patient's record.

    `created` and `indexed` are FHIR dateTimes; `created`, and the code of the document's type, may be empty.
    """

    id: str
    master_id: str
    patient: Patient
    file: StoredFile
    description: str
    type_name: str
    indexed: str
    authors: tuple[Organisation | Practitioner, ...]
    custodian: Organisation
    type_code: str = ""
    created: str = ""


@dataclass(frozen=True)
class Dataset:
    """All patients and documents of a practice, and how they are found."""

    patients: tuple[Patient, ...]
    documents: tuple[Document, ...]

    def patient(self, patient_id: str) -> Patient | None:
        """Return the patient with a logical id, None if there is none or it is a sensitive patient."""
        return next((p for p in self.patients if p.id == patient_id and not p.sensitive), None)

    def patient_with(self, nhs_number: str) -> Patient | None:
        """Return the patient with an NHS number, None if there is none or it is a sensitive patient."""
        return next((p for p in self.patients if p.nhs_number == nhs_number and not p.sensitive), None)

    def documents_of(self, patient: Patient) -> tuple[Document, ...]:
        """Return a patient's documents, without the confidential ones.

        Source: GP Connect Access Document 1.6.2, "Documents guidance", confidential documents.
        """
        return tuple(d for d in self.documents if d.patient is patient and not d.file.confidential)

    def file(self, file_id: str) -> StoredFile | None:
        """Return the file with a Binary id, None if there is none.

        An id `size-<bytes>`, up to 1 GiB, is a plain text of that many bytes, made as it is sent.
        """
        if sized := _SIZED.fullmatch(file_id):
            size = int(sized[1])
            return StoredFile(file_id, "text/plain", Pattern(size)) if size <= LARGEST_BYTES else None
        return next((d.file for d in self.documents if d.file.id == file_id), None)
