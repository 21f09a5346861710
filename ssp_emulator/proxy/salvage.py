"""What can still be read of a request that aiohttp could not: for the audit, and to tell a bad method from bad HTTP.

It decides nothing about where anything goes: such a request is refused, and its connection closes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from multidict import CIMultiDict, CIMultiDictProxy

_START_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/1\.[01]\Z")  # RFC 9112, 3
_MOST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Salvage:
    """A request as far as it makes sense; `method` is None where not even the start line does."""

    method: str | None
    target: str
    headers: CIMultiDictProxy[str]


def salvage(data: bytes) -> Salvage:
    """Read what there is to read in the bytes that broke the rules; it takes anything and raises nothing."""
    head = data[:_MOST].partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape")
    start, *lines = head.split("\r\n")
    found = _START_LINE.match(start)
    headers: CIMultiDict[str] = CIMultiDict()
    if found is None:
        return Salvage(None, "", CIMultiDictProxy(headers))
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.add(name, value.strip())
    return Salvage(found[1], found[2], CIMultiDictProxy(headers))
