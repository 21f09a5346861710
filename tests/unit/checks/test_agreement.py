"""Check 9: a data sharing agreement for this sender, receiver and interaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.checks.agreement import agreement as check
from ssp_emulator.directory.model import Agreement, Directory
from ssp_emulator.interactions import GP_CONNECT
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine

CONSUMER, PROVIDER = "200000000115", "200000000116"
READ_BINARY = f"{GP_CONNECT}documents:fhir:rest:read:binary-1"
SEARCH_PATIENT = f"{GP_CONNECT}documents:fhir:rest:search:patient-1"


def test_an_agreement_lets_it_pass(request_for: Callable[..., Exchange], judge: Callable[..., Verdict]) -> None:
    assert judge(check, request_for()) == Verdict(Result.PASSED, f"agreement {CONSUMER} to {PROVIDER}")


@pytest.mark.parametrize(
    "agreements",
    [
        [],
        [Agreement(PROVIDER, CONSUMER, frozenset({READ_BINARY}))],
        [Agreement(CONSUMER, PROVIDER, frozenset({SEARCH_PATIENT}))],
        [Agreement(CONSUMER, CONSUMER, frozenset({READ_BINARY}))],
    ],
    ids=["none", "the other way round", "another interaction", "with another"],
)
def test_no_such_agreement_is_a_403(
    agreements: list[Agreement], request_for: Callable[..., Exchange], judge: Callable[..., Verdict], spine: Spine
) -> None:
    without = replace(spine, directory=Directory(spine.directory.systems, agreements))
    verdict = judge(check, request_for(), without)
    denial = Denial(Reason.FOT_CHECK_FAILED, f"FOT_CHECK_FAILED_MESSAGESENDER_{CONSUMER}_MESSAGERECEIVER_{PROVIDER}")
    expected = f"an agreement from {CONSUMER} to {PROVIDER} for {READ_BINARY}"
    assert verdict == Verdict(Result.FAILED, "none in the registry", expected, denial)
    assert denial.form.status == 403
