"""The made-up practice: numbers that nobody has, ids that are unique, and files that are what they say."""

from __future__ import annotations

import re
import struct
import zlib
from datetime import date

import nhs_number
import pytest

from ssp_emulator.demo.provider.contents import CHUNK_BYTES, Pattern
from ssp_emulator.demo.provider.dataset import DATASET
from ssp_emulator.demo.provider.model import LARGEST_BYTES, READ_LIMIT_BYTES, Document, StoredFile

TODAY = date(2026, 3, 1)


def contents_of(media_type: str) -> list[bytes]:
    return [
        b"".join(document.file.content.chunks())
        for document in DATASET.documents
        if document.file.media_type == media_type
    ]


def test_nhs_numbers_are_valid_and_nobodys() -> None:
    numbers = [patient.nhs_number for patient in DATASET.patients]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        assert nhs_number.is_valid(number)
        assert number.startswith("999")


def test_ids_are_fhir_ids_and_unique() -> None:
    ids = [
        *(patient.id for patient in DATASET.patients),
        *(document.id for document in DATASET.documents),
        *(document.file.id for document in DATASET.documents),
    ]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9.-]{1,64}", one) for one in ids)


def test_there_is_a_patient_for_every_rule() -> None:
    patients = DATASET.patients
    assert any(not DATASET.documents_of(patient) and patient.is_accessible(TODAY, 28) for patient in patients)
    assert any(patient.dissents for patient in patients)
    assert any(patient.sensitive for patient in patients)
    assert any(not patient.active and patient.died(TODAY) is None for patient in patients)
    assert any(patient.died(TODAY) and patient.is_accessible(TODAY, 28) for patient in patients)
    assert any(patient.died(TODAY) and not patient.is_accessible(TODAY, 28) for patient in patients)


def test_a_sensitive_patient_is_not_found() -> None:
    sensitive = next(patient for patient in DATASET.patients if patient.sensitive)
    assert DATASET.patient(sensitive.id) is None
    assert DATASET.patient_with(sensitive.nhs_number) is None


def test_confidential_documents_are_not_listed() -> None:
    confidential = [document for document in DATASET.documents if document.file.confidential]
    assert confidential
    for document in confidential:
        assert document not in DATASET.documents_of(document.patient)


def test_the_letter_of_the_use_case() -> None:
    file = DATASET.file("07a6483f-732b-461e-86b6-edb665c45510")
    assert file is not None
    assert file.media_type == "application/msword"
    assert 3400 < file.content.size < 3800
    (data,) = contents_of("application/msword")
    assert data.startswith(b"{\\rtf1")
    assert data.count(b"{") == data.count(b"}")


def test_the_pdf_has_an_xref_table_that_points_at_its_objects() -> None:
    (data,) = contents_of("application/pdf")
    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    assert data[start:].startswith(b"xref\n0 6\n")
    offsets = [int(line[:10]) for line in data[start:].split(b"\n")[3:8]]
    for number, offset in enumerate(offsets, start=1):
        assert data[offset:].startswith(b"%d 0 obj\n" % number)
    length = int(re.search(rb"/Length (\d+)", data)[1])  # type: ignore[index]
    assert len(data.split(b"stream\n")[1].removesuffix(b"end")) == length


def test_the_png_has_right_checksums_and_as_many_pixels_as_it_says() -> None:
    (data,) = contents_of("image/png")
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        body = data[place + 4 : place + 8 + length]
        assert zlib.crc32(body) == struct.unpack_from(">I", data, place + 8 + length)[0]
        chunks[body[:4]] = body[4:]
        place += 12 + length
    width, height = struct.unpack_from(">II", chunks[b"IHDR"])
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert len(zlib.decompress(chunks[b"IDAT"])) == (width + 1) * height


@pytest.mark.parametrize("size", [1, 2, 64, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_a_pattern_has_the_size_it_says_in_chunks_that_can_be_encoded_alone(size: int) -> None:
    chunks = list(Pattern(size).chunks())
    assert sum(map(len, chunks)) == size
    assert all(len(chunk) % 3 == 0 for chunk in chunks[:-1])
    assert b"".join(chunks) == (chunks[0][:64] * (size // 64 + 1))[:size]


@pytest.mark.parametrize(
    ("file_id", "size"),
    [
        ("size-1", 1),
        (f"size-{READ_LIMIT_BYTES}", READ_LIMIT_BYTES),
        (f"size-{LARGEST_BYTES}", LARGEST_BYTES),
        (f"size-{LARGEST_BYTES + 1}", None),
        ("size-0", None),
        ("size-01", None),
        ("size--1", None),
        ("size-99999999999999999999", None),
        ("size-1x", None),
        ("nothing", None),
    ],
)
def test_documents_of_any_size_up_to_a_gibibyte(file_id: str, size: int | None) -> None:
    file = DATASET.file(file_id)
    assert (file and file.content.size) == size


@pytest.mark.parametrize(("size", "readable"), [(READ_LIMIT_BYTES, True), (READ_LIMIT_BYTES + 1, False)])
def test_five_megabytes_may_be_read(size: int, readable: bool) -> None:
    assert StoredFile("x", "text/plain", Pattern(size)).is_readable is readable


def test_documents_have_all_kinds() -> None:
    kinds = {document.file.media_type for document in DATASET.documents}
    assert kinds >= {"application/msword", "application/pdf", "image/png", "text/plain", "text/html"}
    assert any(not document.file.is_readable for document in DATASET.documents)
    assert any(not document.created for document in DATASET.documents)
    assert all(isinstance(document, Document) and document.indexed for document in DATASET.documents)
