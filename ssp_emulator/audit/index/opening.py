"""The index's file: opened, made where there is none, made anew where it is of no use; and what goes wrong with it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ssp_emulator.audit.index.schema import ANEW, APPLICATION, VERSION
from ssp_emulator.errors import SetupError, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRIVATE = 0o600
_PATIENCE_S = 1.0  # how long another process's batch is waited for
_BESIDE = ("", "-wal", "-shm")
_PRIMARY = 0xFF  # SQLite's extended codes have the primary one in their lowest byte
_IN_PIECES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR)  # the last: its log is gone
_IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PRAGMAS = ("journal_mode = WAL", "synchronous = OFF", "foreign_keys = ON", "temp_store = FILE")


class IndexingError(SetupError):
    """The index cannot be written or read; the text names it and says why."""


class SlowError(Exception):
    """A search took longer than it may, or nobody waits for it any more."""


class InPiecesError(Exception):
    """The index's file is no index, or is damaged."""


class InUseError(Exception):
    """Another process writes to the index."""


def opened(path: Path) -> sqlite3.Connection:
    """Open the index at a path, made anew where there is none that is of use. Raises as `translated` says."""
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with translated(path), _alone(path.parent):
        if path.exists() and (found := _ours(path)) is not None:
            return found
        _begin(path)
        connection = _connected(path)
        try:
            _prepare(connection)
            make_anew(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def make_anew(connection: sqlite3.Connection) -> None:
    """Make the tables, empty, whatever there was."""
    connection.executescript(f"BEGIN IMMEDIATE; {ANEW} COMMIT;")


def discard(path: Path) -> None:
    """Remove an index that is of no use. Raises `IndexingError`."""
    with translated(path), _alone(path.parent):
        _remove(path)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise our own errors for SQLite's: `IndexingError`, `InPiecesError`, `InUseError`, `SlowError`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = error.sqlite_errorcode & _PRIMARY
        if code == sqlite3.SQLITE_INTERRUPT:
            raise SlowError from error
        if code in _IN_USE:
            raise InUseError from error
        if code in _IN_PIECES:
            raise InPiecesError from error
        if code == sqlite3.SQLITE_ERROR:  # a statement of ours that is wrong
            raise
        raise IndexingError(f"the index {path} cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _IN_PIECES:
            raise InPiecesError from error
        raise
    except OSError as error:
        raise IndexingError(f"the index {path} cannot be used: {said(error)}") from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from making or removing the index in a folder at the same time."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _begin(path: Path) -> None:
    """Begin an empty file; a write-ahead log that is left of another index would be read into it."""
    _remove(path)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE))


def _remove(path: Path) -> None:
    for suffix in _BESIDE:
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()


def _connected(path: Path) -> sqlite3.Connection:
    # Autocommit, so that our own BEGIN IMMEDIATE holds; one thread after another may use it.
    return sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _ours(path: Path) -> sqlite3.Connection | None:
    """Open an index that is there; None where it is no index of this version."""
    connection = _connected(path)
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if (application, version) == (APPLICATION, VERSION):
            _prepare(connection)
            return connection
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & _PRIMARY not in _IN_PIECES:
            connection.close()
            raise
    connection.close()
    return None
