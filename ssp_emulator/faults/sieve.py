"""A sieve: of many rules, those that a request may match, found by one condition of each.

Rules that share a condition share its look at the request, and those that want one exact value are found by it in one
step; so a thousand rules cost what their different patterns cost, and not a thousand looks.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.armed import Armed
    from ssp_emulator.faults.matching import Condition

_Places = list[int]


class _ByValue(NamedTuple):
    """Rules that want one exact value each of the same fact, by that value."""

    values: Callable[[Exchange], Iterable[str | None]]
    places: dict[str | None, _Places]


class _ByPattern(NamedTuple):
    """Rules that begin with the same condition."""

    condition: Condition
    places: _Places


class Sieve:
    """Rules in their order, ready to be sifted for each request."""

    def __init__(self, rules: Sequence[Armed]) -> None:
        self._rules = rules
        self._always: _Places = []
        by_value: dict[Any, _ByValue] = {}
        by_pattern: dict[Any, _ByPattern] = {}
        for place, armed in enumerate(rules):
            first = min(armed.conditions, key=lambda condition: not condition.is_exact, default=None)
            if first is None:
                self._always.append(place)
            elif first.is_exact:
                found = by_value.setdefault(first.about, _ByValue(first.values, defaultdict(list)))
                found.places[first.pattern].append(place)
            else:
                by_pattern.setdefault((first.about, first.pattern), _ByPattern(first, [])).places.append(place)
        self._by_value = [_ByValue(values, dict(places)) for values, places in by_value.values()]
        self._by_pattern = tuple(by_pattern.values())

    def left(self, exchange: Exchange) -> list[Armed]:
        """Return the rules that a request may match, in their order: all that do, and few that do not."""
        places = set(self._always)
        for values, wanted in self._by_value:
            for value in values(exchange):
                places.update(wanted.get(value, ()))
        for condition, those in self._by_pattern:
            if condition.holds(exchange):
                places.update(those)
        return [self._rules[place] for place in sorted(places)]
