"""Latency: how its delays are spread, how far they go, and that they can be had again."""

from __future__ import annotations

import math
from statistics import fmean, pstdev
from typing import Any

import pytest
from support.chains import effect, problem

from ssp_emulator.faults.effects.effect import LONGEST_MS, Stage
from ssp_emulator.faults.firing import Firing

COUNTS = range(1, 4001)
SPREAD = {"delay_ms": 400, "jitter_ms": 50}


def drawn(parameters: dict[str, Any], *, seed: int = 42, name: str = "slow") -> list[float]:
    """Return the delays, in milliseconds, of a rule's first firings."""
    latency = effect("latency", **parameters)
    return [latency.drawn_ms(Firing(name, "latency", count, seed=seed)) for count in COUNTS]


def kurtosis_of_lognormal(mean: float, deviation: float) -> float:
    ratio = 1 + (deviation / mean) ** 2
    return ratio**4 + 2 * ratio**3 + 3 * ratio**2 - 3


@pytest.mark.parametrize(
    ("parameters", "mean", "deviation", "kurtosis"),
    [
        ({**SPREAD, "distribution": "uniform"}, 400, 50 / math.sqrt(3), 1.8),
        ({**SPREAD, "distribution": "normal"}, 400, 50, 3),
        ({**SPREAD, "distribution": "lognormal"}, 400, 50, kurtosis_of_lognormal(400, 50)),
        ({"delay_ms": 100, "jitter_ms": 80, "distribution": "lognormal"}, 100, 80, kurtosis_of_lognormal(100, 80)),
    ],
    ids=["uniform", "normal", "lognormal", "lognormal, skewed"],
)
def test_the_delays_have_the_mean_and_the_deviation_that_are_said(
    parameters: dict[str, Any], mean: float, deviation: float, kurtosis: float
) -> None:
    delays = drawn(parameters)

    of_the_mean = deviation / math.sqrt(len(delays))
    of_the_deviation = deviation * math.sqrt((kurtosis - 1) / (4 * len(delays)))
    assert abs(fmean(delays) - mean) < 3 * of_the_mean
    assert abs(pstdev(delays) - deviation) < 3 * of_the_deviation


def skewness(delays: list[float]) -> float:
    mean, deviation = fmean(delays), pstdev(delays)
    return fmean(((delay - mean) / deviation) ** 3 for delay in delays)


@pytest.mark.parametrize(("distribution", "skewed"), [("uniform", False), ("normal", False), ("lognormal", True)])
def test_a_lognormal_delay_has_a_long_tail_and_the_others_have_none(distribution: str, skewed: bool) -> None:
    found = skewness(drawn({"delay_ms": 400, "jitter_ms": 100, "distribution": distribution}))

    # Of a lognormal one: (w + 2) * sqrt(w - 1), where w is 1 + (jitter / delay)²; here 0.77.
    assert (found > 0.5) if skewed else (abs(found) < 0.2)


def test_a_normal_delay_is_within_one_deviation_two_times_in_three() -> None:
    within = sum(abs(delay - 400) <= 50 for delay in drawn({**SPREAD, "distribution": "normal"})) / len(COUNTS)

    assert abs(within - 0.6827) < 3 * math.sqrt(0.6827 * 0.3173 / len(COUNTS))


def test_a_uniform_delay_comes_near_its_bounds_and_never_beyond() -> None:
    delays = drawn({**SPREAD, "distribution": "uniform"})

    assert 350 <= min(delays) < 351
    assert 449 < max(delays) <= 450


@pytest.mark.parametrize(
    "parameters",
    [{}, {"distribution": "fixed"}, *({"distribution": d, "jitter_ms": 0} for d in ("uniform", "normal", "lognormal"))],
)
def test_without_a_jitter_every_delay_is_the_same(parameters: dict[str, Any]) -> None:
    assert set(drawn({"delay_ms": 0.125, **parameters})) == {0.125}


