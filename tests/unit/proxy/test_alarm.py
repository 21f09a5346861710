"""An alarm rings once, when it is time, however often it was set before that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from ssp_emulator.proxy.alarm import Alarm

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Timer:
    """A timer of the loop below."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.cancelled = at, call, False

    def when(self) -> float:
        return self.at

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """An event loop in which time goes by as the test has it; `timers` are all that were ever asked for."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> Timer:
        self.timers.append(Timer(at, call))
        return self.timers[-1]

    @property
    def waiting(self) -> list[Timer]:
        return [timer for timer in self.timers if not timer.cancelled]

    def until(self, moment: float) -> None:
        """Let time go by, and call what is due, in its order."""
        while due := [timer for timer in self.waiting if timer.at <= moment]:
            first = min(due, key=Timer.when)
            first.cancelled = True
            self.now = max(self.now, first.at)
            first.call()
        self.now = moment


class Bell:
    """An alarm, and when it has rung."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.rung: list[float] = []
        self.alarm = Alarm(
            cast("asyncio.AbstractEventLoop", cast("Any", self.loop)), lambda: self.rung.append(self.loop.now)
        )


@pytest.fixture
def bell() -> Bell:
    return Bell()


def test_it_rings_once_at_its_moment_and_not_before(bell: Bell) -> None:
    bell.alarm.set(105)
    bell.loop.until(104.9)
    before = list(bell.rung)
    bell.loop.until(200)

    assert (before, bell.rung) == ([], [105])
    assert bell.loop.waiting == []


@pytest.mark.parametrize(
    ("moments", "rings"),
    [([105, 110], 110), ([110, 105], 105), ([105, 110, 107], 107), ([110, 105, 120], 120), ([105, 105], 105)],
    ids=["later", "earlier", "later and earlier", "earlier and later", "the same"],
)
def test_the_last_setting_counts(bell: Bell, moments: list[float], rings: float) -> None:
    for moment in moments:
        bell.alarm.set(moment)
    bell.loop.until(200)

    assert bell.rung == [rings]


def test_one_that_is_put_off_again_and_again_asks_the_loop_for_few_timers(bell: Bell) -> None:
    for request in range(1000):
        bell.alarm.set(bell.loop.now + 10)
        bell.loop.until(100 + request / 100)
    asked = len(bell.loop.timers)
    bell.loop.until(200)

    assert asked == 1
    assert bell.rung == [pytest.approx(100 + 9.98 + 10)]


def test_one_that_is_off_does_not_ring_and_can_be_set_again(bell: Bell) -> None:
    bell.alarm.set(105)
    bell.alarm.off()
    bell.loop.until(106)
    silent = list(bell.rung)
    bell.alarm.set(110)
    bell.loop.until(200)

    assert (silent, bell.rung) == ([], [110])


def test_one_that_was_off_and_is_set_again_rings_by_the_new_setting_alone(bell: Bell) -> None:
    bell.alarm.set(105)
    bell.alarm.off()
    bell.alarm.set(110)
    bell.loop.until(200)

    assert bell.rung == [110]


def test_one_that_is_discarded_leaves_nothing_in_the_loop(bell: Bell) -> None:
    bell.alarm.discard()
    bell.alarm.set(105)
    bell.alarm.discard()
    left = list(bell.loop.waiting)
    bell.loop.until(200)

    assert (left, bell.rung) == ([], [])


def test_it_may_be_set_while_it_rings(bell: Bell) -> None:
    again = Alarm(bell.loop, lambda: (bell.rung.append(bell.loop.now), again.set(bell.loop.now + 10)))  # type: ignore[arg-type, func-returns-value]
    again.set(105)
    bell.loop.until(126)

    assert bell.rung == [105, 115, 125]
