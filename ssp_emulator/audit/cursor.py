"""A cursor: the record behind which the next page begins, as an opaque text."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple, Self

from ssp_emulator.audit.terms import is_time

_PLAIN = re.compile(r"([0-9TZ.:-]{24}) (0|[1-9][0-9]{0,3}) ([1-9][0-9]{0,17})\Z")


class CursorError(ValueError):
    """A text is no cursor."""


class Cursor(NamedTuple):
    """A record's place among all: its time, its worker, and its sequence number."""

    time: str
    worker: int
    sequence: int

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a cursor; raises `CursorError` for anything but what `str` gives."""
        try:
            found = _PLAIN.match(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii"))
        except ValueError:
            raise CursorError from None
        if found is None or not is_time(found[1]):
            raise CursorError
        cursor = cls(found[1], int(found[2]), int(found[3]))
        if str(cursor) != text:  # base64 has more than one text for the same bytes
            raise CursorError
        return cursor

    def __str__(self) -> str:
        plain = f"{self.time} {self.worker} {self.sequence}"
        return urlsafe_b64encode(plain.encode("ascii")).rstrip(b"=").decode("ascii")
