"""Remedies where the emulator itself failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.explaining.explanation import Remedy

if TYPE_CHECKING:
    from ssp_emulator.audit.explaining.facts import Facts


def failed(facts: Facts) -> Remedy:
    """A defect of ours."""
    trace_id = facts.text("trace_id") or "this request"
    return Remedy(f"Nothing for the consumer to change: look for {trace_id} in the emulator's log, and report it")


def not_recorded(_: Facts) -> Remedy:
    """The trail could not be written."""
    return Remedy(
        "Nothing for the consumer to change: make room on the disk that the journal is on, or let the emulator write "
        "there again; its log says what failed, and requests are served again as soon as it is mended"
    )