def test_with_a_jitter_and_nothing_else_said_it_is_uniform() -> None:
    assert drawn(SPREAD) == drawn({**SPREAD, "distribution": "uniform"})
    assert drawn(SPREAD) != drawn({**SPREAD, "distribution": "normal"})


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_a_delay_below_nothing_is_none(distribution: str) -> None:
    delays = drawn({"delay_ms": 10, "jitter_ms": 100, "distribution": distribution})

    assert min(delays) == 0
    assert 0 < delays.count(0) < len(delays)


@pytest.mark.parametrize("distribution", ["uniform", "normal", "lognormal"])
def test_no_delay_is_longer_than_an_hour(distribution: str) -> None:
    delays = drawn({"delay_ms": LONGEST_MS, "jitter_ms": LONGEST_MS, "distribution": distribution})

    assert max(delays) == LONGEST_MS == 3_600_000
    assert 0 < delays.count(LONGEST_MS) < len(delays)


class TestRepeating:
    @pytest.mark.parametrize("distribution", ["uniform", "normal", "lognormal"])
    def test_a_seed_a_rule_and_a_count_settle_a_delay(self, distribution: str) -> None:
        parameters = {**SPREAD, "distribution": distribution}
        delays = drawn(parameters)

        assert drawn(parameters) == delays
        assert len(set(delays)) > 3900  # to the microsecond two may be alike
        for others in (drawn(parameters, seed=43), drawn(parameters, name="slower")):
            assert sum(one == other for one, other in zip(delays, others, strict=True)) < 10

    def test_one_that_was_asked_for_has_a_delay_of_its_own(self) -> None:
        latency = effect("latency", **SPREAD)
        by_itself, asked = (Firing("slow", "latency", 1, asked=asked, seed=42) for asked in (False, True))

        assert latency.drawn_ms(by_itself) != latency.drawn_ms(asked)

    @pytest.mark.parametrize("chance", [0.0, 1 - 2**-53])
    @pytest.mark.parametrize("distribution", ["normal", "lognormal"])
    def test_the_ends_of_chance_have_delays_too(
        self, monkeypatch: pytest.MonkeyPatch, distribution: str, chance: float
    ) -> None:
        firing = Firing("slow", "latency", 1)
        monkeypatch.setattr(firing.draws, "random", lambda: chance)

        delay_ms = effect("latency", **SPREAD, distribution=distribution).drawn_ms(firing)

        assert (0 <= delay_ms < 400) if chance == 0 else (400 < delay_ms < 2000)


@pytest.mark.parametrize(
    ("parameters", "stage"),
    [({}, Stage.WAIT), ({"at": "request"}, Stage.WAIT), ({"at": "answer"}, Stage.DELAY)],
)
def test_where_it_acts(parameters: dict[str, str], stage: Stage) -> None:
    assert effect("latency", delay_ms=1, **parameters).stages == (stage,)


@pytest.mark.parametrize(
    ("parameters", "what"),
    [
        ({**SPREAD, "distribution": "fixed"}, "a fixed delay should have no jitter_ms"),
        (
            {"delay_ms": 0, "jitter_ms": 1, "distribution": "lognormal"},
            "a lognormal delay should have a delay_ms over 0",
        ),
        ({"delay_ms": 0, "distribution": "lognormal"}, "a lognormal delay should have a delay_ms over 0"),
        ({"delay_ms": -1}, "delay_ms: Input should be greater than or equal to 0"),
        ({"delay_ms": 3_600_001}, "delay_ms: Input should be less than or equal to 3600000"),
        ({"delay_ms": 1, "jitter_ms": -1}, "jitter_ms: Input should be greater than or equal to 0"),
        ({"delay_ms": 1, "jitter_ms": 3_600_001}, "jitter_ms: Input should be less than or equal to 3600000"),
        ({"delay_ms": 1, "jitter_ms": 1, "distribution": "pareto"}, "distribution: Input should be 'fixed'"),
        ({"delay_ms": 1, "at": "upload"}, "at: Input should be 'request' or 'answer'"),
    ],
)
def test_what_is_refused(parameters: dict[str, Any], what: str) -> None:
    assert what in problem("latency", **parameters)
