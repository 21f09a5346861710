"""What tests of the admin API's fault part share: short effects, scenarios' files, and what a problem looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.wire import Answer

SLOW = {"kind": "latency", "delay_ms": 1}
OFF = {"kind": "unavailable"}
PROBLEM = "application/problem+json"
NOT_VALID = "the body is not valid; nothing has changed"


def in_force(ssp: Running) -> list[str]:
    """Return the names of the rules in force."""
    return [armed.rule.name for armed in ssp.emulator.faults]


def is_problem(answer: Answer, status: int, title: str, detail: str | None, **more: Any) -> None:
    """Assert that an answer is that problem, and all of it."""
    assert (answer.status, answer.one("Content-Type")) == (status, PROBLEM)
    expected = {"type": "about:blank", "title": title, "status": status, **more}
    assert answer.json() == (expected if detail is None else {**expected, "detail": detail})
    assert answer.one("Cache-Control") == "no-store"


def write_scenario(ssp: Running, name: str, *rules: dict[str, Any], **changes: Any) -> Path:
    """Write a scenario into the folder that the emulator looks into, and return its path."""
    folder = ssp.plan.configuration.fault_context.folder
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"name": name, "description": f"Of {name}", "rules": list(rules), **changes}))
    return path
