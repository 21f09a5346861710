"""A provider's answer, as httptools reads it: interim heads, the final head, and the body piece by piece."""

from __future__ import annotations

import httptools

from ssp_emulator.message import Framing, Head
from ssp_emulator.proxy.errors import ProviderError

_HEAD_LIMIT = 256 * 1024  # bytes without a final head; no real one comes near, and memory has to end somewhere


class AnswerReader:
    """Reads one answer out of the bytes that a provider sends.

    `heads` are those not yet taken, `pieces` the same of the body; `complete` is True after the last byte, and
    `keeps_alive` tells then whether the provider will take another request.
    """

    def __init__(self, method: str) -> None:
        self.heads: list[Head] = []
        self.pieces: list[bytes] = []
        self.buffered = 0
        self.keeps_alive = False
        self.begun = False
        self._head = Head()
        self._final: Head | None = None
        self._between = 0  # bytes since the last of the body: of a head, or of trailers
        self._problem: str | None = None
        self._bodiless = method == "HEAD"
        # Until the answer is complete: the two know each other, and only the garbage collector ends such a pair.
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)

    @property
    def complete(self) -> bool:
        """Whether the answer's last byte is here."""
        return self._parser is None

    def feed(self, data: bytes) -> None:
        """Read some bytes. Raises `ProviderError` where they are no answer in HTTP/1."""
        self.begun = True
        parser = self._parser
        if parser is None:
            self.keeps_alive = False  # bytes that nobody asked for: the next answer could not be told from them
            return
        try:
            self._between += len(data)
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            self._refuse("the answer switches protocols, which was not asked for", error)
        except httptools.HttpParserError as error:
            self._refuse(f"the answer is not HTTP: {error}", error)
        if self._problem is not None:
            raise ProviderError(self._problem)
        if self._between > _HEAD_LIMIT and not self.complete:
            what = "head is" if self._final is None else "trailers are"
            raise ProviderError(f"the answer's {what} larger than {_HEAD_LIMIT} bytes")

    def _refuse(self, problem: str, error: Exception) -> None:
        if not self.complete:
            raise ProviderError(problem) from error
        self.keeps_alive = False  # what follows the answer is not read as another

    def end(self, *, cleanly: bool) -> bool:
        """Take note that the provider has closed, and whether it said so; return whether the answer is whole."""
        if cleanly and not self.complete and self._final is not None and self._final.framing is Framing.CLOSE:
            self._parser = None
        return self.complete

    def take(self) -> bytes:
        """Return what has come of the body since the last time."""
        if not self.pieces:
            return b""
        taken = self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)
        self.pieces.clear()
        self.buffered = 0
        return taken

    # What httptools calls while it reads. Within one piece it goes on after the end of the answer; we do not.

    def on_message_begin(self) -> None:
        """Begin a head; more than one may come, while they are interim."""
        if self.complete:
            self.keeps_alive = False
        else:
            self._head = Head()

    def on_status(self, phrase: bytes) -> None:
        """Keep a piece of the reason phrase."""
        if not self.complete:
            self._head.phrase += phrase

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field; one that comes after the body is a trailer, and no part of the head (RFC 9110, 6.5)."""
        if not self.complete and self._head is not self._final:
            self._head.fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Hand out a head."""
        parser = self._parser
        if parser is None:
            return
        head = self._head
        head.status = parser.get_status_code()
        codings, has_length = _lengths(head)
        head.framing = self._framing(head, codings, has_length=has_length)
        self._problem = self._problem or _what_is_wrong(head, codings, parser.get_http_version())
        self.heads.append(head)
        if not head.interim:
            self._final = head
            if self._bodiless:  # llhttp does not know what was asked, and would wait for a body
                self._finish(parser)

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body."""
        self._between = 0
        if self.complete:
            self.keeps_alive = False
        else:
            self.pieces.append(piece)
            self.buffered += len(piece)

    def on_message_complete(self) -> None:
        """Take note of the end, unless it is an interim head's."""
        if not self._head.interim and self._parser is not None:
            self._finish(self._parser)

    def _finish(self, parser: httptools.HttpResponseParser) -> None:
        self.keeps_alive = parser.should_keep_alive()
        self._parser = None

    def _framing(self, head: Head, codings: list[bytes], *, has_length: bool) -> Framing:
        if self._bodiless or head.interim or head.status in (204, 304):
            return Framing.NONE
        if codings:
            return Framing.CHUNKED
        return Framing.LENGTH if has_length else Framing.CLOSE


def _what_is_wrong(head: Head, codings: list[bytes], version: str) -> str | None:
    if not 100 <= head.status <= 999:
        return f"the answer's status is {head.status}, which no answer has"
    if version not in ("1.0", "1.1"):
        return f"the answer is in HTTP/{version}, and should be in HTTP/1.1"
    if codings and codings != [b"chunked"]:
        return "the answer's Transfer-Encoding should be chunked, and nothing else"
    return None


def _lengths(head: Head) -> tuple[list[bytes], bool]:
    """Return what a head says of where its body ends: the transfer codings, and whether there is a Content-Length."""
    codings, has_length = [], False
    for name, value in head.fields:
        lowered = name.lower()
        if lowered == b"content-length":
            has_length = True
        elif lowered == b"transfer-encoding":
            codings.append(value.strip().lower())
    return codings, has_length
