"""Matching: a rule's patterns, compiled once, held against a request or a connection."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.rule import Match

    _Values = Callable[[Exchange], Iterable[str | None]]


class Condition:
    """One pattern that can fail, and the values that it is held against: it holds where any of them matches.

    A value that is not there is matched by none. `about` tells conditions apart that look at different things, and
    `is_exact` those whose pattern stands for itself only.
    """

    __slots__ = ("_fits", "about", "is_exact", "pattern", "values")

    def __init__(self, about: str, values: _Values, pattern: str) -> None:
        self.about = about
        self.values = values
        self.pattern = pattern
        self.is_exact = not set("*?") & set(pattern)
        self._fits = _compiled(pattern)

    def holds(self, exchange: Exchange) -> bool:
        """Tell whether a request is so."""
        fits = self._fits
        return any(value is not None and fits(value) for value in self.values(exchange))


def conditions_of(match: Match) -> tuple[Condition, ...]:
    """Return what a request has to be for a rule to be about it; all of them have to hold."""
    facts = [Condition(key, _FACTS[key], pattern) for key, pattern in match.patterns.items()]
    fields = [Condition(f"header {name.lower()}", _field(name), pattern) for name, pattern in match.header.items()]
    return (*facts, *fields)


def _field(name: str) -> _Values:
    return lambda exchange: exchange.headers.getall(name, ())


class ConnectionMatcher:
    """Tells the same of a connection, of which only client and SNI are known."""

    def __init__(self, match: Match) -> None:
        self._client, self._sni = _compiled(match.client), _compiled(match.sni)
        self._any_sni = match.sni == "*"

    def matches(self, client: str, sni: str | None) -> bool:
        """Tell whether a connection matches; takes the client's IP address, and the host name that it asked for."""
        return bool(self._client(client)) and (self._any_sni or (sni is not None and bool(self._sni(sni))))


def _compiled(pattern: str) -> Callable[[str], object]:
    """Compile a glob: `*` stands for any characters, `?` for any one, and all others for themselves."""
    return _with_any_one(pattern) if "?" in pattern else _of_parts(pattern.split("*"))


def _of_parts(parts: list[str]) -> Callable[[str], object]:
    """Return what finds each part behind the one before it, which costs no more than one look at the text."""
    first, last, between = parts[0], parts[-1], parts[1:-1]
    if len(parts) == 1:
        return first.__eq__

    def fits(text: str) -> bool:
        if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
            return False
        place, end = len(first), len(text) - len(last)
        for part in between:
            if (found := text.find(part, place, end)) < 0:
                return False
            place = found + len(part)
        return True

    return fits


def _with_any_one(pattern: str) -> Callable[[str], object]:
    first, *later = ("".join("." if each == "?" else re.escape(each) for each in part) for part in pattern.split("*"))
    if not later:
        return re.compile(first, re.DOTALL).fullmatch
    *between, last = later
    # Each part is looked for once, at its first place: a later place matches nothing more, and trying them all would
    # take the text's length to the power of the stars.
    found = "".join(f"(?>.*?{part})" for part in between if part)
    return re.compile(f"{first}{found}.*{last}", re.DOTALL).fullmatch


_FACTS: dict[str, _Values] = {
    "from": lambda exchange: (exchange.from_asid,),
    "to": lambda exchange: (exchange.to_asid,),
    "interaction": lambda exchange: (exchange.interaction_id,),
    "method": lambda exchange: (exchange.method,),
    "target": lambda exchange: (exchange.target_text,),
    "trace_id": lambda exchange: (exchange.trace_id,),
    "organisation": lambda exchange: tuple(
        party.organisation.ods for party in (exchange.sender, exchange.receiver) if party is not None
    ),
    "client": lambda exchange: (exchange.client.host,),
    "sni": lambda exchange: (exchange.client.sni,),
}
