"""The time window of a rule: the moments that are read, and those that are in it."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest
from pydantic import ValidationError

from ssp_emulator.faults.rule import Window


def problem(window: dict[str, Any]) -> tuple[tuple[int | str, ...], str]:
    """Where the only thing that is wrong with a window stands, and what is said of it."""
    with pytest.raises(ValidationError) as refused:
        Window.model_validate(window)
    (error,) = refused.value.errors()
    return error["loc"], error["msg"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("22:30", time(22, 30)),
        ("00:00", time(0, 0)),
        ("23:59:59", time(23, 59, 59)),
        ("2026-11-22T22:30:00Z", datetime(2026, 11, 22, 22, 30, tzinfo=UTC)),
        ("2026-11-22T22:30:00+02:00", datetime(2026, 11, 22, 20, 30, tzinfo=UTC)),
        (datetime(2026, 11, 22, 22, 30, tzinfo=UTC), datetime(2026, 11, 22, 22, 30, tzinfo=UTC)),
    ],
)
def test_moments_that_are_read(written: object, read: object) -> None:
    until = {"until": "00:01"} if isinstance(read, time) else {}
    assert Window.model_validate({"from": written, **until}).from_ == read


@pytest.mark.parametrize(
    "written",
    [
        "24:00",
        "22:60",
        "9:30",
        "22:30Z",
        "22:30\n",
        "",
        "2026-11-22",
        "2026-11-22T22:30:00",
        "2026-13-22T22:30:00Z",
        "0001-01-01T00:00:00+23:00",
        "midnight",
        1350,  # what YAML makes of 22:30 with no quotes
        datetime(2026, 11, 22, 22, 30),  # noqa: DTZ001 - as YAML reads a moment that has no offset
    ],
)
def test_moments_that_are_not(written: object) -> None:
    where, what = problem({"from": written})
    assert where == ("from",)
    assert 'as in "22:30"' in what
    assert f"found {written!r}" in what


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({}, "should have from, until or both"),
        ({"from": "22:30"}, "should have two times of day, or moments only"),
        ({"until": "22:30"}, "should have two times of day, or moments only"),
        ({"from": "22:30", "until": "2026-11-22T22:30:00Z"}, "should have two times of day, or moments only"),
        ({"from": "2026-11-22T22:30:00Z", "until": "2026-11-22T22:30:00Z"}, "until should come after from"),
        ({"from": "2026-11-22T22:30:00Z", "until": "2026-11-22T23:00:00+01:00"}, "until should come after from"),
    ],
)
def test_windows_that_have_no_sense(window: dict[str, Any], said: str) -> None:
    where, what = problem(window)
    assert where == ()
    assert said in what


@pytest.mark.parametrize(
    ("begin", "end", "inside", "outside"),
    [
        ("09:00", "17:00", ["09:00:00", "16:59:59.999999"], ["08:59:59.999999", "17:00:00"]),
        ("22:00", "06:00", ["22:00:00", "23:59:59", "00:00:00", "05:59:59"], ["06:00:00", "21:59:59"]),
        ("00:00", "00:01", ["00:00:59"], ["00:01:00", "23:59:59"]),
        ("12:00", "12:00", ["12:00:00", "11:59:59"], []),
    ],
)
def test_times_of_day_come_each_day_and_over_midnight(
    begin: str, end: str, inside: list[str], outside: list[str]
) -> None:
    window = Window.model_validate({"from": begin, "until": end})
    for day in ("2026-11-22", "2027-02-28"):
        for clock in inside:
            assert window.contains(datetime.fromisoformat(f"{day}T{clock}+00:00")), clock
        for clock in outside:
            assert not window.contains(datetime.fromisoformat(f"{day}T{clock}+00:00")), clock


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ({"from": "2026-11-22T00:00:00Z"}, ["2026-11-22T00:00:00", "2099-01-01T00:00:00"], ["2026-11-21T23:59:59"]),
        ({"until": "2026-11-22T00:00:00Z"}, ["2026-11-21T23:59:59"], ["2026-11-22T00:00:00"]),
        (
            {"from": "2026-11-22T00:00:00Z", "until": "2026-11-22T00:00:01Z"},
            ["2026-11-22T00:00:00.5"],
            ["2026-11-22T00:00:01", "2026-11-21T23:59:59"],
        ),
    ],
)
def test_moments_come_once(window: dict[str, str], inside: list[str], outside: list[str]) -> None:
    read = Window.model_validate(window)
    assert all(read.contains(datetime.fromisoformat(f"{moment}+00:00")) for moment in inside)
    assert not any(read.contains(datetime.fromisoformat(f"{moment}+00:00")) for moment in outside)
