"""The viewer against an emulated Spine: what a clinician sees when all is well, and when something is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from viewer import NotShownError, Practice, Viewer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.testing.ssp import Ssp

PATIENT = "9991230017"
PATIENTS, LETTERS, BINARY = (
    f"documents:fhir:rest:{each}" for each in ("search:patient-1", "search:documentreference-1", "read:binary-1")
)


@pytest.fixture
def viewer(ssp: Ssp) -> Iterator[Viewer]:
    """The clinic's viewer, led to the emulated Spine."""
    practice = Practice(ssp.url, ssp.from_asid(), ssp.to_asid(), ssp.service_root())
    files = ssp.certificates
    made = Viewer(practice, files.certificate, files.key, files.trust, timeout_s=1.0)
    yield made
    made.close()


def test_a_patient_s_letters_are_listed_and_read(ssp: Ssp, viewer: Viewer) -> None:
    letters = viewer.letters(PATIENT)
    text = viewer.read(letters[0])

    assert letters[0].title == "Discharge Summary"
    assert text.startswith(b"{\\rtf1")
    for interaction in (PATIENTS, LETTERS, BINARY):
        ssp.assert_exchanged(times=1, interaction=interaction, status=200)


def test_a_letter_that_is_too_large_is_not_asked_for(ssp: Ssp, viewer: Viewer) -> None:
    (large,) = [letter for letter in viewer.letters(PATIENT) if letter.url is None]

    with pytest.raises(NotShownError, match="too large"):
        viewer.read(large)

    ssp.assert_exchanged(times=0, interaction=BINARY)


def test_one_failure_is_not_noticed(ssp: Ssp, viewer: Viewer) -> None:
    with ssp.fault(scenario="one-retry-then-success") as failure:
        assert len(viewer.letters(PATIENT)) == 5

    assert failure.fired == 1
    first, second = ssp.assert_exchanged(times=2, interaction=PATIENTS)
    assert (first.status, second.status) == (502, 200)
    assert first.trace_id == second.trace_id  # urllib3 sends the same request again


def test_an_outage_is_told_and_not_hammered(ssp: Ssp, viewer: Viewer) -> None:
    with ssp.fault(effect={"kind": "gateway-timeout"}), pytest.raises(NotShownError, match="try again later"):
        viewer.letters(PATIENT)

    ssp.assert_exchanged(times=3, status=504)
    assert ssp.provider.received == []


def test_a_slow_practice_is_given_up(ssp: Ssp, viewer: Viewer) -> None:
    (letter, *_) = viewer.letters(PATIENT)
    slow = {"kind": "latency", "delay_ms": 30_000}

    with (
        ssp.fault(effect=slow, match={"target": "*/Binary/*"}, when={"times": 3}) as fault,
        pytest.raises(NotShownError, match="try again later"),
    ):
        viewer.read(letter)

    assert fault.fired == 3


def test_a_letter_that_breaks_off_is_not_shown(ssp: Ssp, viewer: Viewer) -> None:
    (letter, *_) = viewer.letters(PATIENT)

    with ssp.fault(scenario="truncated-document") as cut, pytest.raises(NotShownError, match="try again later"):
        viewer.read(letter)

    ssp.assert_exchanged(fault=cut)


def test_a_patient_who_has_not_consented(ssp: Ssp, viewer: Viewer) -> None:
    with (
        ssp.fault(scenario="patient-without-consent"),
        pytest.raises(NotShownError, match="does not share this patient's documents"),
    ):
        viewer.letters(PATIENT)

    ssp.assert_exchanged(times=1, status=403)  # it is not asked for again


def test_the_practice_gets_what_the_specification_wants(ssp: Ssp, viewer: Viewer) -> None:
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    search = ssp.provider.answers(method="GET", path="*/Patient", json=bundle)

    with pytest.raises(NotShownError, match="no patient with this NHS number"):
        viewer.letters("9999999999")

    (got,) = search.received
    assert got.path.endswith("?identifier=https://fhir.nhs.uk/Id/nhs-number%7C9999999999")
    assert (got.client, got.headers["Ssp-From"]) == ("ssp.example.nhs.uk", ssp.from_asid())
