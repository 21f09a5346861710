"""Resuming: where a chain ended, and how an emulator goes on with it."""

from __future__ import annotations

import errno
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import structlog

from ssp_emulator.audit.anchor import read_anchor
from ssp_emulator.audit.chain import GENESIS, Link
from ssp_emulator.audit.opening import open_to_read
from ssp_emulator.audit.tail import last_of, opening_of, tail_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ssp_emulator.audit.anchor import Anchor, Anchored
    from ssp_emulator.audit.layout import Layout

_HEAD = 64
_UNCHAINED = re.compile(rb'\{"sequence":[0-9]+,"time":')

_log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.audit")


class Resumed(NamedTuple):
    """How a chain stands that is gone on with.

    `last` is the record that the next one follows, and `base` the last that retention has removed; `anchor_lost` says
    that no anchor vouches for either. Of the segment that is written: the bytes of its whole lines, those of a line
    behind them that was cut off, its first record's sequence number and time; None where it has none.
    """

    last: Link
    base: Link
    size: int
    torn_bytes: int
    anchor_lost: bool
    first: int | None
    began: datetime | None


def examine(layout: Layout, worker: int) -> None:
    """Raise `OSError` where there is something in a journal's or an anchor's place that is not ours to write to."""
    path = layout.current(worker)
    for each in (path, layout.anchor(worker)):
        _examine_kind(each)
    if path.is_file() and not _is_unchained(path):
        tail_of(path)


def set_aside(layout: Layout, worker: int) -> None:
    """Move away a journal from before there were chains: nothing can follow its records. Raises `OSError`."""
    path, aside = layout.current(worker), layout.set_aside(worker)
    if path.is_file() and _is_unchained(path):
        must_not_be(aside)
        path.rename(aside)
        _log.warning("the journal was of an older form, without a chain, and is set aside", now=aside.name)


def resume(layout: Layout, worker: int, anchor: Anchor) -> Resumed:
    """Find where a worker's chain ended, and have its anchor say so, where it has one; raises `OSError`.

    Where the two differ, the anchor is believed, unless a crash has left it behind: no number is used twice, and what
    is missing or was altered stays so for whoever verifies.
    """
    path = layout.current(worker)
    tail, opening = tail_of(path), opening_of(path)
    if tail.torn_bytes:
        _log.warning("the journal ends in the middle of a record", bytes=tail.torn_bytes)
    last = tail.last or last_of(layout, worker)
    anchored = read_anchor(layout.anchor(worker))
    anchor_lost = anchored is None and last != GENESIS
    if anchored is not None:
        last, base = _held_against(anchored, last), anchored.base
        anchor.set_head(last)
    elif anchor_lost:  # it is not made until a record says so: to be stopped before would hide it
        base = _first_base(layout, worker)
        _log.error("the journal had no anchor: whether its ends were cut cannot be told")
    else:
        base = GENESIS
        try:
            anchor.begin(last, base)
        except OSError:
            _withdraw(layout, worker)
            raise
    first, began = (opening.sequence, opening.time) if opening is not None else (None, None)
    return Resumed(last, base, tail.size, tail.torn_bytes, anchor_lost, first, began)


def must_not_be(path: Path) -> None:
    """Raise `FileExistsError` where a file is there already: to rename another to its name would write over it."""
    if path.exists():
        raise FileExistsError(errno.EEXIST, f"{path.name} is there already")


def _examine_kind(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a pipe would not even open; a folder says so itself
        raise OSError(errno.EINVAL, f"{path.name} is not a regular file")


def _withdraw(layout: Layout, worker: int) -> None:
    """Leave nothing of a chain that could not be begun: files without a word would pass for a chain that was cut."""
    journal, anchor = layout.current(worker), layout.anchor(worker)
    with suppress(OSError):
        if stat.S_ISREG(anchor.lstat().st_mode):
            anchor.unlink()
    with suppress(OSError):
        if stat.S_ISREG((found := journal.lstat()).st_mode) and found.st_size == 0:
            journal.unlink()


def _held_against(anchored: Anchored, last: Link) -> Link:
    if (ahead := last.sequence - anchored.head.sequence) > 0:
        if ahead > 1:  # a crash leaves it one behind; more than that, a disk that failed, or somebody's hand
            _log.warning("the anchor is behind the journal", records=ahead)
        return last
    if anchored.head.sequence > last.sequence:
        should_be = anchored.head.sequence
        _log.error("records are missing at the end of the journal", last=last.sequence, should_be=should_be)
    elif anchored.head != last:
        _log.error("the last record of the journal was altered", sequence=last.sequence)
    return anchored.head


def _first_base(layout: Layout, worker: int) -> Link:
    """Return what the first record that is there follows."""
    segments = layout.segments(worker)
    opening = opening_of(segments[0].path) if segments else None
    return GENESIS if opening is None else opening.follows


def _is_unchained(path: Path) -> bool:
    with open_to_read(path) as file:
        return _UNCHAINED.match(file.read(_HEAD)) is not None
