"""FHIR dates as periods: where each form starts and ends, and what ge and le make of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ssp_emulator.demo.provider.periods import read_period


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2019", "2019-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("2019-12", "2019-12-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("2020-02", "2020-02-01T00:00:00Z", "2020-03-01T00:00:00Z"),
        ("2020-02-29", "2020-02-29T00:00:00Z", "2020-03-01T00:00:00Z"),
        ("2019-06-24T09:35", "2019-06-24T09:35:00Z", "2019-06-24T09:36:00Z"),
        ("2019-06-24T09:35:00", "2019-06-24T09:35:00Z", "2019-06-24T09:35:01Z"),
        ("2019-06-24T09:35:00+11:00", "2019-06-23T22:35:00Z", "2019-06-23T22:35:01Z"),
        ("2019-06-24T09:35:00 11:00", "2019-06-23T22:35:00Z", "2019-06-23T22:35:01Z"),
        ("2019-06-24T09:35:00-05:30", "2019-06-24T15:05:00Z", "2019-06-24T15:05:01Z"),
        ("2019-06-24T09:35:00.250Z", "2019-06-24T09:35:00.250Z", "2019-06-24T09:35:00.251Z"),
    ],
)
def test_a_date_stands_for_a_stretch_of_time(text: str, start: str, end: str) -> None:
    period = read_period(text)
    assert (period.start, period.end) == (at(start), at(end))


@pytest.mark.parametrize("text", ["9999", "9999-12", "9999-12-31", "9999-12-31T23:59:59Z"])
def test_the_end_of_the_calendar_is_a_date_too(text: str) -> None:
    assert read_period(text).reaches(read_period("9999-12-31T23:59:59Z"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "19",
        "2019-13",
        "2019-02-29",
        "2019-6-1",
        "24-06-2019",
        "2019-06-24T09",
        "2019-06-24T24:00",
        "2019-06-24T09:35:00+99:00",
        "2019-06-24T09:35:00GMT",
        "0000",
        "today",
        "2019\n",
    ],
)
def test_anything_else_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_period(text)


@pytest.mark.parametrize(
    ("document", "bound", "ge", "le"),
    [
        ("2019-06-24T09:35:00+01:00", "2019-06-24", True, True),
        ("2019-06-24T09:35:00+01:00", "2019-06", True, True),
        ("2019-06-24T09:35:00+01:00", "2019", True, True),
        ("2019-06-24T09:35:00+01:00", "2019-06-23", True, False),
        ("2019-06-24T09:35:00+01:00", "2019-06-25", False, True),
        ("2019-06-24T09:35:00+01:00", "2019-06-24T08:35:00Z", True, True),
        ("2019-06-24T09:35:00+01:00", "2019-06-24T08:35:01Z", False, True),
        ("2019-06-24T09:35:00+01:00", "2019-06-24T08:34:59Z", True, False),
        ("2019-06-24T00:30:00+01:00", "2019-06-24", False, True),  # still the 23rd in UTC
        ("2018-11", "2018-11-15", True, True),  # a partial date may lie on either side
        ("2018-11", "2018-12-01", False, True),
        ("2018-11", "2018-10-31", True, False),
    ],
)
def test_ge_and_le_overlap_as_fhir_wants(document: str, bound: str, ge: bool, le: bool) -> None:
    created, asked = read_period(document), read_period(bound)
    assert (created.reaches(asked), created.begins_within(asked)) == (ge, le)
