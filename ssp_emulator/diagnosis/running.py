"""Running: whether an emulator of this configuration runs, is ready, and has the same time as this machine."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from ssp_emulator.diagnosis.calling import get
from ssp_emulator.errors import said

if TYPE_CHECKING:
    from datetime import datetime

    from ssp_emulator.diagnosis.findings import Section
    from ssp_emulator.diagnosis.subject import Subject

_NEAR_S = 5.0


def running(subject: Subject, section: Section) -> None:
    """Ask the admin API how the emulator stands; that needs no token."""
    address = subject.configuration.listeners.get("admin.listen")
    if address is None or address.port == 0:
        section.ok("the configuration names no port of an admin API that could be asked")
        return
    try:
        answer = get(address.reachable, "/health/ready")
    except ConnectionRefusedError:
        section.facts["running"] = False
        section.ok(f"no emulator runs at {address}")
        return
    except OSError as error:
        section.problem(f"the admin API at {address} does not answer: {said(error)}", "is the emulator stuck?")
        return
    parts = answer.value.get("parts") if answer is not None and isinstance(answer.value, dict) else None
    if answer is None or not isinstance(parts, dict):
        section.problem(f"what answers at {address} is no emulator's admin API", "name another port in admin.listen")
        return
    section.facts |= {"running": True, "parts": parts}
    section.ok(f"an emulator answers at {address}")
    for name, part in parts.items():
        if not part.get("ready"):
            section.problem(f"{name} is not ready: {part.get('reason')}", "its log says more")
        elif part.get("warning"):
            section.warn(f"{name}: {part['warning']}", "its log says more")
    _compare_clocks(section, answer.headers.get("date"), subject.clock.now())


def _compare_clocks(section: Section, date: str | None, now: datetime) -> None:
    try:
        apart = (parsedate_to_datetime(date or "") - now).total_seconds()
    except (TypeError, ValueError):
        return
    section.facts["clock_apart_s"] = round(apart, 1)
    if abs(apart) > _NEAR_S:
        section.warn(f"the emulator's clock is {apart:+.0f} s from this machine's", "set both by the same source")
    else:
        section.ok("the emulator's clock is this machine's")
