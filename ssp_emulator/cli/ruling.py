"""A fault rule, as the admin API shows it, laid out for people."""

from __future__ import annotations

import json
from typing import Any

Rule = dict[str, Any]


def row(rule: Rule) -> tuple[str, ...]:
    """Return a rule as a row of `fault list`."""
    counts, expires = rule["counts"], rule["expires_in_s"]
    return (
        rule["name"],
        rule["effect"]["kind"],
        _matches(rule),
        _when(rule),
        *(str(counts[name]) for name in ("matched", "fired", "asked")),
        rule["scenario"] or "-",
        "never" if expires is None else f"in {expires:.0f} s",
    )


def facts(rule: Rule) -> list[tuple[str, str]]:
    """Return a rule as the lines of `fault show`."""
    counts, expires = rule["counts"], rule["expires_in_s"]
    told = [("Name", rule["name"])]
    if rule.get("description"):
        told.append(("Description", rule["description"]))
    return [
        *told,
        ("Matches", _matches(rule)),
        ("When", _when(rule)),
        ("Effect", _listed(rule["effect"])),
        ("Scenario", rule["scenario"] or "-"),
        ("Since", rule["since"]),
        ("Expires", "never" if expires is None else f"in {expires:g} s"),
        ("Counts", ", ".join(f"{name} {counts[name]}" for name in ("matched", "fired", "asked"))),
    ]


def _matches(rule: Rule) -> str:
    return _listed(rule.get("match", {})) or "everything"


def _when(rule: Rule) -> str:
    return _listed(rule.get("when", {})) or "each time"


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_said(value)}" for name, value in values.items())


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
