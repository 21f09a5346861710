"""Slow close: the answer says that it is the last, and goes out whole."""

from __future__ import annotations

import asyncio

import pytest
from support.chains import answer, effect, firing, problem
from support.deliveries import Consumer, deliver

from ssp_emulator.faults.effects.effect import Stage
from ssp_emulator.message import Framing


def test_where_it_acts() -> None:
    assert effect("slow-close", delay_ms=1).stages == (Stage.CUT,)


async def test_it_is_over_some_time_after_the_last_byte() -> None:
    noted, consumer = firing(), Consumer()
    made = effect("slow-close", delay_ms=3_600_000)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await deliver(made, consumer, noted, answer(b"body"), b"bo", b"dy")

    assert consumer.did == [("begin", Framing.LENGTH, True), ("write", b"bo", False), ("write", b"dy", True)]
    assert noted.did == ["kept the connection open for 3600000 ms after the answer"]


@pytest.mark.parametrize(
    ("delay_ms", "what"), [(-1, "greater than or equal to 0"), (3_600_001, "less than or equal to 3600000")]
)
def test_what_is_refused(delay_ms: float, what: str) -> None:
    assert what in problem("slow-close", delay_ms=delay_ms)
