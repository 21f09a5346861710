"""The discharge desk against an emulated Spine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from discharge import DischargeDesk, Place, PracticeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.testing.ssp import Ssp

PATIENT = "9991230017"
WORD, PDF = "application/msword", "application/pdf"
BINARY = "documents:fhir:rest:read:binary-1"
OF_BINARIES = {"target": "*/Binary/*"}


@pytest.fixture
def waits() -> list[float]:
    """How long the desk has waited between its tries, in seconds; the tests do not wait."""
    return []


@pytest.fixture
def desk(ssp: Ssp, waits: list[float]) -> Iterator[DischargeDesk]:
    """The hospital's desk, led to the emulated Spine."""
    place = Place(ssp.to_asid(), ssp.service_root())
    made = DischargeDesk(ssp.url, ssp.from_asid(), place, ssp.ssl_context, timeout_s=1.0, wait=waits.append)
    yield made
    made.close()


def test_the_ward_gets_the_letters_that_it_can_print(ssp: Ssp, desk: DischargeDesk) -> None:
    folder = desk.folder(PATIENT, frozenset({WORD, PDF}))

    assert set(folder.documents) == {"Discharge Summary", "Reply to referral, cardiology"}
    assert folder.missing == {}
    assert len({each.trace_id for each in ssp.assert_exchanged(times=4, status=200)}) == 4


def test_what_is_too_large_is_named(ssp: Ssp, desk: DischargeDesk) -> None:
    folder = desk.folder(PATIENT, frozenset({"text/plain"}))

    assert folder.missing == {
        "Former paper record, transcribed": "The document is larger than 5MB and cannot be retrieved"
    }


def test_a_busy_spine_is_given_the_time_that_it_asks_for(ssp: Ssp, desk: DischargeDesk, waits: list[float]) -> None:
    ssp.provider.answers(path="*/Patient", status=503, headers={"Retry-After": "1"}, times=1)

    assert desk.folder(PATIENT, frozenset({WORD})).documents

    assert waits == [1.0]
    first, second = ssp.assert_exchanged(times=2, interaction="documents:fhir:rest:search:patient-1")
    assert (first.status, second.status) == (503, 200)
    assert first.trace_id != second.trace_id


@pytest.mark.parametrize("kind", ["bad-gateway", "gateway-timeout", "unavailable", "close", "reset"])
def test_one_failure_is_got_over(ssp: Ssp, desk: DischargeDesk, kind: str) -> None:
    with ssp.fault(effect={"kind": kind}, match=OF_BINARIES, when={"times": 1}) as fault:
        folder = desk.folder(PATIENT, frozenset({WORD}))

    assert (list(folder.documents), fault.fired) == (["Discharge Summary"], 1)
    ssp.assert_exchanged(times=2, interaction=BINARY)


def test_a_slow_document_is_tried_three_times_and_then_missing(ssp: Ssp, desk: DischargeDesk) -> None:
    slow = {"kind": "slow-first-byte", "delay_ms": 30_000}
    with ssp.fault(effect=slow, match={"target": "*/Binary/07a6483f*"}) as fault:
        folder = desk.folder(PATIENT, frozenset({WORD, PDF}))

    assert fault.fired == 3
    assert folder.missing == {"Discharge Summary": "the practice could not be reached"}
    assert list(folder.documents) == ["Reply to referral, cardiology"]


def test_half_a_document_is_none(ssp: Ssp, desk: DischargeDesk) -> None:
    with ssp.fault(effect={"kind": "truncate", "after_bytes": 500}, match=OF_BINARIES) as cut:
        folder = desk.folder(PATIENT, frozenset({WORD}))

    assert folder.documents == {}
    ssp.assert_exchanged(times=3, fault=cut)


def test_a_body_that_is_no_json_is_not_tried_again(ssp: Ssp, desk: DischargeDesk, waits: list[float]) -> None:
    with ssp.fault(effect={"kind": "body", "text": "<html>", "content_type": "text/html"}, match=OF_BINARIES):
        folder = desk.folder(PATIENT, frozenset({WORD}))

    assert folder.missing == {"Discharge Summary": "the practice answered something that cannot be read"}
    assert waits == []


def test_a_refusal_is_told_as_the_practice_said_it(ssp: Ssp, desk: DischargeDesk, waits: list[float]) -> None:
    with (
        ssp.fault(effect={"kind": "provider-error", "code": "NO_PATIENT_CONSENT"}) as refusal,
        pytest.raises(PracticeError, match=r"^the practice refused: ") as raised,
    ):
        desk.folder(PATIENT, frozenset({WORD}))

    assert raised.value.code == "NO_PATIENT_CONSENT"
    ssp.assert_exchanged(times=1, fault=refusal, status=403)
    assert waits == []


def test_an_agreement_that_has_ended(ssp: Ssp, desk: DischargeDesk) -> None:
    with ssp.fault(effect={"kind": "fot-check-failed"}), pytest.raises(PracticeError):
        desk.folder(PATIENT, frozenset({WORD}))

    (exchange,) = ssp.assert_exchanged(times=1, denial="fot-check-failed")
    assert exchange.record["provider"] is None
