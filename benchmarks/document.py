"""A document as it comes: a FHIR Binary in JSON, decoded and hashed piece by piece, and never held whole."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from scenario import WrongAnswerError

from ssp_emulator.demo.provider.contents import Pattern

_CONTENT = re.compile(rb'"content"\s*:\s*"')
_HEAD_LIMIT = 4096  # bytes before the content; the demo provider's are about a hundred
_TAIL_LIMIT = 4096
_BASE64_GROUP = 4


class BinaryReader:
    """Reads one Binary.

    `wire_bytes` are those of the body as it came, `size` and `sha256` are of the content that was decoded so far.
    """

    def __init__(self) -> None:
        self.wire_bytes = 0
        self.size = 0
        self._hash = hashlib.sha256()
        self._head = b""
        self._tail = b""
        self._left = b""  # of a base64 group that is not whole yet
        self._feed = self._before

    @property
    def sha256(self) -> str:
        """The content's hash, in hexadecimal."""
        return self._hash.hexdigest()

    def feed(self, piece: bytes) -> None:
        """Read a piece of the body. Raises `WrongAnswerError` where it is not that of a Binary."""
        self.wire_bytes += len(piece)
        self._feed(piece)

    def end(self) -> None:
        """Take note of the body's end. Raises `WrongAnswerError` where a Binary does not end there."""
        if self._left or not self._tail.rstrip().endswith(b"}"):
            raise WrongAnswerError(f"the body ended after {self.wire_bytes} bytes, in the middle of a Binary")

    def _before(self, piece: bytes) -> None:
        self._head += piece
        found = _CONTENT.search(self._head)
        if found is None:
            if len(self._head) > _HEAD_LIMIT:
                raise WrongAnswerError("the body is not a Binary in JSON: no content in it")
            return
        rest, self._head = self._head[found.end() :], b""
        self._feed = self._within
        self._within(rest)

    def _within(self, piece: bytes) -> None:
        encoded, quote, rest = piece.partition(b'"')
        encoded = self._left + encoded
        whole = len(encoded) if quote else len(encoded) // _BASE64_GROUP * _BASE64_GROUP
        self._left = encoded[whole:]
        try:
            decoded = base64.b64decode(encoded[:whole], validate=True)
        except binascii.Error as error:
            raise WrongAnswerError(f"the content is not base64 near byte {self.wire_bytes} of the body") from error
        self.size += len(decoded)
        self._hash.update(decoded)
        if quote:
            self._feed = self._after
            self._after(rest)

    def _after(self, piece: bytes) -> None:
        self._tail += piece
        if len(self._tail) > _TAIL_LIMIT:
            raise WrongAnswerError("the body goes on after the content of the Binary")


def expected_sha256(size: int) -> str:
    """Return the hash of the demo provider's document of that many bytes."""
    digest = hashlib.sha256()
    for chunk in Pattern(size).chunks():
        digest.update(chunk)
    return digest.hexdigest()


def wire_size(size: int) -> int:
    """Return how many bytes a document of a size has in base64, without the JSON around it."""
    return (size + 2) // 3 * _BASE64_GROUP
