"""The past: which advisories look at it, so that the others alone are asked where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssp_emulator.audit.advice import ORDER
from ssp_emulator.audit.advice.past import NOTHING, Past, Seen
from ssp_emulator.audit.advice.retrying import Retry

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.audit.advice.advice import Advice
    from ssp_emulator.exchange import Exchange

MUCH = Seen(trace_id_s=1.0, token_s=5.0, retry=Retry(9, (2.0, 1.0), "503"), connections=9)


@pytest.mark.parametrize("advice", ORDER, ids=[each.name for each in ORDER])
def test_an_advisory_says_whether_it_looks_at_the_past_alone(advice: Advice, over: Callable[..., Exchange]) -> None:
    exchange = over()  # which is as it should be

    assert advice.look(exchange, NOTHING) is None
    assert (advice.look(exchange, MUCH) is not None) is advice.of_the_past


def test_where_nothing_came_before_nothing_was_seen(over: Callable[..., Exchange]) -> None:
    past = Past(b"key")

    assert [past.meet(over(at)) is NOTHING for at in range(3)] == [True] * 3
    assert past.meet(over(4, headers={"Ssp-TraceID": "9C2A4F0E-3B1D-4E57-8A60-5D1F7B2C9E34"})) is NOTHING
    assert past.meet(over(6, headers={"Ssp-TraceID": "9c2a4f0e-3b1d-4e57-8a60-5d1f7b2c9e34"})) == Seen(trace_id_s=2.0)
