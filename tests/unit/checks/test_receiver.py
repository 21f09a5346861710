"""Check 7: a known receiver, with the interaction on its MHS record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssp_emulator.checks.receiver import receiver as check
from ssp_emulator.interactions import GP_CONNECT, NRL
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange

READ_BINARY = f"{GP_CONNECT}documents:fhir:rest:read:binary-1"
SEARCH_PATIENT = f"{GP_CONNECT}documents:fhir:rest:search:patient-1"


@pytest.mark.parametrize(
    "interaction", [READ_BINARY, f"{NRL}DocumentReference.content.read"], ids=["its own id", "the receiver's id"]
)
def test_the_receiver_and_its_endpoint_are_put_on_the_exchange(
    interaction: str, request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    exchange = request_for(headers={"Ssp-InteractionID": interaction})
    assert judge(check, exchange) == Verdict(Result.PASSED, "200000000116 of A20047")
    assert exchange.receiver is not None
    assert exchange.receiver.asid == "200000000116"
    assert exchange.endpoint == exchange.receiver.endpoints[0]


def test_an_asid_that_nobody_has_is_a_400(request_for: Callable[..., Exchange], judge: Callable[..., Verdict]) -> None:
    verdict = judge(check, request_for(headers={"Ssp-To": "999999999999"}))
    denial = Denial(Reason.BAD_REQUEST, "The header Ssp-To is not a registered ASID: 999999999999")
    assert verdict == Verdict(Result.FAILED, "no system with this ASID", "999999999999 in the directory", denial)
    assert denial.form.status == 400


@pytest.mark.parametrize(
    ("headers", "asid", "party_key", "interaction"),
    [
        ({"Ssp-InteractionID": SEARCH_PATIENT}, "200000000116", "A20047-810002", SEARCH_PATIENT),
        ({"Ssp-To": "200000000115"}, "200000000115", "A1001-810001", READ_BINARY),
    ],
    ids=["another interaction", "a consumer"],
)
def test_a_receiver_that_does_not_take_the_interaction_is_a_403(
    headers: dict[str, str],
    asid: str,
    party_key: str,
    interaction: str,
    request_for: Callable[..., Exchange],
    judge: Callable[..., Verdict],
) -> None:
    denial = Denial(Reason.PARTYKEY_CHECK_FAILED, f"PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_{asid}")
    expected = f"{interaction} on the MHS record of {party_key}"
    verdict = judge(check, request_for(headers=headers))
    assert verdict == Verdict(Result.FAILED, "it is not there", expected, denial)
    assert denial.form.status == 403
