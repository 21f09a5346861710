"""A user's home: the program on its path, and the shipped configuration where commands look for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

TOP = Path(__file__).parents[2]


def furnish(folder: Path) -> Path:
    """Make a folder a home, and return it."""
    program = folder / "bin" / "ssp-emulator"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ssp_emulator "$@"\n')
    program.chmod(0o755)
    (folder / "config").symlink_to(TOP / "config")
    return folder


def environment(home: Path) -> dict[str, str]:
    """Return the environment of whoever is at home there."""
    where = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "XDG_DATA_HOME": str(home / ".local")}
    return {**os.environ, **where, "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}", "TERM": "dumb"}
