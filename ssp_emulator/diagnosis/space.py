"""Space: room, inodes and the right to write where the audit trail is, and where certificates would be made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ssp_emulator.obstacles import told

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.diagnosis.findings import Section
    from ssp_emulator.diagnosis.subject import Subject

_MIB = 1 << 20
_FEW_INODES, _NO_INODES = 1000, 10
_LITTLE_MIB, _NO_ROOM_MIB = 512, 16


def space(subject: Subject, section: Section) -> None:
    """Look at the disk; nothing is written to it."""
    _examine(section, "audit.journal", subject.journal.parent, writes=True)
    _examine(section, "certificates", subject.certificates.root, writes=not subject.certificates.chain.exists())


def _examine(section: Section, key: str, folder: Path, *, writes: bool) -> None:
    try:
        place = _there(folder)
        found = os.statvfs(place)
    except OSError as error:
        section.problem(f"{key}: {folder} cannot be looked at: {told(folder, error)}")
        return
    free_mib, inodes = found.f_bavail * found.f_frsize // _MIB, found.f_favail
    read_only = bool(found.f_flag & os.ST_RDONLY)
    can_write = (
        not read_only
        and place.is_dir()
        and os.access(place, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)
    )
    section.facts[key] = {
        "folder": str(folder),
        "there": place == folder,
        "free_mib": free_mib,
        "free_inodes": inodes if found.f_files else None,
        "writable": can_write,
        "read_only_mount": read_only,
    }
    if writes and not can_write:
        _tell_why(section, key, place, read_only=read_only)
        return
    if not writes:
        section.ok(f"{key}: {folder} need not be written")
        return
    few = bool(found.f_files) and inodes < _FEW_INODES
    none = bool(found.f_files) and inodes < _NO_INODES
    said = f"{key}: {free_mib} MiB and {inodes if found.f_files else 'any number of'} inodes are free at {place}"
    if free_mib < _NO_ROOM_MIB or none:
        section.problem(said, "make room: where no record can be written, requests are refused (audit.on_failure)")
    elif free_mib < _LITTLE_MIB or few:
        section.warn(said, "make room, or keep less of the trail (audit.keep)")
    else:
        section.ok(said)


def _tell_why(section: Section, key: str, place: Path, *, read_only: bool) -> None:
    if read_only:
        section.problem(f"{key}: {place} is mounted to be read alone", "mount it writable, or name another folder")
    elif not place.is_dir():
        section.problem(f"{key}: {place} is a file where a folder should be", "move it away, or name another folder")
    else:
        why = told(place, PermissionError(13, "Permission denied"))
        what, _, advice = why.rpartition("; ")
        section.problem(f"{key}: {place} cannot be written: {what}", advice)


def _there(folder: Path) -> Path:
    """Return the folder, or else the first above it that is there. Raises `OSError`."""
    for place in (folder, *folder.absolute().parents):
        try:
            place.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        return place
    return folder
