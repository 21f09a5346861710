"""A journal that no byte can be written to, as on a disk that is full."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def unwritable_journal(folder: Path) -> Path:
    """Return the path of a journal that opens and then takes nothing, until the link that it is has been removed."""
    sealed = os.memfd_create("unwritable", os.MFD_ALLOW_SEALING)
    fcntl.fcntl(sealed, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "journal.jsonl"
    path.symlink_to(f"/proc/{os.getpid()}/fd/{sealed}")
    return path
