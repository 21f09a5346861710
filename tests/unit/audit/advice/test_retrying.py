"""Retries: how many, and with which pauses; and what is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import setup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Advised = Callable[..., dict[str, str]]

MANY, HASTY = "too-many-retries", "no-back-off"


def attempts(
    advised: Advised, pauses_s: Iterable[float], *, took: float = 0.5, at: float = 1000.0, **changes: Any
) -> list[dict[str, str]]:
    """Send a request that fails, and again after each pause; return the advice on each attempt."""
    said = [advised(at, took=took, **{"status": 503, **changes})]
    for pause_s in pauses_s:
        at += took + pause_s
        said.append(advised(at, took=took, **{"status": 503, **changes}))
    return said


def test_three_retries_with_back_off_are_as_they_should_be(advised: Advised) -> None:
    assert attempts(advised, (1, 2, 4)) == [{}] * 4


def test_a_first_retry_may_come_at_once(advised: Advised) -> None:
    assert attempts(advised, (0.001, 0.04, 0.08)) == [{}] * 4


@pytest.mark.parametrize("failure", [500, 502, 503, 504, 599, 429, 444, 499, None])
def test_a_fourth_retry_is_one_too_many(advised: Advised, failure: int | None) -> None:
    said = attempts(advised, (1, 2, 4, 8, 16), status=failure)
    ended = "no answer" if failure is None else failure
    assert said[:4] == [{}] * 4
    assert said[4:] == [{MANY: f"retry {n}; the attempt before it ended in: {ended}"} for n in (4, 5)]


def test_an_answer_that_was_broken_off_is_a_failure(advised: Advised) -> None:
    said = attempts(advised, (1, 2, 4, 8), status=200, broken_off=True)
    assert said[4] == {MANY: "retry 4; the attempt before it ended in: 200, broken off"}


@pytest.mark.parametrize("status", [200, 201, 304, 400, 403, 404, 409, 415, 422])
def test_after_any_other_answer_nothing_is_a_retry(advised: Advised, status: int) -> None:
    assert attempts(advised, [0.01] * 10, status=status) == [{}] * 11


@pytest.mark.parametrize(
    ("pauses_s", "advised_at"),
    [
        ((0.1, 0.1), [2]),
        ((0.1, 0.105, 0.11), [2, 3]),
        ((0.001, 0.002, 0.004), [2, 3]),
        ((1, 2, 1), [3]),
        ((1, 1.5, 2.25), []),
        ((2, 1), [2]),
        ((0.5,), []),
    ],
)
def test_each_pause_is_longer_than_the_one_before(
    advised: Advised, pauses_s: tuple[float, ...], advised_at: list[int]
) -> None:
    said = attempts(advised, pauses_s)
    assert [number for number, each in enumerate(said) if HASTY in each] == advised_at


def test_the_pauses_are_told(advised: Advised) -> None:
    said = attempts(advised, (0.1, 0.102, 0.1))
    assert said[3][HASTY] == "retry 3; the pauses before the retries: 100, 102, 100 ms"


def test_of_many_pauses_the_latest_are_told(advised: Advised) -> None:
    said = attempts(advised, [0.01 * n for n in range(1, 20)])
    assert said[-1] == {
        HASTY: "retry 19; the pauses before the retries: 150, 160, 170, 180, 190 ms",
        MANY: "retry 19; the attempt before it ended in: 503",
    }


def test_success_ends_it(advised: Advised) -> None:
    attempts(advised, (1, 2))
    assert advised(1010.0) == {}
    assert attempts(advised, (1, 2, 4), at=1020.0) == [{}] * 4


def test_who_comes_again_after_a_minute_is_a_person(advised: Advised) -> None:
    assert attempts(advised, [60.5] * 6) == [{}] * 7
    assert MANY in attempts(advised, [59.5] * 6, at=9000.0)[4]


def test_after_just_a_minute_it_is_a_retry(advised: Advised) -> None:
    said = attempts(advised, (60.0, 60.0))
    assert said == [{}, {}, {HASTY: "retry 2; the pauses before the retries: 60000, 60000 ms"}]


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"Ssp-From": setup.OTHER_CONSUMER}},
        {"raw_target": f"/{setup.ROOT}/Binary/2"},
        {"raw_target": f"/{setup.ROOT}/Binary/1?a=b"},
        {"method": "HEAD"},
    ],
    ids=["another sender", "another target", "another query", "another method"],
)
def test_another_request_is_no_retry(advised: Advised, changes: dict[str, Any]) -> None:
    attempts(advised, (1, 2, 4))
    assert {MANY, HASTY} & set(advised(1010.0, status=503, **changes)) == set()
    assert MANY in advised(1010.0, status=503)  # while the same one is


def test_requests_at_the_same_time_are_no_retries(advised: Advised) -> None:
    assert [advised(1000.0 + 0.01 * n, took=5.0, status=503) for n in range(10)] == [{}] * 10


@pytest.mark.parametrize("body", [{"Content-Length": "7"}, {"Transfer-Encoding": "chunked"}])
def test_what_has_a_body_may_ask_for_something_else_each_time(advised: Advised, body: dict[str, str]) -> None:
    headers = {**body, "Content-Type": "application/fhir+json;charset=utf-8"}
    said = attempts(advised, [0.1] * 6, headers=headers)
    assert said == [{}] * 7
