"""Searching for a patient by NHS number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.demo.provider.context import DATASET, PRACTICE, SETTINGS
from ssp_emulator.demo.provider.errors import ProviderError, invalid_parameter
from ssp_emulator.demo.provider.nhs_number import is_nhs_number
from ssp_emulator.demo.provider.resources import NHS_NUMBER_SYSTEM, patient_resource, searchset
from ssp_emulator.demo.provider.respond import answer
from ssp_emulator.provider_errors import ErrorKind

if TYPE_CHECKING:
    from datetime import date

    from aiohttp import web
    from multidict import MultiMapping

    from ssp_emulator.demo.provider.model import Patient


async def find(request: web.Request) -> web.StreamResponse:
    """Answer `GET /Patient?identifier=[system]|[NHS number]` with a Bundle of one patient or none.

    Source: GP Connect Access Document 1.6.2, "Find a patient".
    """
    settings = request.app[SETTINGS]
    today = settings.today()
    patient = request.app[DATASET].patient_with(read_identifier(request.query))
    if patient is not None:
        check_accessible(patient, today, settings.access_period_days)
    found = [] if patient is None else [patient_resource(patient, today)]
    root = request.app[PRACTICE].service_root
    return answer(request, searchset(found, total=len(found), service_root=root))


def read_identifier(query: MultiMapping[str]) -> str:
    """Return the NHS number that a search is for.

    Raises ProviderError: INVALID_PARAMETER where `identifier` is missing, given twice or of another system;
    INVALID_NHS_NUMBER where the number fails the format or check-digit test.
    """
    values = query.getall("identifier", [])
    if len(values) != 1:
        problem = "is missing." if not values else "is given more than once."
        raise invalid_parameter("identifier", problem)
    system, _, number = values[0].partition("|")
    if system != NHS_NUMBER_SYSTEM:
        raise invalid_parameter("identifier", f"must be {NHS_NUMBER_SYSTEM}|[NHS number].")
    if not is_nhs_number(number):
        raise ProviderError(
            ErrorKind.INVALID_NHS_NUMBER,
            "The query parameter identifier must hold an NHS number: ten digits, the last a check digit.",
        )
    return number


def check_accessible(patient: Patient, today: date, access_period_days: int) -> None:
    """Raise ProviderError, PATIENT_NOT_FOUND, for a patient whose record is closed.

    Source: GP Connect Access Document 1.6.2, "Search for a patient's documents", error handling.
    """
    if not patient.is_accessible(today, access_period_days):
        raise ProviderError(
            ErrorKind.PATIENT_NOT_FOUND,
            f"The patient is inactive, or died more than {access_period_days} days ago.",
        )
