"""What comes of a load: quantiles, rates, and what was not right."""

from __future__ import annotations

import math
from array import array
from collections import Counter

import pytest
from load.tally import Tally, quantile

HUNDRED = [float(number) for number in range(100, 0, -1)]


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        (HUNDRED, 0.5, 50.0),
        (HUNDRED, 0.99, 99.0),
        (HUNDRED, 0.999, 100.0),
        (HUNDRED, 1.0, 100.0),
        ([3.0], 0.01, 3.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([1.0, 2.0], 0.51, 2.0),
    ],
)
def test_a_quantile_is_the_least_value_that_such_a_share_does_not_exceed(
    values: list[float], share: float, expected: float
) -> None:
    assert quantile(values, share) == expected


def test_there_is_no_quantile_of_nothing() -> None:
    assert math.isnan(quantile([], 0.5))


def tally(seconds: float, *latencies: float, **fields: object) -> Tally:
    made = Tally(latencies=array("d", latencies), statuses=Counter({200: len(latencies)}), seconds=seconds)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_a_tally_survives_its_way_between_processes() -> None:
    there = tally(
        1.5, 0.25, 0.125, served=array("d", [0.1]), errors=Counter({"reading: reset": 2}), refusal="no", cpu_s=1
    )
    assert Tally.from_json(there.to_json()) == there


def test_two_processes_that_load_at_the_same_time_add_up() -> None:
    both = tally(2.0, 0.1, 0.2, wire_bytes=10, resumed=1)
    both.add(tally(1.0, 0.3, wire_bytes=5, resumed=2, refusal="why"))
    assert (both.answered, both.right, both.rate) == (3, 3, 1.5)
    assert (both.wire_bytes, both.resumed, both.refusal) == (15, 3, "why")
    assert both.quantile_ms(1.0) == 300.0


def test_a_load_whose_answers_were_all_right_has_no_trouble() -> None:
    assert tally(1.0, 0.1).trouble == ""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Tally(), "no answer"),
        (tally(1.0, 0.1, statuses=Counter({200: 1, 403: 2}), refusal="not yours"), "1 x 200, 2 x 403 not yours"),
        (tally(1.0, 0.1, errors=Counter({"no answer": 3})), "1 x 200 3 x no answer"),
    ],
    ids=["nothing", "a status", "an error"],
)
def test_whatever_was_not_right_is_said(wrong: Tally, said: str) -> None:
    assert wrong.trouble == said
