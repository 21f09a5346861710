"""Resources: open files and processors, as the kernel has them for this user."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssp_emulator.diagnosis.findings import Section
    from ssp_emulator.diagnosis.subject import Subject

_FEW, _TOO_FEW = 1024, 256


def resources(subject: Subject, section: Section) -> None:
    """Look at the limits of this process, which are those of an emulator that is started from here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    size, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = subject.settings.workers
    section.facts |= {
        "open_files": {"soft": _number(soft), "hard": _number(hard)},
        "file_size": _number(size),
        "processors": processors,
        "workers": workers,
    }
    said = f"{'any number of' if soft == resource.RLIM_INFINITY else soft} files may be open at once"
    if soft == resource.RLIM_INFINITY or soft >= _FEW:
        section.ok(said)
    elif soft >= _TOO_FEW:
        section.warn(f"{said}; each request takes two", "raise it with `ulimit -n 65536`")
    else:
        section.problem(f"{said}; each request takes two", "raise it with `ulimit -n 65536`")
    if size != resource.RLIM_INFINITY:
        section.warn(f"no file may grow beyond {size} bytes", "lift it with `ulimit -f unlimited`")
    if workers > processors:
        section.warn(f"{workers} workers share {processors} processors", "set workers to no more than there are")


def _number(limit: int) -> int | None:
    return None if limit == resource.RLIM_INFINITY else limit
