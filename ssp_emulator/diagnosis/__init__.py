"""The diagnosis: what a maintainer would ask for first, collected on a machine on which anything may be broken.

- subject: what is diagnosed, read as far as it can be
- findings: one line each: ok, warning or problem, with what to do
- collectors: one topic a file, in the order of `ORDER`; one that fails or takes too long says so, and the rest go on
- holders, calling: who has a port, and asking our own listeners
- masking: keys, tokens and passwords stay out, wherever they have stood
- report: as JSON, and as lines for people
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ssp_emulator.diagnosis.certifying import certifying
from ssp_emulator.diagnosis.configuring import configuring
from ssp_emulator.diagnosis.findings import Section
from ssp_emulator.diagnosis.listening import listening
from ssp_emulator.diagnosis.masking import Mask
from ssp_emulator.diagnosis.reaching import reaching
from ssp_emulator.diagnosis.report import Report
from ssp_emulator.diagnosis.resources import resources
from ssp_emulator.diagnosis.running import running
from ssp_emulator.diagnosis.space import space
from ssp_emulator.diagnosis.subject import Subject
from ssp_emulator.diagnosis.timing import timing
from ssp_emulator.diagnosis.trailing import trailing
from ssp_emulator.diagnosis.versions import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ssp_emulator.clock import Clock

    Collector = Callable[[Subject, Section], None]

PATIENCE_S = 10.0

ORDER: tuple[tuple[str, Collector], ...] = (
    ("versions", versions),
    ("configuration", configuring),
    ("certificates", certifying),
    ("listeners", listening),
    ("providers", reaching),
    ("running emulator", running),
    ("clock", timing),
    ("disk", space),
    ("limits", resources),
    ("audit trail", trailing),
)


def diagnose(
    path: Path,
    clock: Clock,
    environment: Mapping[str, str],
    *,
    patience_s: float = PATIENCE_S,
    order: Sequence[tuple[str, Collector]] = ORDER,
) -> Report:
    """Diagnose the emulator of a configuration's file, whatever state it is in; it takes no longer than its patience.

    It connects to the listeners of the configuration and to the places that the registry names, and to nothing else.
    """
    ends = time.monotonic() + patience_s
    subject = Subject(path, clock, environment, patience_s / 2)
    sections = [Section(name) for name, _ in order]
    threads = [
        threading.Thread(target=_collect, args=(collect, subject, section), daemon=True)
        for section, (_, collect) in zip(sections, order, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))
    whole = [_whole(section, late=thread.is_alive()) for section, thread in zip(sections, threads, strict=True)]
    return Report(whole, clock.now(), Mask(subject.secrets()))


def _collect(collect: Collector, subject: Subject, section: Section) -> None:
    try:
        collect(subject, section)
    except Exception as error:  # noqa: BLE001 - a collector that fails is a finding, and the rest go on
        said = f"this was not looked at to its end: {type(error).__name__}: {error}"
        section.problem(said, "the findings above may say why; else report it as a defect of ssp-emulator")


def _whole(section: Section, *, late: bool) -> Section:
    """Return what a section has by now; a collector that is late may still add to its own."""
    found = Section(section.name, list(section.findings), {} if late else section.facts)
    if late:
        found.problem("this took too long, and was not looked at to its end", "something that it asks does not answer")
    return found
