"""Files that a user names: read as text, or looked at before a library opens them and says less when it cannot."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ssp_emulator.located import InvalidFileError, Problem
from ssp_emulator.obstacles import told


def text_of(path: Path) -> str:
    """Return a file's text. Raises `InvalidFileError` where it cannot be read as UTF-8 text."""
    try:
        if path.exists() and not path.is_file():  # a pipe, say, would be waited for
            raise InvalidFileError([Problem(str(path), None, "", "should be a file")])
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidFileError([Problem(str(path), None, "", f"cannot be read: {told(path, error)}")]) from error
    except UnicodeDecodeError as error:
        raise InvalidFileError([Problem(str(path), None, "", f"is not UTF-8 text: byte {error.start}")]) from error


def unreadable(path: Path) -> str | None:
    """Say why a file cannot be read; None where it can. A pipe, say, would be waited for."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        return told(path, error)
    try:
        return None if stat.S_ISREG(os.fstat(opened).st_mode) else "it should be a file"
    finally:
        os.close(opened)


def tidy(path: Path) -> Path:
    """Take the `x/..` out of a path, for messages that read well; links are left as they are."""
    kept: list[str] = []
    for part in path.parts:
        if part == ".." and kept and kept[-1] not in ("..", "/"):
            kept.pop()
        elif part != ".":
            kept.append(part)
    return Path(*kept)
