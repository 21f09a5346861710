"""What is said where a fault rule of the emulator's is what the consumer met."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from ssp_emulator.audit.explaining.explanation import Remedy

if TYPE_CHECKING:
    from ssp_emulator.audit.explaining.facts import Facts, Fault

# How effects say that the answer was theirs: `Refusal`, `Unreachable` and `ProviderError`.
_INSTEAD = ("refused with ", "in the provider's place")


def answering(facts: Facts) -> Fault | None:
    """Return the fault that answered in place of the checks or the provider; None without one."""
    return next((each for each in facts.faults if any(words in each.did for words in _INSTEAD)), None)


def answered(facts: Facts) -> Remedy | None:
    """Say which rule answered; None where none did."""
    fault = answering(facts)
    return _said(fault) if fault is not None else None


def meddled(facts: Facts) -> Remedy | None:
    """Say which rule did something to the exchange, the last where several did; None where none did."""
    return _said(facts.faults[-1]) if facts.faults else None


def _said(fault: Fault) -> Remedy:
    return Remedy(
        f"The fault rule {fault.rule} ({fault.kind}) did this on purpose: it {fault.did}; "
        f"`ssp-emulator fault remove {quote(fault.rule)}` lifts it"
    )
