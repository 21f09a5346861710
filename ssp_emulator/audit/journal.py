"""The journal: JSON Lines, one record a request, only ever added to, and closed segment by segment.

A record is handed to the operating system by one `write` before the answer's last byte goes out. That call goes to the
page cache and does not wait for the disk, which is why it may stand on the event loop; `sync` is for a thread.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from ssp_emulator.ascii_json import ascii_json
from ssp_emulator.audit.anchor import Anchor
from ssp_emulator.audit.chain import GENESIS, Link, digest, line_of
from ssp_emulator.audit.reading import JournalError
from ssp_emulator.audit.resuming import examine, must_not_be, resume, set_aside
from ssp_emulator.errors import said
from ssp_emulator.exchange import NotRecordedError
from ssp_emulator.obstacles import told

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from ssp_emulator.audit.layout import Layout, Segment
    from ssp_emulator.audit.reading import Record
    from ssp_emulator.clock import Clock

_PRIVATE = 0o600  # who asked whom for whose record is nobody else's business
_ROOM = 64 * 1024  # bytes that a journal that has failed must be able to take before it counts as well again


@dataclass(frozen=True, slots=True)
class Rotation:
    """When a segment is closed: at a size in bytes, or an age in seconds, whichever is first."""

    size_bytes: int = 64 << 20
    age_s: float = 86_400.0


class Journal:
    """A worker's chain, open for adding; a context manager. Entering raises `JournalError`.

    `last` is the last record, `base` the last that retention has removed, and `unrecorded` counts the requests since
    the last record that could not be written down.
    """

    def __init__(self, layout: Layout, worker: int = 0, *, clock: Clock, rotation: Rotation | None = None) -> None:
        self.layout = layout
        self.worker = worker
        self.last = self.base = GENESIS
        self.unrecorded = 0
        self._rotation = rotation or Rotation()
        self._clock = clock
        self._path = layout.current(worker)
        self._file = self._lock = -1
        self._size = 0
        self._first: int | None = None
        self._began = clock.now()
        self._oldest = timedelta(seconds=self._rotation.age_s)
        self._torn_bytes = 0
        self._anchor = Anchor(-1)
        self._anchored = GENESIS
        self._anchor_lost = False
        self._surplus = 0  # bytes behind `_size` that are no record, and ours to cut off
        self._retired: deque[int] = deque()  # files of closed segments, until they are on the disk
        self._renamed = False
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.audit")

    def __enter__(self) -> Self:
        try:
            self._open()
        except BlockingIOError as error:
            self._close()
            raise JournalError(f"the journal {self._path} is in use by another emulator; name another") from error
        except OSError as error:
            self._close()
            raise JournalError(f"the journal {self._path} cannot be opened: {told(self._path, error)}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def append(self, facts: Record) -> Link:
        """Add a record of these facts, and return its place. Raises `NotRecordedError` where it is not wholly there."""
        line = line_of(self.last, self.worker, ascii_json({"gap": self._gap(), **facts}))
        try:
            self.rotate_if_due(self._clock.now(), coming=len(line) + 1)
            self._write(line + b"\n")
        except OSError as error:
            self.unrecorded += 1
            raise NotRecordedError(f"the journal {self._path} cannot be written: {said(error)}") from error
        self.last = Link(self.last.sequence + 1, digest(line))
        self._first = self._first or self.last.sequence
        self._torn_bytes = self.unrecorded = 0
        try:  # noqa: SIM105 - `suppress` costs a third of what it would stand around
            self._set_anchor()
        except OSError:  # the record is there; `look` tries again, and says so where it fails
            pass
        return self.last

    def rotate_if_due(self, now: datetime, *, coming: int = 0) -> None:
        """Close the segment and begin another where it is old enough, or `coming` bytes would make it too large."""
        if self._first is None:
            self._began = now
            return
        if self._surplus:  # what was torn is told of by the record that comes after it, in the same segment
            return
        if self._size + coming > self._rotation.size_bytes or now - self._began >= self._oldest:
            self._rotate(self._first, now)

    def look(self) -> None:
        """See that the journal is still where it belongs; begin it there anew where somebody has moved it away.

        What was moved stays missing in the chain. Raises `NotRecordedError` where it cannot be begun, where its anchor
        cannot be written, and where there is no room for more records.
        """
        try:
            if self._is_there():
                self._look_after()
                return
        except OSError as error:
            raise NotRecordedError(f"the journal {self._path} cannot be written: {said(error)}") from error
        self._log.error("the journal is gone from its place; another is begun, and what it held is missing")
        try:
            self._begin_anew()
        except OSError as error:
            raise NotRecordedError(f"the journal {self._path} cannot be opened: {said(error)}") from error

    def probe(self) -> None:
        """Raise `NotRecordedError` where there is no room for more records; leaves nothing behind."""
        try:
            self._write(b" " * _ROOM)
            self._size -= _ROOM
            self._surplus = _ROOM
            self._tidy()
        except OSError as error:
            raise NotRecordedError(f"the journal {self._path} cannot be written: {said(error)}") from error

    def sync(self) -> None:
        """Wait until everything that was added is on the disk; for a thread, one at a time. Raises `OSError`."""
        os.fsync(self._file)  # first: if it is closed meanwhile, it is among the others then
        while self._retired:
            os.fsync(self._retired[0])
            os.close(self._retired.popleft())
        if self._renamed:
            self._renamed = False  # before: it may be renamed again meanwhile
            try:
                self._sync_folder()
            except OSError:
                self._renamed = True
                raise

    def remove(self, segment: Segment, last: Link) -> None:
        """Remove a closed segment, whose last record is given. Raises `OSError`.

        The anchor says so first: if it all ends in between, no record is missed that should be there.
        """
        self._anchor.set_base(last)
        os.fsync(self._lock)
        self.base = last
        segment.path.unlink(missing_ok=True)

    def let_go(self) -> None:
        """Close the files of closed segments, on the disk or not."""
        while self._retired:
            os.close(self._retired.popleft())

    def _sync_folder(self) -> None:
        folder = os.open(self.layout.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _begin_anew(self) -> None:
        """Open what is in the journal's place now, and go on with the same chain; raises `OSError`."""
        last, base, anchor_lost = self.last, self.base, self._anchor_lost
        self._retired.extend(file for file in (self._file, self._lock) if file >= 0)  # a thread may be at `sync`
        if self._lock >= 0:
            fcntl.flock(self._lock, fcntl.LOCK_UN)  # the anchor may be where it was, and is locked anew
        self._file = self._lock = -1
        self._anchor = Anchor(-1)
        self._open()
        self.last, self.base = max(last, self.last), base
        self._anchor_lost = anchor_lost  # what was taken away now is known
        if not anchor_lost:
            self._anchor.begin(self.last, self.base)
        self._anchored = self.last

    def _gap(self) -> Record | None:
        """Return what is missing before the next record; None where nothing is."""
        if not (self._torn_bytes or self.unrecorded or self._anchor_lost):
            return None
        gap: Record = {"torn_bytes": self._torn_bytes, "unrecorded": self.unrecorded}
        return {**gap, "anchor_lost": True} if self._anchor_lost else gap

    def _look_after(self) -> None:
        """Have the anchor say what it should, see that nobody else writes here, and that there is room.

        Raises `OSError`.
        """
        if not self._anchor_lost and os.fstat(self._lock).st_size != Anchor.SIZE:
            self._log.error("the anchor was damaged, and is written anew")
            self._anchor.begin(self.last, self.base)
        elif self._anchored != self.last:
            self._set_anchor()
        end, size = os.fstat(self._file).st_size, self._size + self._surplus
        if end != size:
            self._log.error("somebody else has changed the journal", should_have_bytes=size, has_bytes=end)
            self._size = max(0, end - self._surplus)
        disk = os.fstatvfs(self._file)
        free = disk.f_bfree if os.geteuid() == 0 else disk.f_bavail
        if disk.f_blocks and free * disk.f_frsize < _ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _set_anchor(self) -> None:
        """Have the anchor name the last record; where there was none, once a record says so. Raises `OSError`."""
        if self._anchor_lost:
            self._anchor.begin(self.last, self.base)
        else:
            self._anchor.set_head(self.last)
        self._anchored, self._anchor_lost = self.last, False

    def _write(self, data: bytes) -> None:
        self._tidy()
        written = os.write(self._file, data)
        if written != len(data):
            self._surplus = written
            self._tidy()
            raise OSError(None, f"it took {written} of {len(data)} bytes; is the disk full?")
        self._size += written

    def _tidy(self) -> None:
        """Cut off what stands behind the last whole record, unless somebody else has written or cut there as well."""
        if not self._surplus:
            return
        if os.fstat(self._file).st_size == self._size + self._surplus:
            os.ftruncate(self._file, self._size)
        else:
            os.write(self._file, b"\n")
            self._size = os.fstat(self._file).st_size
        self._surplus = 0

    def _rotate(self, first: int, now: datetime) -> None:
        closed = self.layout.closed(self.worker, first)
        must_not_be(closed)
        self._path.rename(closed)
        try:
            begun = self._opened(os.O_EXCL)
        except OSError:
            closed.rename(self._path)  # to be tried again
            raise
        self._retired.append(self._file)
        self._file, self._size, self._first, self._began, self._renamed = begun, 0, None, now, True

    def _opened(self, flags: int = 0) -> int:
        return os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | flags, _PRIVATE)

    def _open(self) -> None:
        self.layout.folder.mkdir(parents=True, exist_ok=True)
        examine(self.layout, self.worker)
        anchor = self.layout.anchor(self.worker)
        self._lock = os.open(anchor, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # two would make two chains of one
        self._anchor = Anchor(self._lock)
        set_aside(self.layout, self.worker)
        self._file = self._opened()
        self._renamed = True  # it may be new
        found = resume(self.layout, self.worker, self._anchor)
        self.last, self.base, self._first = found.last, found.base, found.first
        self._size, self._torn_bytes, self._surplus = found.size, found.torn_bytes, found.torn_bytes
        self._anchored, self._anchor_lost = found.last, found.anchor_lost
        self._began = found.began or self._clock.now()

    def _is_there(self) -> bool:
        for path, file in ((self._path, self._file), (self.layout.anchor(self.worker), self._lock)):
            try:
                if file < 0 or not os.path.samestat(path.stat(), os.fstat(file)):
                    return False
            except (FileNotFoundError, NotADirectoryError):
                return False
        return True

    def _close(self) -> None:
        self.let_go()
        for file in (self._file, self._lock):
            if file >= 0:
                os.close(file)
        self._file = self._lock = -1
