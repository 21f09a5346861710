"""Bandwidth: what goes when, by a clock that stands still but for the waits themselves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from support.chains import answer, effect, firing, problem
from support.deliveries import Consumer

from ssp_emulator.faults.effects import bandwidth
from ssp_emulator.faults.effects.effect import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Line:
    """Seconds that pass only in a sleep, which may be too long by so many."""

    def __init__(self, late_s: float = 0) -> None:
        self.now = 1000.0
        self.late_s = late_s

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds + (self.late_s if seconds else 0)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    made = Line()
    loop = SimpleNamespace(get_running_loop=lambda: made, sleep=made.sleep)
    monkeypatch.setattr(bandwidth, "asyncio", loop)
    return made


async def of(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def uploaded(made: Any, line: Line, *pieces: bytes) -> list[tuple[int, float]]:
    """Return each slice's size and when it went, in seconds since the beginning."""
    began = line.now
    return [(len(some), round(line.now - began, 6)) async for some in made.upload(of(*pieces), firing())]


@pytest.mark.parametrize(
    ("bytes_per_s", "piece", "slices"),
    [
        (1, b"abc", [(1, 1.0), (1, 2.0), (1, 3.0)]),
        (19, b"abc", [(1, 0.052632), (1, 0.105263), (1, 0.157895)]),
        (1000, bytes(250), [(100, 0.1), (100, 0.2), (50, 0.25)]),
        (10**10, bytes(1000), [(1000, 0.0)]),
    ],
)
async def test_slices_are_of_a_tenth_of_a_second(
    line: Line, bytes_per_s: int, piece: bytes, slices: list[tuple[int, float]]
) -> None:
    assert await uploaded(effect("bandwidth", bytes_per_s=bytes_per_s, direction="request"), line, piece) == slices


async def test_small_delays_do_not_add_up(line: Line) -> None:
    line.late_s = 0.03

    slices = await uploaded(effect("bandwidth", bytes_per_s=1000), line, *[bytes(100)] * 100)

    assert len(slices) == 100
    assert slices[-1][1] == pytest.approx(10.0, abs=0.031)


async def test_time_in_which_nothing_came_is_not_made_up_for(line: Line) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield bytes(100)
        line.now += 60
        yield bytes(1000)

    went = [line.now - 1000 async for _ in effect("bandwidth", bytes_per_s=1000).upload(body(), firing())]

    assert went[0] == pytest.approx(0.1)
    assert went[-1] == pytest.approx(60.1 + 0.9)  # all but the tenth of a second that may have been a delay


async def test_the_answer_is_held_too_and_its_last_slice_is_the_last(line: Line) -> None:
    noted, consumer = firing(), Consumer()
    way = effect("bandwidth", bytes_per_s=1000).around(consumer, consumer, noted)
    line.now += 60  # until the provider has answered

    await way.begin(answer())
    await way.write(b"", last=False)
    await way.write(bytes(150), last=False)
    await way.write(bytes(150), last=True)

    writes = [(len(what[1]), what[2]) for what in consumer.did if what[0] == "write"]
    assert writes == [(0, False), (100, False), (50, False), (100, False), (50, True)]
    assert line.now == pytest.approx(1060.3)
    assert noted.did == ["held the answer's body to 1000 bytes/s"]


@pytest.mark.parametrize(
    ("direction", "stages"),
    [("answer", (Stage.PACE,)), ("request", (Stage.UPLOAD,)), ("both", (Stage.UPLOAD, Stage.PACE))],
)
def test_where_it_acts(direction: str, stages: tuple[Stage, ...]) -> None:
    assert effect("bandwidth", bytes_per_s=1, direction=direction).stages == stages


PROBLEMS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing passes": ({"bytes_per_s": 0}, "bytes_per_s: Input should be greater than or equal to 1"),
    "too fast": ({"bytes_per_s": 10**10 + 1}, "bytes_per_s: Input should be less than or equal to 10000000000"),
    "no whole number": ({"bytes_per_s": 1.5}, "bytes_per_s: Input should be a valid integer"),
    "another direction": ({"bytes_per_s": 1, "direction": "up"}, "direction: Input should be 'answer', 'request'"),
}


@pytest.mark.parametrize(("parameters", "what"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_is_refused(parameters: dict[str, Any], what: str) -> None:
    assert what in problem("bandwidth", **parameters)
