"""A record's terms: what of it questions can be about. The index and whoever follows the trail take them from here."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.audit.reading import Record

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z")
_MOST = 10**18  # what fits into a column of SQLite's, and into a link of the chain
_INSTEAD = "\ufffd"


class Terms(NamedTuple):
    """The terms of a record; `advisories` are pairs of a name and what was found, `text` is folded for searching."""

    time: str
    trace_id: str | None
    from_asid: str | None
    from_ods: str | None
    to_asid: str | None
    to_ods: str | None
    interaction: str | None
    method: str
    status: int | None
    denial: str | None
    nth: int
    text: str
    faults: tuple[str, ...]
    advisories: tuple[tuple[str, str], ...]


def terms_of(record: Record) -> Terms | None:
    """Return a record's terms; None where what somebody has written into the journal is no record."""
    try:
        denial, sender, receiver = record["denial"], record["from"], record["to"]
        trace_id = _optional(record["trace_id"])
        return Terms(
            time=_time(record["time"]),
            trace_id=trace_id.lower() if trace_id is not None else None,
            from_asid=_optional(sender["asid"]),
            from_ods=_optional(sender["ods"]),
            to_asid=_optional(receiver["asid"]),
            to_ods=_optional(receiver["ods"]),
            interaction=_optional(record["interaction"]),
            method=_text(record["method"]),
            status=_number(record["status"]) if record["status"] is not None else None,
            denial=_text(denial["reason"]) if denial is not None else None,
            nth=_number(record["client"].get("request", 0)),  # older records have none
            text=folded("\n".join(_words(record))),
            faults=tuple(_text(each["rule"]) for each in record.get("faults", ())),
            advisories=tuple((_text(each["advisory"]), _text(each["found"])) for each in record.get("advisories", ())),
        )
    except (KeyError, TypeError, AttributeError, ValueError):
        return None


def is_time(text: str) -> bool:
    """Tell whether a text is a time as records have it."""
    if not _TIME.match(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def sound(text: str) -> str:
    """Return a text that SQLite holds and compares as Python does: without half surrogate pairs and zeros."""
    if text.isascii() and "\0" not in text:
        return text
    return "".join(_INSTEAD if each == "\0" or "\ud800" <= each <= "\udfff" else each for each in text)


def folded(text: str) -> str:
    """Return a text as it is searched: upper and lower case are one."""
    return sound(text).casefold()


def _words(record: Record) -> Iterator[str]:
    """Yield what a search for text looks through."""
    yield _text(record["target"])
    if (denial := record["denial"]) is not None:
        yield _text(denial["text"])
    if (provider := record["provider"]) is not None:
        yield from filter(None, (_optional(provider["address"]), _optional(provider["error"])))
    for check in record["checks"]:
        if check["result"] == "fail":
            yield _text(check["check"])
            yield from filter(None, (_optional(check.get("expected")), _optional(check.get("found"))))
    yield from map(_text, record["notes"])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return sound(value)


def _optional(value: Any) -> str | None:
    return None if value is None else _text(value)


def _number(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value < _MOST:
        raise TypeError
    return value


def _time(value: Any) -> str:
    if not isinstance(value, str) or not is_time(value):
        raise TypeError
    return value
