"""Garbage: as many bytes as asked for, none of which begins an answer, and the same for the same count."""

from __future__ import annotations

from typing import Any

import pytest
from support.chains import answer, effect, firing, problem
from support.deliveries import Consumer, deliver, instead

from ssp_emulator.faults.effects.effect import Ending

MOST = 1 << 20


@pytest.mark.parametrize("size", [1, 512, MOST])
async def test_so_many_bytes_and_the_end(size: int) -> None:
    (kind, data), end = await instead(effect("garbage", bytes=size), Consumer(), firing())

    assert (kind, len(data), end) == ("raw", size, ("end", Ending.CLOSE))


async def test_nothing_of_the_answer_goes_out() -> None:
    noted = firing()

    did = await deliver(effect("garbage", at="answer"), Consumer(), noted, answer(b"body"), b"body")

    assert [what[0] for what in did] == ["raw", "end"]
    assert len(did[0][1]) == 512
    assert noted.did == [
        "sent 512 random bytes in place of the answer, which was 200, and closed the connection",
    ]


async def test_it_never_begins_like_http() -> None:
    firsts = {(await instead(effect("garbage", bytes=1), Consumer(), firing(count)))[0][1] for count in range(2000)}

    assert firsts == {bytes([first]) for first in range(0x80, 0x100)}


async def test_the_same_count_has_the_same_bytes_and_another_has_others() -> None:
    first, again, other = [(await instead(effect("garbage"), Consumer(), firing(count)))[0] for count in (1, 1, 2)]

    assert first == again != other


@pytest.mark.parametrize(
    ("parameters", "what"),
    [({"bytes": 0}, "bytes: Input should be greater"), ({"bytes": MOST + 1}, "bytes: Input should be less")],
)
def test_what_is_refused(parameters: dict[str, Any], what: str) -> None:
    assert what in problem("garbage", **parameters)
