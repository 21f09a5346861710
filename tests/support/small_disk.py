"""A disk that can be filled: a small tmpfs that only one process sees, and that is gone with it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.processes import run

if TYPE_CHECKING:
    from support.processes import Process

_SIZE_KIB = 2048
_WAYS = (("unshare", "-m"), ("unshare", "-Urm"))  # for root, and for whoever may be root of a namespace of its own
_BLOCK = 4096


@dataclass
class SmallDisk:
    """The disk, in place of a folder; `by` is the command that has the one that follows it see it."""

    folder: Path
    by: tuple[str, ...]
    process: Process | None = None

    @property
    def seen(self) -> Path:
        """The folder as the process sees it."""
        assert self.process is not None
        return Path(f"/proc/{self.process.process.pid}/root") / self.folder.relative_to("/")

    @cached_property
    def filler(self) -> Path:
        """The file that fills it."""
        return self.seen / "filler"

    def fill(self) -> None:
        """Leave no room."""
        file = os.open(self.filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            for _ in range(2 * _SIZE_KIB * 1024 // _BLOCK):
                os.write(file, b"\0" * _BLOCK)
        except OSError:
            return
        finally:
            os.close(file)
        raise AssertionError("the disk is larger than it should be")


async def small_disk(folder: Path) -> SmallDisk:
    """Return a disk that a process can be started with; skips the test where none may be had."""
    folder.mkdir(parents=True)
    reasons = []
    for way in _WAYS:
        by = (*way, "sh", "-c", f'mount -t tmpfs -o size={_SIZE_KIB}k tmpfs "$0" && exec "$@"', str(folder))
        try:
            tried = await run(folder.parent, *by, "true")
        except (OSError, TimeoutError) as error:
            reasons.append(str(error))
            continue
        if tried.code == 0:
            return SmallDisk(folder, by)
        reasons.append(tried.err.strip())
    pytest.skip(f"no tmpfs may be mounted here: {'; '.join(reasons)}")
