"""Opening the trail's files for reading, and nothing that only looks like one of them."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path


def open_to_read(path: Path) -> BinaryIO:
    """Open a file for reading, in binary.

    Raises `OSError`, also where it is a pipe or a device: to open or to read it could wait, or go on, for ever.
    """
    # `Path.open` takes no opener; it is the caller who closes it.
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(errno.EINVAL, f"{path.name} is not a regular file")


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
