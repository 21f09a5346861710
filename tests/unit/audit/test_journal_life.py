"""The journal's whole life: whatever happens to it, and in whatever order, the chain holds."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import journals
from support.adding import DAY_S, FACTS, no_file_larger_than, tear
from support.clocks import MovableClock

from ssp_emulator.audit.anchor import Anchored, read_anchor
from ssp_emulator.audit.chain import GENESIS
from ssp_emulator.audit.journal import Journal, Rotation
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.tail import last_of
from ssp_emulator.exchange import NotRecordedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Life:
    """A journal's life, step by step, and what its records should be at the end of it."""

    def __init__(self, layout: Layout, size_bytes: int) -> None:
        self.layout = layout
        self.clock = MovableClock()
        self.rotation = Rotation(size_bytes, DAY_S)
        self.gaps: list[dict[str, int] | None] = []
        self.torn_bytes = self.unrecorded = 0
        self.journal = self.opened()

    def opened(self) -> Journal:
        """Open it, as a process that knows nothing but what is on the disk."""
        current = self.layout.current(0)
        data = current.read_bytes() if current.exists() else b""
        self.torn_bytes, self.unrecorded = len(data) - data.rfind(b"\n") - 1, 0
        return Journal(self.layout, clock=self.clock, rotation=self.rotation).__enter__()

    def close(self) -> None:
        self.journal.__exit__(None, None, None)

    def append(self) -> None:
        gap = {"torn_bytes": self.torn_bytes, "unrecorded": self.unrecorded}
        self.gaps.append(gap if any(gap.values()) else None)
        assert self.journal.append({**FACTS, "nth": len(self.gaps)}).sequence == len(self.gaps)
        self.torn_bytes = self.unrecorded = 0

    def restart(self) -> None:
        self.close()
        self.journal = self.opened()

    def grow_old(self) -> None:
        self.clock.elapse(DAY_S)
        self.journal.rotate_if_due(self.clock.now())

    def look(self) -> None:
        self.journal.look()

    def probe(self) -> None:
        self.journal.probe()

    def sync(self) -> None:
        self.journal.sync()

    def fail(self) -> None:
        size = self.layout.current(0).stat().st_size
        with no_file_larger_than(size + 1), pytest.raises(NotRecordedError):
            self.journal.append({**FACTS, "target": "a" * size})  # nor would it fit a new segment
        self.unrecorded += 1

    def be_torn(self) -> None:
        self.close()
        data = self.layout.current(0).read_bytes()
        tear(self.layout, b'{"sequence":' if data.endswith(b"\n") or not data else b"x")
        self.journal = self.opened()

    def lag(self) -> None:
        """Be ended between the two writes."""
        self.close()
        if self.gaps and self.layout.current(0).read_bytes().endswith(b"}\n"):
            head = f"head {len(self.gaps) - 1:012d} {journals.records(self.layout)[-1]['previous']}\n"
            with self.layout.anchor(0).open("r+b") as anchor:
                anchor.write(head.encode())
        self.journal = self.opened()


STEPS = st.sampled_from(
    [Life.append] * 3
    + [Life.restart, Life.grow_old, Life.look, Life.probe, Life.sync, Life.fail, Life.be_torn, Life.lag]
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(STEPS, max_size=25), st.sampled_from([1, 3000, 1 << 20]))
def test_whatever_happens_to_it_in_whatever_order_the_chain_holds(
    tmp_path: Path, steps: list[Callable[[Life], None]], size_bytes: int
) -> None:
    shutil.rmtree(tmp_path / "audit", ignore_errors=True)
    layout = Layout(tmp_path / "audit" / "journal.jsonl")
    life = Life(layout, size_bytes)
    for step in (*steps, Life.append, Life.append):
        step(life)
    life.close()

    records = journals.records(layout)
    assert [record["sequence"] for record in records] == list(range(1, len(life.gaps) + 1))
    assert [record["nth"] for record in records] == list(range(1, len(life.gaps) + 1))
    assert [record["gap"] for record in records] == life.gaps
    assert journals.breaks(layout) == []
    assert all(each.path.stat().st_size for each in layout.segments(0)[:-1])
    assert read_anchor(layout.anchor(0)) == Anchored(last_of(layout, 0), GENESIS)
