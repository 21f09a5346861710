"""An armed rule: a rule in force, with its counts, and the decisions that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ssp_emulator.faults import chance
from ssp_emulator.faults.effects.effect import Stage
from ssp_emulator.faults.firing import Firing
from ssp_emulator.faults.matching import ConnectionMatcher, conditions_of
from ssp_emulator.tallies import PlainRow

if TYPE_CHECKING:
    from datetime import datetime

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.matching import Condition
    from ssp_emulator.faults.rule import Rule, When
    from ssp_emulator.tallies import Row


@dataclass(frozen=True, slots=True)
class Counts:
    """How many requests (or connections) a rule matched, how many of them it fired on, and how many asked for it."""

    matched: int = 0
    fired: int = 0
    asked: int = 0


@dataclass(slots=True)
class Armed:
    """A rule in force since `since` (UTC); `expires` is when it lifts itself, as a monotonic moment in seconds.

    `seed` is what its decisions depend on, beside its name and its count; `scenario` is where it came from, if it did.
    `row` is where it counts matches, firings and those that were asked for, in this order; `conditions` are what a
    request has to be for it to match.
    """

    rule: Rule
    seed: int
    since: datetime
    expires: float | None = None
    scenario: str | None = None
    row: Row = field(default_factory=PlainRow)
    on_connections: bool = field(init=False)
    conditions: tuple[Condition, ...] = field(init=False, repr=False)
    _connections: ConnectionMatcher = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.on_connections = Stage.CONNECTION in self.rule.effect.stages
        self.conditions = conditions_of(self.rule.match)
        self._connections = ConnectionMatcher(self.rule.match)
        if self.rule.when.seed is not None:
            self.seed = self.rule.when.seed

    def try_on(self, exchange: Exchange, now: datetime) -> Firing | None:
        """Count a request that matches, and return what fires on it."""
        matches = self._in_time(now) and all(condition.holds(exchange) for condition in self.conditions)
        return self._decide() if matches else None

    def try_on_connection(self, client: str, sni: str | None, now: datetime) -> Firing | None:
        """Do the same for a connection."""
        return self._decide() if self._in_time(now) and self._connections.matches(client, sni) else None

    def ask(self) -> Firing:
        """Fire on a request that asks for this rule by name; neither matches nor decisions depend on that."""
        with self.row as numbers:
            numbers.third += 1
            numbers.second += 1
            count = numbers.third
        return Firing(self.rule.name, self.rule.effect.kind, count, asked=True, seed=self.seed)

    @property
    def counts(self) -> Counts:
        """What it has counted so far."""
        with self.row as numbers:
            return Counts(numbers.first, numbers.second, numbers.third)

    def shown(self, monotonic: float) -> dict[str, Any]:
        """Return the rule and its counts as JSON's types."""
        counts = self.counts
        return {
            **self.rule.written(),
            "scenario": self.scenario,
            "since": self.since.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "expires_in_s": None if self.expires is None else round(max(self.expires - monotonic, 0.0), 3),
            "counts": {"matched": counts.matched, "fired": counts.fired, "asked": counts.asked},
        }

    def _in_time(self, now: datetime) -> bool:
        window = self.rule.when.window
        return window is None or window.contains(now)

    def _decide(self) -> Firing | None:
        with self.row as numbers:
            numbers.first += 1
            count = numbers.first
            # All that it has fired by itself: a request that asked for it took none of `times`.
            if not hits(self.rule.when, self.rule.name, self.seed, count, numbers.second - numbers.third):
                return None
            numbers.second += 1
        return Firing(self.rule.name, self.rule.effect.kind, count, seed=self.seed)


def hits(when: When, name: str, seed: int, count: int, hit_before: int) -> bool:
    """Decide on a rule's match of a count, from 1; `hit_before` is how many of those before it were hit."""
    if when.sequence is not None:
        turn = count - 1
        if turn >= len(when.sequence) and not when.repeat:
            return False
        return when.sequence[turn % len(when.sequence)] == "apply"
    if count <= when.skip or (when.times is not None and hit_before >= when.times):
        return False
    return chance.happens(when.probability, seed, name, count)
