"""Check 11: limits of senders and of receivers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.checks.rate import rate as check
from ssp_emulator.limits import Limits, Quota, Standing
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.verdict import Result, Verdict, skip

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine

SENDER, RECEIVER = "200000000115", "200000000116"


def test_without_a_limit_there_is_nothing_to_check(request_for: Callable[..., Exchange], spine: Spine) -> None:
    exchange = request_for()
    assert check(exchange, spine) == skip("no limit is configured")
    assert exchange.standing is None


@pytest.mark.parametrize(
    ("limits", "denial", "whose"),
    [
        (
            Limits(60, sender=Quota(2)),
            Denial(Reason.RATE_LIMITED, f"RATE_LIMIT_EXCEEDED_MESSAGESENDER_{SENDER}"),
            f"sender {SENDER}",
        ),
        (
            Limits(60, receiver=Quota(2)),
            Denial(Reason.UNAVAILABLE, f"RATE_LIMIT_EXCEEDED_MESSAGERECEIVER_{RECEIVER}"),
            f"receiver {RECEIVER}",
        ),
        (
            Limits(60, sender=Quota(2), receiver=Quota(2)),
            Denial(Reason.RATE_LIMITED, f"RATE_LIMIT_EXCEEDED_MESSAGESENDER_{SENDER}"),
            f"sender {SENDER}",
        ),
    ],
    ids=["the sender's", "the receiver's", "both: the sender's is told"],
)
def test_a_limit_that_is_spent_refuses(
    limits: Limits,
    denial: Denial,
    whose: str,
    request_for: Callable[..., Exchange],
    judge: Callable[..., Verdict],
    spine: Spine,
) -> None:
    limited, exchange = replace(spine, limits=limits), request_for()
    passed = [judge(check, request_for(), limited) for _ in range(2)]
    refused = judge(check, exchange, limited)
    assert passed == [Verdict(Result.PASSED, f"{left} of 2 left, 60 s to go", None, None) for left in (1, 0)]
    assert refused == Verdict(Result.FAILED, "0 of 2 left, 60 s to go", f"a request left for {whose}", denial)
    assert exchange.standing == Standing(2, 0, 60)


def test_the_scarcer_of_two_is_told(
    request_for: Callable[..., Exchange], judge: Callable[..., Verdict], spine: Spine
) -> None:
    limited, exchange = replace(spine, limits=Limits(60, sender=Quota(9), receiver=Quota(3))), request_for()
    judge(check, exchange, limited)
    assert exchange.standing == Standing(3, 2, 60)


def test_what_the_receivers_limit_refuses_takes_nothing_of_the_senders(
    request_for: Callable[..., Exchange], spine: Spine
) -> None:
    limited = replace(spine, limits=Limits(60, sender=Quota(9), receiver=Quota(1)))
    for _ in range(4):
        check(request_for(), limited)
    allowance = limited.limits.of_sender(SENDER)
    assert allowance is not None
    assert allowance.standing(spine.clock.monotonic()).remaining == 8
