"""The chain: each record bears the digest of the one before it, so that what was altered or taken away shows.

The canonical record is its line in the journal, byte for byte, without the line's end: so any tool that can compute a
SHA-256 can check a chain. A line begins with the same keys in the same order, and can be told apart by them alone.

Source: FIPS 180-4 (SHA-256).
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

_DIGEST = 64
LONGEST = 32 << 20  # bytes of a line; bodies of a mebibyte each, with every character escaped, come to less
_HEAD = re.compile(rb'\{"sequence":([1-9][0-9]{0,17}),"previous":"([0-9a-f]{64})","worker":(0|[1-9][0-9]{0,3}),')


class Link(NamedTuple):
    """A place in a chain: a record's sequence number, and its digest, 64 hexadecimal digits in lower case."""

    sequence: int
    digest: str


GENESIS = Link(0, "0" * _DIGEST)  # what the first record follows


class Head(NamedTuple):
    """What a line of the journal says of its own place."""

    sequence: int
    previous: str
    worker: int


def digest(line: bytes) -> str:
    """Return the digest of a record; takes its line without the line's end."""
    return hashlib.sha256(line).hexdigest()


def line_of(previous: Link, worker: int, facts: bytes) -> bytes:
    """Return the line that follows a link; takes a record's facts as a JSON object, without white space around it."""
    return b'{"sequence":%d,"previous":"%s","worker":%d,%s' % (
        previous.sequence + 1,
        previous.digest.encode(),
        worker,
        facts[1:],
    )


def head_of(line: bytes) -> Head | None:
    """Return what a line says of its place; None where it does not begin as a record does, or is not whole."""
    found = _HEAD.match(line)
    if found is None or not line.endswith(b"}"):
        return None
    sequence, previous, worker = found.groups()
    return Head(int(sequence), previous.decode(), int(worker))
