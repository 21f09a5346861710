"""Enquiries of the directory, in plain words."""

from __future__ import annotations

from typing import Any

import pytest
from support.enquiries import READ, enquiry

from ssp_emulator.audit.enquiry import facts_of
from ssp_emulator.audit.explaining import explain, pages
from ssp_emulator.audit.explaining.directory import REFUSALS
from ssp_emulator.directory.sds.refusal import Reason

ASKED = "A consumer at 127.0.0.1:50001 asked the directory about"


def explained(**changes: Any) -> Any:
    return explain(facts_of(enquiry(**changes)))


def test_every_reason_has_a_remedy() -> None:
    assert set(REFUSALS) == set(Reason)


@pytest.mark.parametrize("reason", Reason, ids=str)
def test_every_remedy_says_something_even_of_a_record_with_nothing_in_it(reason: Reason) -> None:
    remedy = explain({"service": "directory", "status": None, "denial": {"reason": reason}}).remedy
    assert remedy
    assert "None" not in remedy
    assert "  " not in remedy


def test_what_was_found_needs_no_remedy() -> None:
    told = explained()
    assert told.summary == f"{ASKED} {READ} at A20047, and it answered 200 after 1.5 ms."
    assert (told.remedy, told.page) == (None, None)


@pytest.mark.parametrize(
    ("reason", "text", "remedy"),
    [
        (
            "access-denied",
            "The header apikey is missing",
            "Send the header apikey; any value that is not empty will do",
        ),
        (
            "bad-request",
            "The parameter a is not known here",
            "Ask as the directory's API has it: The parameter a is not",
        ),
        ("method-not-allowed", "The method should be GET", "Use GET: GET is not for looking up"),
        ("not-acceptable", "The header Accept should", "Accept what the directory sends: The header Accept should"),
        ("not-recorded", "The emulator cannot write", "Nothing for the consumer to change: make room"),
        ("internal-error", "The emulator failed", "Nothing for the consumer to change: look for"),
        (
            "no-record-found",
            "HTTP endpoint not found",
            (
                "Ask for /spine-directory/FHIR/R4/Device or /spine-directory/FHIR/R4/Endpoint, letter by letter: "
                "/spine-directory/FHIR/R4/Device is neither"
            ),
        ),
    ],
)
def test_a_refusal_is_explained_with_its_own_values(reason: str, text: str, remedy: str) -> None:
    told = explained(reason=reason, text=text, status=400, interaction=None, organisation=None)
    assert told.summary.startswith(f"{ASKED} GET /spine-directory/FHIR/R4/Device?organization=")
    assert told.summary.endswith(f", and it refused with 400, {reason} after 1.5 ms.")
    assert told.remedy.startswith(remedy)
    assert told.page == (pages.SDS if "Nothing" not in remedy else None)


def test_a_reason_from_elsewhere_is_no_reason_to_fail() -> None:
    assert explained(reason="of-tomorrow", text="?").remedy is None
