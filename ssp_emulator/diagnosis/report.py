"""The report: what all collectors have found, as JSON with a version of its own, and as lines for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ssp_emulator import __version__
from ssp_emulator.diagnosis.findings import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ssp_emulator.diagnosis.findings import Section
    from ssp_emulator.diagnosis.masking import Mask

VERSION = 1
_WIDTH = len(max(Level, key=len))


@dataclass(frozen=True, slots=True)
class Report:
    """Sections in their order, and when they were made (aware, UTC); nothing that `mask` takes out is told."""

    sections: Sequence[Section]
    made: datetime
    mask: Mask

    def count(self, level: Level) -> int:
        """Return how many findings are of a level."""
        return sum(finding.level is level for section in self.sections for finding in section.findings)

    def json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        return {
            "diagnosis": VERSION,
            "ssp_emulator": __version__,
            "made": self.made.isoformat(),
            "problems": self.count(Level.PROBLEM),
            "warnings": self.count(Level.WARNING),
            "sections": [
                {
                    "name": section.name,
                    "findings": [
                        {"level": each.level.value, "what": self.mask(each.what), "advice": self.mask(each.advice)}
                        for each in section.findings
                    ],
                    "facts": self.mask(section.facts),
                }
                for section in self.sections
            ],
        }

    def lines(self) -> Iterator[str]:
        """Yield one line for each section's name and each finding, and one that sums up."""
        for section in self.sections:
            yield section.name
            for each in section.findings:
                advice = f" -> {each.advice}" if each.advice else ""
                yield f"  {each.level.value:{_WIDTH}}  {self.mask(f'{each.what}{advice}')}"
        yield f"{self.count(Level.PROBLEM)} problems, {self.count(Level.WARNING)} warnings"
