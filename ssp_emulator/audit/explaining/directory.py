"""Remedies where the Spine Directory Service refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.explaining import emulator, pages
from ssp_emulator.audit.explaining.explanation import Remedy
from ssp_emulator.directory.sds.refusal import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ssp_emulator.audit.explaining.facts import Facts


def _denied(_: Facts) -> Remedy:
    return Remedy("Send the header apikey; any value that is not empty will do here", pages.SDS)


def _bad(facts: Facts) -> Remedy:
    return Remedy(f"Ask as the directory's API has it: {facts.denied or 'its refusal says how'}", pages.SDS)


def _nowhere(facts: Facts) -> Remedy:
    path = (facts.target or "this path").partition("?")[0]
    return Remedy(
        f"Ask for /spine-directory/FHIR/R4/Device or /spine-directory/FHIR/R4/Endpoint, letter by letter: {path} is "
        "neither",
        pages.SDS,
    )


def _method(facts: Facts) -> Remedy:
    return Remedy(f"Use GET: {facts.method or 'the method'} is not for looking up", pages.SDS)


def _format(facts: Facts) -> Remedy:
    return Remedy(f"Accept what the directory sends: {facts.denied or 'application/fhir+json'}", pages.SDS)


REFUSALS: Mapping[str, Callable[[Facts], Remedy]] = {
    Reason.ACCESS_DENIED: _denied,
    Reason.BAD_REQUEST: _bad,
    Reason.NO_RECORD_FOUND: _nowhere,
    Reason.METHOD_NOT_ALLOWED: _method,
    Reason.NOT_ACCEPTABLE: _format,
    Reason.INTERNAL_ERROR: emulator.failed,
    Reason.NOT_RECORDED: emulator.not_recorded,
}


def refused(facts: Facts) -> Remedy | None:
    """The directory has refused a call; None where it has not."""
    found = REFUSALS.get(facts.reason or "")
    return found(facts) if found is not None else None
