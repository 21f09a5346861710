"""The identifier of a patient search, and which records are open on which day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from multidict import MultiDict

from ssp_emulator.demo.provider.dataset import DATASET
from ssp_emulator.demo.provider.errors import ProviderError
from ssp_emulator.demo.provider.patients import check_accessible, read_identifier
from ssp_emulator.provider_errors import ErrorKind

if TYPE_CHECKING:
    from ssp_emulator.demo.provider.model import Patient

SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
TODAY = date(2026, 3, 1)
PATIENT = DATASET.patients[0]


def test_reads_the_nhs_number() -> None:
    assert read_identifier(MultiDict({"identifier": f"{SYSTEM}|9991230017"})) == "9991230017"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], ErrorKind.INVALID_PARAMETER),
        (["9991230017"], ErrorKind.INVALID_PARAMETER),
        (["|9991230017"], ErrorKind.INVALID_PARAMETER),
        (["https://fhir.nhs.uk/Id/local|9991230017"], ErrorKind.INVALID_PARAMETER),
        ([f"{SYSTEM}|9991230017", f"{SYSTEM}|9991230017"], ErrorKind.INVALID_PARAMETER),
        ([f"{SYSTEM}|9991230018"], ErrorKind.INVALID_NHS_NUMBER),
        ([f"{SYSTEM}|999123001"], ErrorKind.INVALID_NHS_NUMBER),
        ([f"{SYSTEM}|"], ErrorKind.INVALID_NHS_NUMBER),
        ([SYSTEM], ErrorKind.INVALID_NHS_NUMBER),
    ],
)
def test_refuses_other_identifiers_naming_the_parameter(values: list[str], kind: ErrorKind) -> None:
    with pytest.raises(ProviderError) as caught:
        read_identifier(MultiDict([("identifier", value) for value in values]))
    assert caught.value.kind is kind
    assert "identifier" in caught.value.diagnostics


@pytest.mark.parametrize(
    ("patient", "is_open"),
    [
        (PATIENT, True),
        (replace(PATIENT, active=False), False),
        (replace(PATIENT, active=False, deceased_days_ago=0), True),
        (replace(PATIENT, active=False, deceased_days_ago=28), True),
        (replace(PATIENT, active=False, deceased_days_ago=29), False),
        (replace(PATIENT, deceased=TODAY - timedelta(days=28)), True),
        (replace(PATIENT, deceased=TODAY - timedelta(days=29)), False),
    ],
)
def test_a_record_closes_after_the_access_period(patient: Patient, is_open: bool) -> None:
    if is_open:
        check_accessible(patient, TODAY, 28)
        return
    with pytest.raises(ProviderError) as caught:
        check_accessible(patient, TODAY, 28)
    assert caught.value.kind is ErrorKind.PATIENT_NOT_FOUND
    assert caught.value.diagnostics == "The patient is inactive, or died more than 28 days ago."
