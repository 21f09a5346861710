"""Watching a trail's files: whether there may be more in them than before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssp_emulator.audit.layout import Layout

_NS = 1_000_000_000
_YOUNG_NS = 1 * _NS  # the time of a folder's change is too coarse to tell two such changes apart


class Watch:
    """Tells whether a trail may have grown since it was last asked; that costs a few calls of the system.

    `grown` is by how many bytes it was seen to grow between the last two times.
    """

    def __init__(self, layout: Layout) -> None:
        self.grown = 0
        self._layout = layout
        self._total: int | None = None
        self._workers: list[int] = []
        self._folder = 0
        self._seen: object = None

    def has_changed(self) -> bool:
        """Look, and tell whether anything has changed, as far as can be seen; raises `OSError`."""
        try:
            changed_at = self._layout.folder.stat().st_mtime_ns
        except FileNotFoundError:
            return False
        young = abs(time.time_ns() - changed_at) < _YOUNG_NS
        if young or changed_at != self._folder:
            self._workers = self._layout.workers()
        self._folder = changed_at
        sizes = [self._size(worker) for worker in self._workers]
        seen = (changed_at, sizes)
        changed, self._seen = seen != self._seen, seen
        total = sum(size for _, size in sizes)
        self.grown = max(0, total - self._total) if self._total is not None else 0
        self._total = total
        return changed

    def _size(self, worker: int) -> tuple[int, int]:
        try:
            facts = self._layout.current(worker).stat()
        except FileNotFoundError:
            return 0, 0
        return facts.st_ino, facts.st_size
