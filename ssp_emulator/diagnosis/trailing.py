"""Trailing: where each chain of the audit trail ends, and whether its anchor agrees; all of it takes `audit verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.anchor import read_anchor
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.tail import StrangeFileError, last_of, tail_of
from ssp_emulator.obstacles import told

if TYPE_CHECKING:
    from ssp_emulator.diagnosis.findings import Section
    from ssp_emulator.diagnosis.subject import Subject

_VERIFY = "`ssp-emulator audit verify` says where"
_MOST_WORKERS = 64


def trailing(subject: Subject, section: Section) -> None:
    """Look at the ends of the chains; an emulator that writes meanwhile does not disturb."""
    layout = Layout(subject.journal)
    section.facts |= {"journal": str(layout.journal), "chains": {}}
    try:
        workers = layout.workers()[:_MOST_WORKERS]
        if not workers:
            section.ok(f"{layout.journal}: there is no trail yet")
        for worker in workers:
            _examine(layout, worker, section)
    except StrangeFileError as error:
        section.problem(f"{layout.journal}: {error.strerror}")
    except OSError as error:
        section.problem(f"{layout.journal} cannot be read: {told(layout.journal, error)}")


def _examine(layout: Layout, worker: int, section: Section) -> None:
    path = layout.current(worker)
    before = read_anchor(layout.anchor(worker))
    tail = tail_of(path)
    last = tail.last or last_of(layout, worker)
    after = read_anchor(layout.anchor(worker))
    section.facts["chains"][str(worker)] = {
        "segments": len(layout.segments(worker)),
        "last": last.sequence,
        "digest": last.digest,
        "anchored": after.head.sequence if after is not None else None,
    }
    if before is None or after is None:
        section.warn(f"{path}: {last.sequence} records, and no anchor vouches for its ends", _VERIFY)
    elif before.head.sequence > last.sequence:
        missing = before.head.sequence - last.sequence
        section.problem(f"{path}: the last {missing} records of {before.head.sequence} are missing", _VERIFY)
    elif before == after and before.head.sequence == last.sequence and before.head != last:
        section.problem(f"{path}: the last record, {last.sequence}, was altered", _VERIFY)
    else:
        section.ok(f"{path}: its last record is {last.sequence}, as its anchor has it")
    if tail.torn_bytes and before == after:
        section.warn(f"{path} ends in the middle of a record", "the next start cuts it off, and says so in the trail")
