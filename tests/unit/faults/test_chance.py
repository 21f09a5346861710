"""Chance: the same on every platform and in every release, even, and each rule's own."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.faults import chance
from ssp_emulator.faults.firing import Firing

if TYPE_CHECKING:
    from collections.abc import Sequence

ALL = 1 << 64


def decisions(probability: float, seed: int, rule: str, counts: Sequence[int]) -> list[bool]:
    return [chance.happens(probability, seed, rule, count) for count in counts]


@pytest.mark.parametrize(
    ("seed", "rule", "count", "purpose", "expected"),
    [
        # As `printf '42\nslow-documents\n1\ndecision' | b2sum -l 64` has it.
        (42, "slow-documents", 1, "decision", 0xAF657E7A4BF03BCD),
        (42, "slow-documents", 2, "decision", 0xA9BB236DCC87AB1A),
        (0, "a", 1, "decision", 0xD0CF34CB9E31E8E9),
        (0, "a", 1, "effect", 0x376A974BC2F0E237),
    ],
)
def test_numbers_are_the_same_for_ever(seed: int, rule: str, count: int, purpose: str, expected: int) -> None:
    assert chance.number(seed, rule, count, purpose) == expected


@pytest.mark.parametrize(
    ("seed", "rule", "hit"),
    [
        (42, "slow-documents", [6, 11, 13, 17, 19]),
        (43, "slow-documents", [1, 6, 10, 14, 15, 20]),
        (42, "flapping", [1, 4, 5, 12, 14, 15, 17]),
    ],
)
def test_the_first_twenty_decisions_are_the_same_for_ever(seed: int, rule: str, hit: list[int]) -> None:
    decided = decisions(0.3, seed, rule, range(1, 21))
    assert [count for count, happens in enumerate(decided, 1) if happens] == hit


def test_what_an_effect_draws_is_the_same_for_ever() -> None:
    firing = Firing("slow-documents", "latency", 6, seed=42)
    assert [firing.random.random() for _ in range(3)] == [0.98273724488373, 0.9116006853923336, 0.7048155260878877]
    asked = Firing("slow-documents", "latency", 6, seed=42, asked=True)
    assert asked.random.random() == 0.4691998591027212


@pytest.mark.parametrize(("probability", "happens"), [(0.0, False), (1.0, True)])
def test_never_and_always(probability: float, happens: bool) -> None:
    assert set(decisions(probability, 1, "rule", range(1, 5001))) == {happens}


@pytest.mark.parametrize(
    ("number", "probability", "happens"),
    [(0, 0.0, False), (0, 2**-64, True), (ALL - 1, 1.0, True), (ALL // 2 - 1, 0.5, True), (ALL // 2, 0.5, False)],
)
def test_where_the_line_is_drawn(
    monkeypatch: pytest.MonkeyPatch, number: int, probability: float, happens: bool
) -> None:
    monkeypatch.setattr(chance, "number", lambda *_: number)
    assert chance.happens(probability, 0, "rule", 1) is happens


def test_what_happens_at_a_probability_happens_at_a_higher_one() -> None:
    for lower, higher in pairwise((0.0, 0.01, 0.3, 0.5, 0.99, 1.0)):
        both = zip(decisions(lower, 1, "rule", range(500)), decisions(higher, 1, "rule", range(500)), strict=True)
        assert all(after for before, after in both if before)


@pytest.mark.parametrize("probability", [0.01, 0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize(("seed", "rule"), [(0, "rule"), (1, "rule"), (2**63 - 1, "flapping-practice")])
def test_as_many_happen_as_should(probability: float, seed: int, rule: str) -> None:
    requests = 10_000
    hit = sum(decisions(probability, seed, rule, range(1, requests + 1)))
    deviation = math.sqrt(requests * probability * (1 - probability))
    assert abs(hit - requests * probability) < 3 * deviation


@pytest.mark.parametrize("shift", [60, 32, 0], ids=["high bits", "middle bits", "low bits"])
def test_numbers_are_even(shift: int) -> None:
    found = [0] * 16
    for count in range(1, 16_001):
        found[chance.number(0, "rule", count) >> shift & 15] += 1
    chi_squared = sum((each - 1000) ** 2 / 1000 for each in found)
    assert chi_squared < 30.6  # 15 degrees of freedom, at 1 %


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((0, "rule", 0), (0, "rule-2", 0)),
        ((0, "rule", 0), (1, "rule", 0)),
        ((0, "rule", 0), (0, "rule", 1)),  # one decision and the next
        ((1, "1", 0), (11, "", 0)),  # seed and name are kept apart
    ],
)
def test_no_sequence_tells_of_another(one: tuple[int, str, int], other: tuple[int, str, int]) -> None:
    first, second = (
        [chance.number(seed, rule, count + later) / ALL - 0.5 for count in range(10_000)]
        for seed, rule, later in (one, other)
    )
    correlation = sum(a * b for a, b in zip(first, second, strict=True)) / (10_000 / 12)
    assert abs(correlation) < 3 / math.sqrt(10_000)


def test_what_is_decided_and_what_is_drawn_have_nothing_to_do_with_each_other() -> None:
    both = [
        (chance.number(0, "rule", count) / ALL - 0.5, chance.number(0, "rule", count, "effect") / ALL - 0.5)
        for count in range(10_000)
    ]
    assert abs(sum(decided * drawn for decided, drawn in both) / (10_000 / 12)) < 3 / math.sqrt(10_000)


def test_neither_order_nor_python_s_own_chance_matters() -> None:
    counts = list(range(1, 1001))
    expected = dict(zip(counts, decisions(0.3, 7, "rule", counts), strict=True))
    Random(3).shuffle(counts)
    assert {count: chance.happens(0.3, 7, "rule", count) for count in counts} == expected
