"""What is wrong with a request, and what can be read of it all the same: for the audit, and for a status that is true.

It decides nothing about where anything goes: such a request is refused, and its connection closes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import hdrs, http_exceptions
from multidict import CIMultiDict, CIMultiDictProxy

if TYPE_CHECKING:
    from aiohttp.http import RawRequestMessage

_START_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/1\.[01]\Z")  # RFC 9112, 3
_ANOTHER = re.compile(rb"^[!#$%&'*+.^_`|~0-9A-Za-z-]+ \S+ HTTP/1\.[01]\r?$", re.MULTILINE)
_HOST = re.compile(
    r"(\[[0-9A-Za-z._~!$&'()*+,;=:%-]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]*)?\Z"
)  # RFC 9110, 7.2; RFC 3986, 3.2.2
_MOST = 64 * 1024
_MOST_DIGITS = 18  # of a Content-Length: any 64-bit integer holds it


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
    """A request as far as it makes sense; `method` is None where not even the start line does."""

    method: str | None
    target: str
    headers: CIMultiDictProxy[str]


def salvage(data: bytes) -> Salvage:
    """Read what there is to read in bytes that broke the rules; it takes anything and raises nothing.

    Where more than one request stands in them nothing is read: an empty record is honest, a wrong trace ID is not.
    """
    head, _, rest = data.partition(b"\r\n\r\n")
    start, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    found = _START_LINE.match(start)
    headers: CIMultiDict[str] = CIMultiDict()
    if found is None or _ANOTHER.search(rest):
        return Salvage(None, "", CIMultiDictProxy(headers))
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.add(name, value.strip())
    return Salvage(found[1], found[2], CIMultiDictProxy(headers))


def doubt_about(message: RawRequestMessage) -> str | None:
    """Say what is wrong with a request that aiohttp could read, and that another server might read otherwise.

    Source: RFC 9112, 2.3 (version), 3.2 (Host: one that is no host has to be refused), 6.3 (Content-Length).
    """
    if not (1, 0) <= message.version <= (1, 1):
        return "the request should be in HTTP/1.1"
    if _HOST.match(message.headers.get(hdrs.HOST, "")) is None:
        return "the header Host is not a host with or without a port"
    if len(message.headers.get(hdrs.CONTENT_LENGTH, "").lstrip("0")) > _MOST_DIGITS:
        return "the header Content-Length is too large"
    return None


def problem_of(error: BaseException | None, limit: int) -> str:
    """Say what was wrong with a request that could not be read; `limit` is the most bytes that a line may have."""
    match error:
        case http_exceptions.LineTooLong():
            return f"a line or a header is longer than {limit} bytes"
        case http_exceptions.BadHttpMethod():
            return "the method is not one that HTTP knows"
        case http_exceptions.InvalidURLError():
            return "the path is not one that a URL can have"
        case http_exceptions.HttpProcessingError():
            return error.message.partition("\n")[0].rstrip(": .")  # what follows repeats the request's own bytes
        case _:
            return "it could not be read"
