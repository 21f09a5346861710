"""Slow first byte: the head is on its way before the wait begins."""

from __future__ import annotations

import pytest
from support.chains import answer, effect, firing, problem
from support.deliveries import Consumer, deliver

from ssp_emulator.faults.effects.effect import Stage
from ssp_emulator.message import Framing


def test_where_it_acts() -> None:
    assert effect("slow-first-byte", delay_ms=1).stages == (Stage.DELAY,)


@pytest.mark.parametrize("pieces", [(b"body",), (b"", b"body"), (b"bo", b"dy")])
async def test_the_head_goes_out_first_and_once(pieces: tuple[bytes, ...]) -> None:
    noted = firing()

    did = await deliver(effect("slow-first-byte", delay_ms=0.5), Consumer(), noted, answer(b"body"), *pieces)

    assert did[:2] == [("begin", Framing.LENGTH, False), ("flush",)]
    assert [what[1] for what in did[2:]] == list(pieces)
    assert noted.did == ["waited 0.5 ms between head and body"]


@pytest.mark.parametrize("framing", [Framing.NONE, Framing.LENGTH])
async def test_without_a_body_there_is_nothing_to_wait_for(framing: Framing) -> None:
    noted = firing()

    did = await deliver(effect("slow-first-byte", delay_ms=3_600_000), Consumer(), noted, answer(framing=framing), b"")

    assert did == [("begin", framing, False), ("write", b"", True)]
    assert noted.did == ["nothing: the answer has no body"]


@pytest.mark.parametrize(
    ("delay_ms", "what"), [(-1, "greater than or equal to 0"), (3_600_001, "less than or equal to 3600000")]
)
def test_what_is_refused(delay_ms: float, what: str) -> None:
    assert what in problem("slow-first-byte", delay_ms=delay_ms)
