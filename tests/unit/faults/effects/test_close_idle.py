"""Close idle: only where the connection has carried a request before."""

from __future__ import annotations

from support.chains import effect, firing, problem
from support.deliveries import Consumer, instead

from ssp_emulator.faults.effects.effect import Ending, Stage


def test_where_it_acts() -> None:
    assert effect("close-idle").stages == (Stage.INSTEAD,)


async def test_a_kept_connection_closes_in_good_order() -> None:
    noted = firing()

    assert await instead(effect("close-idle"), Consumer(reused=True), noted) == [("end", Ending.CLOSE)]
    assert noted.did == ["closed the kept connection as it was used again"]


async def test_a_new_one_goes_on() -> None:
    noted = firing()

    assert await instead(effect("close-idle"), Consumer(), noted) == []
    assert noted.did == ["nothing: the connection was new"]


def test_it_takes_no_parameter() -> None:
    assert "delay_ms: Extra inputs are not permitted" in problem("close-idle", delay_ms=1)
