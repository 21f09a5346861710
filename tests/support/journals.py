"""A journal's lines as another program would read them: with a JSON parser and a SHA-256, and nothing of ours."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ssp_emulator.audit.layout import Layout

NOTHING_BEFORE = "0" * 64


def lines(layout: Layout, worker: int = 0) -> list[bytes]:
    """Return the lines of a chain's segments in their order, without their ends."""
    return [line for each in layout.segments(worker) for line in each.path.read_bytes().splitlines()]


def records(layout: Layout, worker: int = 0) -> list[dict[str, Any]]:
    """Return a chain's records; every line has to be one."""
    return [json.loads(line) for line in lines(layout, worker)]


def sequences(layout: Layout, worker: int = 0) -> list[int]:
    """Return the sequence numbers of a chain's records."""
    return [record["sequence"] for record in records(layout, worker)]


def breaks(layout: Layout, worker: int = 0, *, previous: str = NOTHING_BEFORE) -> list[int]:
    """Return the sequence numbers of the records that do not bear the digest of the line before; `previous` is the
    first one's.
    """
    broken = []
    for line in lines(layout, worker):
        record = json.loads(line)
        if record["previous"] != previous:
            broken.append(record["sequence"])
        previous = hashlib.sha256(line).hexdigest()
    return broken


def digest_of(line: bytes) -> str:
    """Return the SHA-256 of a line without its end."""
    return hashlib.sha256(line).hexdigest()
