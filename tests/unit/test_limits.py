"""Allowances: what is left of a limit, window by window."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssp_emulator.limits import Allowance, Limits, Quota, Standing
from ssp_emulator.tallies import PlainRow


def test_a_window_begins_with_its_first_request_and_gives_everything_back_at_its_end() -> None:
    allowance = Allowance(2, 60, PlainRow())
    told = [allowance.standing(100.0)]
    for now in (100.0, 130.5):
        allowance.take(now)
        told.append(allowance.standing(now))
    told += [allowance.standing(159.9), allowance.standing(160.0)]
    allowance.take(200.0)
    told.append(allowance.standing(200.0))

    assert told == [
        Standing(2, 2, 60),
        Standing(2, 1, 60),
        Standing(2, 0, 30),
        Standing(2, 0, 1),
        Standing(2, 2, 60),
        Standing(2, 1, 60),
    ]


@given(st.lists(st.floats(0, 50), max_size=40), st.integers(0, 5))
def test_no_window_lets_more_pass_than_its_limit(pauses: list[float], limit: int) -> None:
    allowance, now, passed = Allowance(limit, 10.0, PlainRow()), 0.0, []
    for pause in pauses:
        now += pause
        there_was_one = not allowance.standing(now).spent
        assert (allowance.take(now) is None) == there_was_one
        if there_was_one:
            passed.append(now)
    windows = []
    for moment in passed:
        if not windows or moment >= windows[-1][0] + 10.0:
            windows.append([])
            windows[-1].append(moment)
        else:
            windows[-1].append(moment)
    assert all(len(window) <= limit for window in windows)
    assert limit == 0 or not pauses or passed


@pytest.mark.parametrize(
    ("asid", "limit"), [("1", 5), ("2", 9), ("3", None)], ids=["like each", "its own", "none of its own"]
)
def test_a_quota_is_for_each_but_for_those_with_one_of_their_own(asid: str, limit: int | None) -> None:
    limits = Limits(60, sender=Quota(5, {"2": 9, "3": None}))
    allowance = limits.of_sender(asid)
    assert (allowance.standing(0).limit if allowance is not None else None) == limit
    assert limits.of_receiver(asid) is None


def test_each_asid_and_each_side_counts_for_itself() -> None:
    limits = Limits(60, sender=Quota(5), receiver=Quota(5))
    first = limits.of_sender("1")
    assert first is not None
    first.take(0)
    told = [limits.of_sender("1"), limits.of_sender("2"), limits.of_receiver("1")]
    assert [each.standing(0).remaining for each in told if each is not None] == [4, 5, 5]


@given(st.floats(0, 1e9), st.floats(0, 1e5))
def test_the_seconds_to_go_are_never_more_than_the_window(began: float, elapsed: float) -> None:
    allowance = Allowance(2, 3600.0, PlainRow())
    allowance.take(began)
    assert 1 <= allowance.standing(began + elapsed).reset_s <= 3600


@pytest.mark.parametrize("spent", [0, 1], ids=["the first", "the second"])
def test_of_several_one_is_taken_off_each_or_off_none(spent: int) -> None:
    allowances = [Allowance(0 if place == spent else 3, 60, PlainRow()) for place in range(2)]

    refused = allowances[0].take(5.0, allowances[1])

    assert refused == (allowances[spent], Standing(0, 0, 60))
    assert allowances[1 - spent].standing(5.0).remaining == 3


def test_of_several_that_have_one_left_one_is_taken_off_each() -> None:
    first, second = Allowance(3, 60, PlainRow()), Allowance(2, 60, PlainRow())

    assert first.take(5.0, second) is None
    assert (first.standing(5.0).remaining, second.standing(5.0).remaining) == (2, 1)


def test_who_looks_at_the_clock_before_the_window_began_is_told_no_more_than_the_window() -> None:
    row = PlainRow()
    Allowance(2, 60, row).take(100.5)

    assert Allowance(2, 60, row).standing(100.0) == Standing(2, 1, 60)
