"""What can be read of a request all the same that breaks the rules: for the audit, and for a status that is true.

It decides nothing about where anything goes: such a request is refused, and its connection closes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multidict import CIMultiDict, CIMultiDictProxy

if TYPE_CHECKING:
    from ssp_emulator.message import Field

_START_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/1\.[01]\Z")  # RFC 9112, 3
_ANOTHER = re.compile(rb"^[!#$%&'*+.^_`|~0-9A-Za-z-]+ \S+ HTTP/1\.[01]\r?$", re.MULTILINE)
_MOST = 64 * 1024


class Unread:
    """The bytes that came since the last request that could be read, as far as they are few."""

    __slots__ = ("_between", "_bytes")

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._between = True

    def came(self, data: bytes) -> None:
        """Keep bytes that come between two requests; during one they are its body, or belong to no one yet."""
        if self._between and len(self._bytes) < _MOST:
            self._bytes += data

    def begin(self) -> None:
        """A request has been read."""
        self._bytes.clear()
        self._between = False

    def end(self) -> None:
        """The request has been answered."""
        self._between = True

    def __bytes__(self) -> bytes:
        return bytes(self._bytes[:_MOST])


@dataclass(frozen=True, slots=True)
class Salvage:
    """A request as far as it makes sense: not at all, and with `-` for a method, where its start line does not."""

    method: str
    target: str
    headers: CIMultiDictProxy[str]
    fields: tuple[Field, ...] = ()
    has_start_line: bool = True


def salvage(data: bytes) -> Salvage:
    """Read what there is to read in bytes that broke the rules; it takes anything and raises nothing.

    Where more than one request stands in them nothing is read: an empty record is honest, a wrong trace ID is not.
    """
    head, _, rest = data.partition(b"\r\n\r\n")
    start, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    found = _START_LINE.match(start)
    headers: CIMultiDict[str] = CIMultiDict()
    if found is None or _ANOTHER.search(rest):
        return Salvage("-", "", CIMultiDictProxy(headers), has_start_line=False)
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.add(name, value.strip())
    return Salvage(found[1], found[2], CIMultiDictProxy(headers))
