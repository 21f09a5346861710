"""Chance: the same on every platform and in every release, even, and each rule's own."""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.faults import chance
from ssp_emulator.faults.chance import Draws
from ssp_emulator.faults.firing import Firing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ALL = 1 << 64


def decisions(probability: float, seed: int, rule: str, counts: Sequence[int]) -> list[bool]:
    return [chance.happens(probability, seed, rule, count) for count in counts]


@pytest.mark.parametrize(
    ("seed", "rule", "count", "number"),
    [
        # As `printf '42\nslow-documents\n1\ndecision' | b2sum -l 64` has it.
        (42, "slow-documents", 1, 0xAF657E7A4BF03BCD),
        (42, "slow-documents", 2, 0xA9BB236DCC87AB1A),
        (0, "a", 1, 0xD0CF34CB9E31E8E9),
    ],
)
def test_a_decision_is_by_the_same_number_for_ever(seed: int, rule: str, count: int, number: int) -> None:
    below = (number >> 11) * 2.0**-53  # as near as a probability comes to it
    assert chance.happens(below, seed, rule, count) is False
    assert chance.happens(below + 2.0**-53, seed, rule, count) is True


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
    draws = Firing("slow-documents", "latency", 6, seed=42).draws
    # As `printf '42\nslow-documents\n6\neffect\n1' | openssl dgst -shake256 -xoflen 8` has it, and so on.
    assert draws.bytes(8).hex() == "2ab4b5f402434c3e"
    assert [draws.random() for _ in range(2)] == [0.4709416037478037, 0.5220630188794663]
    assert draws.bytes(4).hex() == "8d317878"
    assert draws.below(1000) == 607
    assert Firing("slow-documents", "latency", 6, seed=42, asked=True).draws.random() == 0.03740527217456979


def test_more_bytes_of_a_draw_begin_with_fewer_of_it() -> None:
    few, many = (Draws(0, "rule", 1, "effect").bytes(size) for size in (8, 100_000))
    assert (len(few), len(many)) == (8, 100_000)
    assert many.startswith(few)
    assert Draws(0, "rule", 1, "effect").bytes(0) == b""


@pytest.mark.parametrize(("drawn", "number"), [(b"\0" * 8, 0.0), (b"\xff" * 8, 1 - 2**-53), (b"\x80" + b"\0" * 7, 0.5)])
def test_a_drawn_number_is_never_one(monkeypatch: pytest.MonkeyPatch, drawn: bytes, number: float) -> None:
    draws = Draws(0, "rule", 1, "effect")
    monkeypatch.setattr(draws, "bytes", lambda size: drawn[:size])
    assert draws.random() == number
    assert draws.below(256) == int(256 * number) < 256


@pytest.mark.parametrize("limit", [1, 8, 10])
def test_whole_numbers_below_a_limit_are_even(limit: int) -> None:
    draws = Draws(0, "rule", 1, "effect")
    found = [0] * limit
    for _ in range(1000 * limit):
        found[draws.below(limit)] += 1
    assert sum((each - 1000) ** 2 / 1000 for each in found) < 21.7  # 9 degrees of freedom, at 1 %


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
    digest = number.to_bytes(8, "big")
    monkeypatch.setattr(
        chance, "hashlib", SimpleNamespace(blake2b=lambda *_, **__: SimpleNamespace(digest=lambda: digest))
    )
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
@pytest.mark.parametrize("within", [True, False], ids=["of one firing", "of each firing"])
def test_numbers_are_even(within: bool, shift: int) -> None:
    draws = Draws(0, "rule", 1, "effect")
    found = [0] * 16
    for count in range(1, 16_001):
        drawn = draws if within else Draws(0, "rule", count, "effect")
        found[int.from_bytes(drawn.bytes(8), "big") >> shift & 15] += 1
    chi_squared = sum((each - 1000) ** 2 / 1000 for each in found)
    assert chi_squared < 30.6  # 15 degrees of freedom, at 1 %


COUNTS = range(10_000)
PAIRS = [
    ((0, "rule", 0), (0, "rule-2", 0)),
    ((0, "rule", 0), (1, "rule", 0)),
    ((0, "rule", 0), (0, "rule", 1)),  # one decision and the next
    ((1, "1", 0), (11, "", 0)),  # seed and name are kept apart
]


def decided(seed: int, rule: str, later: int) -> list[float]:
    """Decisions of even chance, as signs."""
    return [1.0 if chance.happens(0.5, seed, rule, count + later) else -1.0 for count in COUNTS]


def drawn(seed: int, rule: str, later: int, purpose: str = "effect") -> list[float]:
    """Drawn numbers, with a mean of 0 and a deviation of 1."""
    return [(Draws(seed, rule, count + later, purpose).random() - 0.5) * math.sqrt(12) for count in COUNTS]


def correlation(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True)) / len(one)


@pytest.mark.parametrize("numbers", [decided, drawn])
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_no_sequence_tells_of_another(
    numbers: Callable[[int, str, int], list[float]], one: tuple[int, str, int], other: tuple[int, str, int]
) -> None:
    assert abs(correlation(numbers(*one), numbers(*other))) < 3 / math.sqrt(len(COUNTS))


def test_what_is_decided_and_what_is_drawn_have_nothing_to_do_with_each_other() -> None:
    all_three = [decided(0, "rule", 0), drawn(0, "rule", 0), drawn(0, "rule", 0, "asked")]
    for one, other in combinations(all_three, 2):
        assert abs(correlation(one, other)) < 3 / math.sqrt(len(COUNTS))


def test_neither_order_nor_python_s_own_chance_matters() -> None:
    counts = list(range(1, 1001))
    expected = dict(zip(counts, decisions(0.3, 7, "rule", counts), strict=True))
    Random(3).shuffle(counts)
    assert {count: chance.happens(0.3, 7, "rule", count) for count in counts} == expected
