"""Reading an answer of HTTP/1.1 with as little work as a benchmark's client can do; the server is trusted to be right.

Source: RFC 9112, 6 (how the end of a body is told).
"""

from __future__ import annotations

import zlib

import httptools

_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_OK = 200
_BODILESS = (204, 304)
_QUOTED = 500  # bytes of a refusal that are kept
_SAMPLED = 997  # every so many answers of a connection, and its first, have their content checked too


class Answer:
    """The answer that is being read on a connection: its status, its length, and what it says where it is a refusal."""

    def __init__(self, crc32: int | None = None) -> None:
        self._expected_crc32 = crc32
        self._number = 0
        self._clear()

    def reset(self) -> None:
        """Get ready for the next answer."""
        self._number += self.wire_bytes > 0
        self._clear()

    def _clear(self) -> None:
        self.status = 0
        self.length = 0  # bytes of the body that have come
        self.wire_bytes = 0
        self.retry_after = False
        self.closes = False
        self._head: bytes | None = None
        self._left = 0
        self._chunked: httptools.HttpResponseParser | None = None
        self._complete = False
        self._sampled = self._expected_crc32 is not None and self._number % _SAMPLED == 0
        self._crc32 = 0
        self.said = b""

    @property
    def right(self) -> bool:
        """Whether its content is what is expected, as far as that is known: only a sample is looked at."""
        return not self._sampled or self._crc32 == self._expected_crc32

    def feed(self, data: bytes) -> bool:
        """Take the next bytes, and tell whether the answer is whole. Raises `ValueError` where it is no HTTP."""
        self.wire_bytes += len(data)
        if self._chunked is not None:
            return self._feed_chunked(data)
        if self.status == 0:
            return self._feed_head(data)
        self._take(data)
        self._left -= len(data)
        return self._left <= 0

    def _feed_head(self, data: bytes) -> bool:
        whole = data if self._head is None else self._head + data
        end = whole.find(_END)
        if end < 0:
            self._head = whole
            return False
        head = whole[: end + 2].lower()
        if not head.startswith(b"http/1."):
            raise ValueError("an answer does not begin as HTTP/1.1 does")
        self.status = int(head[9:12])
        self.retry_after = self.status != _OK and b"\r\nretry-after:" in head
        self.closes = b"\r\nconnection: close" in head
        at = head.find(_LENGTH)
        body = whole[end + len(_END) :]
        if at >= 0:
            self._left = int(head[at + len(_LENGTH) : head.index(b"\r", at + 2)]) - len(body)
            self._take(body)
            return self._left <= 0
        if self.status in _BODILESS:
            return True
        self._chunked = httptools.HttpResponseParser(self)
        return self._feed_chunked(whole)

    def _feed_chunked(self, data: bytes) -> bool:
        if self._chunked is None:
            raise LookupError("a chunked answer has not begun")
        self._chunked.feed_data(data)
        return self._complete

    def _take(self, body: bytes) -> None:
        self.length += len(body)
        if self.status != _OK and len(self.said) < _QUOTED:
            self.said += body[:_QUOTED]
        if self._sampled:
            self._crc32 = zlib.crc32(body, self._crc32)

    def on_body(self, body: bytes) -> None:
        """Take a piece of a chunked body (httptools calls this)."""
        self._take(body)

    def on_message_complete(self) -> None:
        """Take note that a chunked answer is whole (httptools calls this)."""
        self._complete = True
