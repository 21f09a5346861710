"""The journal: JSON Lines, one record a request, only ever added to.

A record is handed to the operating system by one `write` before the answer's last byte goes out. That call goes to the
page cache and does not wait for the disk, which is why it may stand on the event loop.
"""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING

import structlog

from ssp_emulator.audit.reading import JournalError, parsed
from ssp_emulator.audit.record import record_of
from ssp_emulator.errors import said
from ssp_emulator.exchange import NotRecordedError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from ssp_emulator.exchange import Exchange


_PRIVATE = 0o600  # who asked whom for whose record is nobody else's business
_TAIL = 64 * 1024


class Journal:
    """The journal, open for adding; a context manager. Entering raises `JournalError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1
        self._sequence = 0

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # two would number their records alike
            self._sequence = self._last_sequence()
        except BlockingIOError as error:
            self._close()
            raise JournalError(f"the journal {self.path} is in use by another emulator; name another") from error
        except OSError as error:
            self._close()
            raise JournalError(f"the journal {self.path} cannot be opened: {said(error)}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def record(self, exchange: Exchange) -> None:
        """Add an exchange. Raises `NotRecordedError` where the record has not been taken whole."""
        line = json.dumps(record_of(exchange, self._sequence + 1), separators=(",", ":")).encode() + b"\n"
        try:
            written = os.write(self._file, line)
        except OSError as error:
            raise NotRecordedError(f"the journal {self.path} cannot be written: {said(error)}") from error
        if written != len(line):
            self._file_is_torn()
            raise NotRecordedError(f"the journal {self.path} took {written} of {len(line)} bytes: is the disk full?")
        self._sequence += 1

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _file_is_torn(self) -> None:
        """Begin a new line after one that was taken in part, so that the next record can be read."""
        try:
            os.write(self._file, b"\n")
        except OSError as error:
            structlog.get_logger("ssp_emulator.audit").error("the journal is torn", reason=said(error))

    def _last_sequence(self) -> int:
        """Find the last record's sequence number; a last line that was cut off is left as it is, and ended."""
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")
        start = size
        while start > 0:  # further back each time, until a whole record is in sight
            start = max(0, size - 2 * (size - start) - _TAIL)
            lines = os.pread(self._file, size - start, start).splitlines()
            for line in reversed(lines if start == 0 else lines[1:]):
                if (record := parsed(line)) is not None:
                    return int(record["sequence"])
        return 0
