"""Records that are added to a journal, and what is done to it between: torn, or kept from growing."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ssp_emulator.audit.journal import Journal, Rotation
from support import trails
from support.clocks import MovableClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.audit.chain import Link
    from ssp_emulator.audit.layout import Layout

DAY_S = 86_400
NOW = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
FACTS = {name: value for name, value in trails.facts(1, time=NOW).items() if name != "gap"}
# A record of 13 MiB: each character of a body may be six in JSON.
LARGE = {"bodies": {way: {"text": "\1" * (1 << 20), "whole": True} for way in ("from_consumer", "to_consumer")}}


def add(layout: Layout, count: int = 1, *, clock: MovableClock | None = None, **facts: Any) -> list[Link]:
    """Open a journal, add as many records, close it, and return their links."""
    with Journal(layout, clock=clock or MovableClock()) as journal:
        return [journal.append({**FACTS, **facts}) for _ in range(count)]


def tear(layout: Layout, data: bytes) -> None:
    with layout.current(0).open("ab") as file:
        file.write(data)


def segment_of(count: int, layout: Layout) -> Rotation:
    """Return the rotation that closes a segment after as many records like those of the journal that is there."""
    return Rotation(size_bytes=(layout.current(0).stat().st_size + 2) * count)


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Have the kernel take no byte of a file beyond a size; a write that would go beyond is taken in part."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
