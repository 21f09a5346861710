"""Handing over: what the leading process gives to its workers, and how rules come out the same on the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.faults.armed import Armed
from ssp_emulator.workers.tally import SharedRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from ssp_emulator.faults.rule import Rule
    from ssp_emulator.plan import Plan
    from ssp_emulator.workers.tally import SharedTallies

RULES = "fault rules"  # a kind of change; the others are the names of parts


class Begin(NamedTuple):
    """What a worker begins with: the plan, with the registry that is in force, and the URL that refusals lead to."""

    plan: Plan
    described_at: str | None


class Given(NamedTuple):
    """A rule in force, with the number of the row that all count it on."""

    rule: Rule
    seed: int
    since: datetime
    expires: float | None
    scenario: str | None
    row: int


class Rules(NamedTuple):
    """The rules that are to be in force, by their names in their order, and those of them that are new."""

    order: tuple[str, ...]
    new: tuple[Given, ...]


def given(rules: Mapping[str, Armed], new: Iterable[Armed]) -> Rules:
    """Return what tells a worker of rules that are to be in force, of which it does not know those that are new."""
    return Rules(tuple(rules), tuple(map(_given, new)))


def taken(told: Rules, known: Mapping[str, Armed], tallies: SharedTallies) -> dict[str, Armed]:
    """Return the rules that a worker was told of, with those that it knows; none whose time is over is among them."""
    new = {
        each.rule.name: Armed(each.rule, each.seed, each.since, each.expires, each.scenario, tallies.numbered(each.row))
        for each in told.new
    }
    return {name: found for name in told.order if (found := new.get(name) or known.get(name)) is not None}


def _given(armed: Armed) -> Given:
    if not isinstance(armed.row, SharedRow) or armed.row.number is None:
        raise LookupError(f"the counts of {armed.rule.name} are not shared")
    return Given(armed.rule, armed.seed, armed.since, armed.expires, armed.scenario, armed.row.number)
