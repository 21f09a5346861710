"""A record in one sentence: who asked whom for what, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.explaining import fault
from ssp_emulator.audit.explaining.facts import LEFT, UNANSWERED

if TYPE_CHECKING:
    from ssp_emulator.audit.explaining.facts import Facts

_NO_REQUEST = "-"


def summary(facts: Facts) -> str:
    """Say what happened."""
    if facts.of_directory:
        return _of_enquiry(facts)
    sender = _party(facts, "from") or f"A consumer at {facts.text('client', 'address') or 'an unknown address'}"
    if facts.method in (None, _NO_REQUEST) and facts.interaction is None and facts.target is None:
        asked = f"{sender} sent nothing that can be read as a request"
    else:
        asked = f"{sender} asked {_party(facts, 'to') or 'a provider'} for {_what(facts)}"
    return f"{asked}, and {_end(facts)}{_took(facts)}."


def _of_enquiry(facts: Facts) -> str:
    asked_by = f"A consumer at {facts.text('client', 'address') or 'an unknown address'}"
    about = facts.interaction or " ".join(filter(None, (facts.method, facts.target))) or "something"
    at = f" at {ods}" if (ods := facts.text("to", "ods")) is not None else ""
    status = "nothing" if facts.status is None else f"{facts.status:g}"
    end = f"it refused with {status}, {facts.reason}" if facts.reason is not None else f"it answered {status}"
    return f"{asked_by} asked the directory about {about}{at}, and {end}{_took(facts)}."


def _party(facts: Facts, side: str) -> str | None:
    asid, ods = facts.text(side, "asid"), facts.text(side, "ods")
    return f"{asid} of {ods}" if asid is not None and ods is not None else asid


def _what(facts: Facts) -> str:
    return facts.interaction or " ".join(filter(None, (facts.method, facts.target)))


def _end(facts: Facts) -> str:
    status = "nothing" if facts.status is None else f"{facts.status:g}"
    cut = ", but the answer was cut off" if facts.broken_off else ""
    instead = fault.answering(facts)
    if facts.status == LEFT:
        return "was gone before the answer"
    if facts.status == UNANSWERED:
        over = f" over {facts.reason}" if facts.reason is not None else ""
        return f"the connection was closed without an answer{over}"
    if facts.status is None:
        return "was never answered"
    if instead is not None:
        return f"the fault rule {instead.rule} answered {status}{cut}"
    if facts.reason is not None:
        return f"the proxy refused with {status}, {facts.reason}{cut}"
    if facts.provider_status is not None:
        changed = f", which went on as {status}" if facts.provider_status != facts.status else ""
        return f"the provider answered {facts.provider_status:g}{changed}{cut}"
    return f"the proxy itself answered {status}{cut}"


def _took(facts: Facts) -> str:
    total_ms = facts.number("timings_ms", "total")
    return f" after {total_ms:g} ms" if total_ms is not None else ""
