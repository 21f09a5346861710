"""The anchor: a small file that says where a chain ends and where it begins, so that a cut at either end shows.

Two lines, each a word, a sequence number and a digest: `head`, the last record, and `base`, the last one that
retention has removed. Each is rewritten in place, in one write that is too small to be torn.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from ssp_emulator.audit.chain import GENESIS, Link
from ssp_emulator.audit.opening import open_to_read

if TYPE_CHECKING:
    from pathlib import Path

_HEAD, _BASE = b"head %012d %s\n", b"base %012d %s\n"
_LENGTH = len(_HEAD % (GENESIS.sequence, GENESIS.digest.encode()))
_MOST = 1024  # bytes that are looked at: what has more is no anchor
_WHOLE = re.compile(r"head (\d{12}) ([0-9a-f]{64})\nbase (\d{12}) ([0-9a-f]{64})\n\Z")


class Anchor:
    """A chain's anchor, open for writing; takes its file, open for reading and writing, and leaves it open."""

    SIZE = 2 * _LENGTH  # in bytes

    def __init__(self, file: int) -> None:
        self._file = file

    def begin(self, head: Link, base: Link) -> None:
        """Say both anew, whatever the file held; raises `OSError`."""
        os.ftruncate(self._file, 0)
        self.set_head(head)
        self.set_base(base)

    def set_head(self, link: Link) -> None:
        """Say which record is the last; raises `OSError`."""
        os.pwrite(self._file, _HEAD % (link.sequence, link.digest.encode()), 0)

    def set_base(self, link: Link) -> None:
        """Say which record is the last that retention has removed; raises `OSError`."""
        os.pwrite(self._file, _BASE % (link.sequence, link.digest.encode()), _LENGTH)


class Anchored(NamedTuple):
    """What an anchor says: the last record, and the last that retention has removed, `GENESIS` where it has none."""

    head: Link
    base: Link


def read_anchor(path: Path) -> Anchored | None:
    """Return what an anchor's file says; None where there is none, or what it holds is no anchor. Raises `OSError`."""
    try:
        with open_to_read(path) as file:
            data = file.read(_MOST)
    except FileNotFoundError:
        return None
    found = _WHOLE.match(data.decode("ascii", "replace"))
    if found is None:
        return None
    head, head_digest, base, base_digest = found.groups()
    return Anchored(Link(int(head), head_digest), Link(int(base), base_digest))
