"""What is read again while the emulator runs: each part from files of its own, whole or not at all.

Files are looked at by the clock, because that works on every file system, in containers and through links, and a part
is read when its files have changed and then stayed the same from one look to the next: a file that is half written
could be valid, and mean something else.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog

from ssp_emulator.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Self

T = TypeVar("T")
_Look = tuple[int, int, int, int]
_Stamp = tuple[_Look | None, ...]


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """Something that is made from files: how it is read, away from the event loop, and how it is put in force.

    `name` is for the log; `read` raises `SetupError` where the files are not good. `apply` may return something to wait
    for until it is in force everywhere, which raises `SetupError` where that cannot be.
    """

    name: str
    files: tuple[Path, ...]
    read: Callable[[], T]
    apply: Callable[[T], Awaitable[None] | None]

    def stamp(self) -> _Stamp:
        """Return what changes with the files; None stands for one that cannot be seen."""
        return tuple(map(_stamp, self.files))

    def digest(self) -> bytes:
        """Return what changes with the files' contents; of those that can be read as files."""
        made = hashlib.sha256()
        for path in self.files:
            with suppress(OSError):
                if path.is_file():
                    made.update(hashlib.sha256(path.read_bytes()).digest())
        return made.digest()


@dataclass(slots=True)
class Reloads:
    """How often a part was put in force again, and how often refused; `stale` says whether its last reading was."""

    done: int = 0
    refused: int = 0
    stale: bool = False


class Reloader:
    """Reads parts again when they are asked for, and when their files have changed; an async context manager.

    `every_s` is how many seconds go by between two looks; None: they are read only when they are asked for. `reloads`
    tells how that went, by the parts' names.
    """

    def __init__(self, parts: Sequence[Part[Any]], *, every_s: float | None) -> None:
        self.reloads: Mapping[str, Reloads] = {part.name: Reloads() for part in parts}
        self._parts = parts
        self._every_s = every_s
        self._read = {part.name: part.stamp() for part in parts}  # the files as they were when they were last read
        self._seen = dict(self._read)
        self._in_force: dict[str, bytes | None] = {}  # digests, from the first time that a part is read again
        self._one_at_a_time = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.reload")

    async def __aenter__(self) -> Self:
        if self._every_s is not None:
            self._watching = asyncio.create_task(self._watch(self._every_s))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def reload(self) -> None:
        """Read every part again. One that is not good is reported in the log, and what it was before stays in force."""
        for part in self._parts:
            await self._renew(part)

    async def _watch(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            for part in self._parts:
                stamp = await asyncio.to_thread(part.stamp)
                settled, self._seen[part.name] = stamp == self._seen[part.name], stamp
                if settled and stamp != self._read[part.name]:
                    await self._renew(part)

    async def _renew(self, part: Part[Any]) -> None:
        async with self._one_at_a_time:
            self._read[part.name] = await asyncio.to_thread(part.stamp)
            try:
                digest, made = await asyncio.to_thread(_read_whole, part)
                changed = digest is None or digest != self._in_force.get(part.name)
                if changed:  # putting the same in force again would cost consumers their connections
                    applied = part.apply(made)
                    if isinstance(applied, Awaitable):
                        await applied
                    self._in_force[part.name] = digest
            except SetupError as error:
                self._report(part, error.lines)
            except Exception as error:  # noqa: BLE001 - whatever it is, the emulator goes on with what it has
                self._report(part, (f"{type(error).__name__}: {error}",))
            else:
                self.reloads[part.name].done += changed
                self.reloads[part.name].stale = False
                self._log.info("reloaded" if changed else "read again, and found as it was", part=part.name)

    def _report(self, part: Part[Any], problems: Sequence[str]) -> None:
        self.reloads[part.name].refused += 1
        self.reloads[part.name].stale = True
        for problem in problems:
            self._log.error("not reloaded: what was there stays in force", part=part.name, problem=problem)


def _read_whole(part: Part[T]) -> tuple[bytes | None, T]:
    """Read a part, and tell the digest of what was read; None where the files changed meanwhile."""
    before, made, after = part.digest(), part.read(), part.digest()
    return (before if before == after else None), made


def _stamp(path: Path) -> _Look | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
