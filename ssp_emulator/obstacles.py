"""Obstacles: what keeps a process from a path, in words that say what to do about it."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from ssp_emulator.errors import said

if TYPE_CHECKING:
    from pathlib import Path

_REFUSED = (errno.EACCES, errno.EPERM)
_IN_THE_WAY = (errno.ENOTDIR, errno.EEXIST)


def told(path: Path, error: OSError) -> str:
    """Return what an error at a path says, for the end of a sentence, and what to do where that is known."""
    if error.errno in _REFUSED:
        return f"{said(error)}{_whose(_barrier(path))}"
    if error.errno == errno.EROFS:
        return f"{said(error)}; mount it writable, or name a place elsewhere"
    if error.errno in _IN_THE_WAY and (found := _file_above(path)) is not None:
        return f"{found} is a file where a folder should be; move it away, or name another folder"
    if error.errno == errno.ENOSPC:
        return f"{said(error)}; make room there, or name a place elsewhere"
    return said(error)


def _barrier(path: Path) -> Path | None:
    """Return the first place on the way to a path that does not let this process pass, or else what ends the way."""
    found = None
    for place in (*reversed(path.absolute().parents), path.absolute()):
        try:
            mode = place.stat().st_mode
        except OSError:
            break
        found = place
        if stat.S_ISDIR(mode) and not os.access(place, os.X_OK):
            break
    return found


def _whose(place: Path | None) -> str:
    if place is None:
        return ""
    try:
        found = place.stat()
    except OSError:
        return ""
    return (
        f": {place} belongs to uid {found.st_uid} with mode {stat.S_IMODE(found.st_mode):04o}, and this process is "
        f"uid {os.geteuid()}; change its owner or its mode, or run as its owner"
    )


def _file_above(path: Path) -> Path | None:
    for place in reversed(path.parents):
        try:
            mode = place.stat().st_mode
        except OSError:
            return None
        if not stat.S_ISDIR(mode):
            return place
    return None
