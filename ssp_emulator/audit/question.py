"""A question about the trail: which records are wanted, and which page of them.

It is made from strings, as a query or a command has them, and asked of the index, or of each record as it comes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ssp_emulator.audit.cursor import Cursor, CursorError
from ssp_emulator.audit.terms import folded, sound, terms_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ssp_emulator.audit.reading import Record
    from ssp_emulator.audit.terms import Terms

MOST = 1000
USUAL = 50

_STATUS = re.compile(r"([1-9])(?:([0-9]{2})|xx)\Z")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})\Z"
)
_LIMIT = re.compile(r"[1-9][0-9]{0,3}\Z")
_SHOWN = 100


class QuestionError(ValueError):
    """A question cannot be asked as it is: `parameter` is what is wrong with it, `message` what would be right."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(f"{parameter} {message}")
        self.parameter = parameter
        self.message = message


class Term(NamedTuple):
    """A parameter of questions; `schema` is its JSON Schema, and `description` is for people."""

    name: str
    description: str
    schema: dict[str, Any]


def _term(name: str, description: str, **schema: Any) -> Term:
    return Term(name, description, {"type": "string", "minLength": 1, **schema})


FILTERS: tuple[Term, ...] = (
    _term("trace_id", "The trace ID, in upper or lower case."),
    _term("from", "The sender's ASID."),
    _term("to", "The receiver's ASID."),
    _term("organisation", "The ODS code of the sender's organisation, or the receiver's."),
    _term("interaction", "The interaction; * stands for any characters."),
    _term("method", "The method, as in GET."),
    _term("status", "The status sent, as in 502, or 5xx for all from 500 to 599.", pattern="^[1-9]([0-9]{2}|xx)$"),
    _term("refusal", "The name of the reason why the proxy itself refused (docs/refusals.md)."),
    _term("fault", "The name of a fault rule that fired."),
    _term("advisory", "The name of an advisory on the exchange."),
    _term("since", "From this moment on: RFC 3339, with an offset.", format="date-time"),
    _term("until", "Before this moment: RFC 3339, with an offset.", format="date-time"),
    _term("text", "What stands in target, refusal, provider, failed checks or notes, in upper or lower case."),
)
PAGING: tuple[Term, ...] = (
    Term("limit", "How many records at most.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}),
    _term("after", "The next page: the `next` of the one before."),
    Term("count", "Whether to count all that match, too.", {"type": "boolean", "default": False}),
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the trail; None is anything.

    `status` is the lowest and the highest, `since` is included and `until` is not; both are as records have them.
    """

    trace_id: str | None = None
    from_asid: str | None = None
    to_asid: str | None = None
    organisation: str | None = None
    interaction: str | None = None
    method: str | None = None
    status: tuple[int, int] | None = None
    refusal: str | None = None
    fault: str | None = None
    advisory: str | None = None
    since: str | None = None
    until: str | None = None
    text: str | None = None
    limit: int = USUAL
    after: Cursor | None = None
    count: bool = False

    @classmethod
    def of(cls, strings: Mapping[str, str]) -> Self:
        """Read a question from its parameters, by the names of `FILTERS` and `PAGING`; raises `QuestionError`."""
        return cls(**{_FIELDS.get(name, name): _read(name, text) for name, text in strings.items()})

    def matches(self, record: Record) -> bool:
        """Tell whether a record is one of those that are asked for, whatever the page."""
        terms = terms_of(record)
        return terms is not None and self._fits(terms)

    def _fits(self, terms: Terms) -> bool:
        return all(_FITS[name](getattr(self, name), terms) for name in _FITS if getattr(self, name) is not None)


def _read(name: str, text: str) -> Any:
    reader = _READERS.get(name)
    if reader is None:
        raise QuestionError(name, f"is not known; these are: {', '.join(_READERS)}")
    if not text:
        raise QuestionError(name, "should not be empty")
    try:
        return reader(text)
    except ValueError as error:
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
        raise QuestionError(name, f"should be {error}, found {shown!r}") from None


def _status(text: str) -> tuple[int, int]:
    found = _STATUS.match(text)
    if found is None:
        raise ValueError("a status, as in 502, or 5xx for all from 500 to 599")
    hundreds = int(found[1]) * 100
    return (hundreds, hundreds + 99) if found[2] is None else (hundreds + int(found[2]), hundreds + int(found[2]))


def _moment(text: str) -> str:
    try:
        if _MOMENT.match(text):
            moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
            if moment.microsecond % 1000:  # records have milliseconds: the first that is not before it
                moment += timedelta(milliseconds=1)
            return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):  # no such day, or too much of an offset for the first or the last one
        pass
    raise ValueError("a date and time with its offset, as in 2026-11-22T22:30:00Z (in a URL, + is written %2B)")


def _limit(text: str) -> int:
    if not _LIMIT.match(text) or int(text) > MOST:
        raise ValueError(f"a number from 1 to {MOST}")
    return int(text)


def _after(text: str) -> Cursor:
    try:
        return Cursor.of(text)
    except CursorError:
        raise ValueError("what an answer has given as next") from None


def _count(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("true or false")
    return text == "true"


def _glob(pattern: str, text: str | None) -> bool:
    """Tell whether a text is as a pattern says, where `*` stands for any characters."""
    first, *later = pattern.split("*")
    if text is None or not later:
        return text == pattern
    *between, last = later
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    place, end = len(first), len(text) - len(last)
    for part in between:
        place = text.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return True


_FIELDS = {"from": "from_asid", "to": "to_asid"}
_READERS: dict[str, Callable[[str], Any]] = {
    "trace_id": lambda text: sound(text).lower(),
    "from": sound,
    "to": sound,
    "organisation": sound,
    "interaction": sound,
    "method": sound,
    "status": _status,
    "refusal": sound,
    "fault": sound,
    "advisory": sound,
    "since": _moment,
    "until": _moment,
    "text": folded,
    "limit": _limit,
    "after": _after,
    "count": _count,
}
_FITS: dict[str, Callable[[Any, Terms], bool]] = {
    "trace_id": lambda asked, terms: terms.trace_id == asked,
    "from_asid": lambda asked, terms: terms.from_asid == asked,
    "to_asid": lambda asked, terms: terms.to_asid == asked,
    "organisation": lambda asked, terms: asked in (terms.from_ods, terms.to_ods),
    "interaction": lambda asked, terms: _glob(asked, terms.interaction),
    "method": lambda asked, terms: terms.method == asked,
    "status": lambda asked, terms: terms.status is not None and asked[0] <= terms.status <= asked[1],
    "refusal": lambda asked, terms: terms.denial == asked,
    "fault": lambda asked, terms: asked in terms.faults,
    "advisory": lambda asked, terms: any(name == asked for name, _ in terms.advisories),
    "since": lambda asked, terms: terms.time >= asked,
    "until": lambda asked, terms: terms.time < asked,
    "text": lambda asked, terms: asked in terms.text,
}
