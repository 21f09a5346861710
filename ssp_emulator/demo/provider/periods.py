"""FHIR's dates, full or partial, as stretches of time that can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

_DATE_TIME = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:-(?P<month>[0-9]{2})"
    r"(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6})[0-9]*)?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Period:
    """The stretch of time that a date stands for: from `start` up to, and without, `end`."""

    start: datetime
    end: datetime

    def reaches(self, bound: Period) -> bool:
        """Tell whether any of this is at or after the bound (`ge`)."""
        return self.end > bound.start

    def begins_within(self, bound: Period) -> bool:
        """Tell whether any of this is at or before the bound (`le`)."""
        return self.start < bound.end


def read_period(text: str) -> Period:
    """Read `YYYY`, `YYYY-MM`, `YYYY-MM-DD` or a date with a time, to the minute or finer.

    A time without an offset is read as UTC. A space where the offset's `+` should be is read as `+`, for that
    is what becomes of a plus sign that a consumer did not escape.
    Raises ValueError for anything else, and for days that are not in the calendar.

    Source: FHIR STU3, "Search", date; and "Data types", dateTime.
    """
    match = _DATE_TIME.fullmatch(text.replace(" ", "+"))
    if match is None:
        raise ValueError(f"{text!r} is neither a date nor a dateTime")
    part = match.groupdict()
    start = datetime(
        int(part["year"]),
        int(part["month"] or 1),
        int(part["day"] or 1),
        int(part["hour"] or 0),
        int(part["minute"] or 0),
        int(part["second"] or 0),
        int((part["fraction"] or "0").ljust(6, "0")),
        tzinfo=_zone(part["zone"]),
    )
    return Period(start, _end(start, part))


def _zone(text: str | None) -> timezone:
    # FHIR leaves a missing zone to the server. Winter time in the United Kingdom is UTC, and a demo whose
    # answers do not change with the machine's zone is worth more than an hour in summer.
    if text is None or text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)


def _end(start: datetime, part: dict[str, str | None]) -> datetime:
    try:
        if part["month"] is None:
            return start.replace(year=start.year + 1)
        if part["day"] is None:
            return (start + timedelta(days=31)).replace(day=1)
        return start + _width(part)
    except (OverflowError, ValueError):  # the last year that there is: consumers write 9999 for "no end"
        return _LATEST


def _width(part: dict[str, str | None]) -> timedelta:
    if part["hour"] is None:
        return timedelta(days=1)
    if part["second"] is None:
        return timedelta(minutes=1)
    return timedelta(seconds=1) if part["fraction"] is None else timedelta(milliseconds=1)
