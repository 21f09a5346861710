"""What is found: each finding one line, and what to do where there is something to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, and what to do about it."""

    level: Level
    what: str
    advice: str = ""


@dataclass(slots=True)
class Section:
    """What one collector has found: findings for people, and `facts` of JSON's types for whoever looks closer."""

    name: str
    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def ok(self, what: str) -> None:
        """Note what is as it should be."""
        self.findings.append(Finding(Level.OK, what))

    def warn(self, what: str, advice: str = "") -> None:
        """Note what needs care, and stops nothing."""
        self.findings.append(Finding(Level.WARNING, what, advice))

    def problem(self, what: str, advice: str = "") -> None:
        """Note what has to be put right."""
        self.findings.append(Finding(Level.PROBLEM, what, advice))
