"""What explanations are made from: a record, of which nothing is taken for granted.

A journal may come from another version, or from anybody: what is missing, or is not of its type, is None here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Statuses for the trail alone. Source: Spine Core SSP implementation guide, "Response status codes".
UNANSWERED, LEFT = 444, 499

_LONGEST = 300  # characters of one value in a sentence; the record has it whole


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """The check that refused: its name, what would have been right, and what it found."""

    name: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault rule that did something: its name, its kind, and what it did, in words."""

    rule: str
    kind: str
    did: str


class Facts:
    """A record's facts."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._record = record
        self.of_directory = self.text("service") == "directory"
        self.sender = self.text("from", "asid")
        self.receiver = self.text("to", "asid")
        self.interaction = self.text("interaction")
        self.method = self.text("method")
        self.target = self.text("target")
        self.reason = self.text("denial", "reason")
        self.denied = self.text("denial", "text") or ""
        self.status = self.number("status")
        self.broken_off = record.get("broken_off") is True
        self.failed = _refusing(record.get("checks"))
        self.faults = _faults(record.get("faults"))
        self.provider_status = self.number("provider", "status")
        self.provider_error = self.text("provider", "error")
        self.provider_address = self.text("provider", "address")

    @property
    def cut_short(self) -> bool:
        """Whether no whole answer went out."""
        return self.broken_off or self.status in (UNANSWERED, LEFT)

    def text(self, *path: str) -> str | None:
        """Return the text at a path of keys, in one line and no longer than a sentence bears; None without any."""
        value = self._at(path)
        return shortened(value) if isinstance(value, str) and value.strip() else None

    def number(self, *path: str) -> float | None:
        """Return the number at a path of keys; None without one."""
        value = self._at(path)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def texts(self, *path: str) -> list[str]:
        """Return the texts in the list at a path of keys."""
        value = self._at(path)
        return [shortened(each) for each in value if isinstance(each, str)] if isinstance(value, list) else []

    def _at(self, path: tuple[str, ...]) -> object:
        value: object = self._record
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value


def shortened(text: str) -> str:
    """Return a text in one line, its end left out where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _refusing(checks: object) -> FailedCheck | None:
    """Return the check that ended the examination: it failed, and none behind it was reached.

    One that failed, and was overlooked because the configuration says to record and go on, has others behind it.
    """
    seen = [each for each in checks if isinstance(each, dict)] if isinstance(checks, list) else []
    reached = [each for each in seen if each.get("result") != "not reached"]
    if not reached or reached[-1].get("result") != "fail":
        return None
    name, expected, found = (_text(reached[-1].get(key)) for key in ("check", "expected", "found"))
    return FailedCheck(name, expected, found)


def _faults(faults: object) -> list[Fault]:
    entries = [each for each in faults if isinstance(each, dict)] if isinstance(faults, list) else []
    told = [Fault(*(_text(each.get(key)) for key in ("rule", "kind", "did"))) for each in entries]
    return [fault for fault in told if fault.rule and fault.did and not fault.did.startswith("nothing")]


def _text(value: object) -> str:
    return shortened(value) if isinstance(value, str) else ""
