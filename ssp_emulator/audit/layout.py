"""Where a trail's files are: beside the journal that the configuration names, by names that say what they hold.

With `audit/journal.jsonl` and one process:

- `journal.jsonl`: the segment that is being written
- `journal.000000000001.jsonl`: one that was closed, by the sequence number of its first record
- `journal.anchor`: where the chain begins and ends
- `journal.index`: what queries are answered from; it can be deleted at any time

Each further worker process, from 1, has the first three to itself: `journal.w1.jsonl`, and so on.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_WORKERS = 1000


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One file of a chain; `first` is its first record's sequence number, None where it is the one being written."""

    worker: int
    first: int | None
    path: Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of the trail whose journal is at `journal`."""

    journal: Path

    @property
    def folder(self) -> Path:
        """The folder that they are in."""
        return self.journal.parent

    @property
    def index(self) -> Path:
        """The index of all chains."""
        return self.folder / f"{self.journal.stem}.index"

    def current(self, worker: int) -> Path:
        """Return the segment that a worker writes."""
        return self.folder / f"{self._chain(worker)}{self.journal.suffix}"

    def closed(self, worker: int, first: int) -> Path:
        """Return what a worker's segment is called once it is closed."""
        return self.folder / f"{self._chain(worker)}.{first:012d}{self.journal.suffix}"

    def anchor(self, worker: int) -> Path:
        """Return the file that says where a worker's chain begins and ends."""
        return self.folder / f"{self._chain(worker)}.anchor"

    def set_aside(self, worker: int) -> Path:
        """Return where records from before there were chains go."""
        return self.folder / f"{self._chain(worker)}.unchained{self.journal.suffix}"

    def workers(self) -> list[int]:
        """Return the workers that have left a chain, or an anchor at least; raises `OSError`."""
        name = re.compile(self._pattern() + rf"(?:\.\d{{12}})?(?:\.anchor|{re.escape(self.journal.suffix)})\Z")
        found = (name.match(each) for each in self._names())
        return sorted({int(each["worker"] or 0) for each in found if each is not None})

    def segments(self, worker: int) -> list[Segment]:
        """Return a chain's segments that are there, in its order; raises `OSError`."""
        suffix = re.escape(self.journal.suffix)
        name = re.compile(rf"{re.escape(self._chain(worker))}\.(\d{{12}}){suffix}\Z")
        names = self._names()
        closed = sorted(int(found[1]) for each in names if (found := name.match(each)) is not None)
        segments = [Segment(worker, first, self.closed(worker, first)) for first in closed]
        current = self.current(worker)
        if current.name in names:
            segments.append(Segment(worker, None, current))
        return [segment for segment in segments if not _cannot_be_read_to_its_end(segment.path)]

    def _chain(self, worker: int) -> str:
        return self.journal.stem if worker == 0 else f"{self.journal.stem}.w{worker}"

    def _pattern(self) -> str:
        return rf"{re.escape(self.journal.stem)}(?:\.w(?P<worker>[1-9]\d{{0,3}}))?"

    def _names(self) -> set[str]:
        return {each.name for each in self.folder.iterdir()} if self.folder.is_dir() else set()


def _cannot_be_read_to_its_end(path: Path) -> bool:
    """Tell whether this is a pipe or a device: to read it would wait, or go on, for ever."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False  # whoever opens it is told
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
