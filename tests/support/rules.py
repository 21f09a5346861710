"""Rules for tests of the engine, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssp_emulator.faults.rule import Rule

if TYPE_CHECKING:
    from ssp_emulator.faults.engine import Engine
    from ssp_emulator.faults.fault import Fault


def rule(name: str, **changes: Any) -> Rule:
    """A rule that refuses every request, but for what is changed."""
    return Rule.model_validate({"name": name, "effect": {"kind": "unavailable"}, **changes})


def fired(fault: Fault) -> list[tuple[str, int]]:
    """The rules that fired, with their counts."""
    return [(firing.rule, firing.count) for firing in fault.firings]


def counts(engine: Engine, name: str) -> tuple[int, int, int]:
    """How often a rule in force matched, fired and was asked for."""
    armed = engine.get(name)
    assert armed is not None
    return armed.counts.matched, armed.counts.fired, armed.counts.asked
