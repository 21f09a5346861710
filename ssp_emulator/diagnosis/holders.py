"""Holders: which process listens on a port, where `/proc` tells.

Source: Linux, proc(5), /proc/net/tcp.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC = Path("/proc")
_LISTENS = "0A"
_ADDRESS, _STATE, _INODE = 1, 3, 9
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Holder:
    """A process; `ours` says that it is an ssp-emulator. Its arguments may hold secrets, and are told to nobody."""

    pid: int
    name: str
    ours: bool

    def __str__(self) -> str:
        return f"{'ssp-emulator' if self.ours else self.name} (pid {self.pid})"


def holder_of(port: int) -> Holder | None:
    """Return who listens on a TCP port; None where nobody does, or it is not told to this user."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    if not sockets:
        return None
    for process in _PROC.iterdir():
        if process.name.isdecimal() and _has_one(process, sockets):
            return _holder(process)
    return None


def _inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[_STATE] == _LISTENS and int(fields[_ADDRESS].rpartition(":")[2], 16) == port:
                    yield fields[_INODE]


def _has_one(process: Path, sockets: set[str]) -> bool:
    with suppress(OSError):
        for each in (process / "fd").iterdir():
            with suppress(OSError):
                if str(each.readlink()) in sockets:
                    return True
    return False


def _holder(process: Path) -> Holder:
    name, arguments = "a process", b""
    with suppress(OSError):
        name = (process / "comm").read_text(errors="replace").strip()
        with (process / "cmdline").open("rb") as file:
            arguments = file.read(_LONGEST)
    words = [word.rpartition(b"/")[2] for word in arguments.split(b"\0")[:4]]
    return Holder(int(process.name), name, ours=b"ssp_emulator" in words or b"ssp-emulator" in words)
