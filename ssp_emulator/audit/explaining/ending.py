"""Remedies where nobody was refused, and no whole answer was received either."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.explaining import pages
from ssp_emulator.audit.explaining.explanation import Remedy
from ssp_emulator.audit.explaining.facts import LEFT, UNANSWERED

if TYPE_CHECKING:
    from ssp_emulator.audit.explaining.facts import Facts


def cut_short(facts: Facts) -> Remedy | None:
    """The consumer left, or the connection ended in the middle of an answer; None where it did not."""
    if facts.status == LEFT:
        return Remedy(
            f"Have the consumer wait longer than{_after(facts)} for an answer, or find out why it left{_noted(facts)}",
            pages.SSP,
        )
    if facts.status == UNANSWERED:
        return Remedy("See `errors.unanswered` in emulator.yaml: it names the refusals that are left unsaid", pages.SSP)
    if not facts.broken_off:
        return None
    return Remedy(
        f"Ask again, and have the consumer take the whole answer: the connection ended before that{_noted(facts)}",
        pages.SSP,
    )


def _after(facts: Facts) -> str:
    total_ms = facts.number("timings_ms", "total")
    return f" {total_ms:g} ms" if total_ms is not None else " it did"


def _noted(facts: Facts) -> str:
    notes = facts.texts("notes")
    return f" ({notes[-1]})" if notes else ""
