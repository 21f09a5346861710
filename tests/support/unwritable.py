"""A file that no byte can be written to, as on a disk that is full."""

from __future__ import annotations

import fcntl
import os


def unwritable_file() -> str:
    """Return the path of a file that opens for writing and then takes nothing, for as long as this process lives.

    It is this process's own. /dev/full is everyone's, and a journal locks its file.
    """
    sealed = os.memfd_create("unwritable", os.MFD_ALLOW_SEALING)
    fcntl.fcntl(sealed, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW)
    return f"/proc/self/fd/{sealed}"
