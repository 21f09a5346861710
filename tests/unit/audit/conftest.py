"""A journal's place, empty at first, and a clock that a test moves on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.clocks import MovableClock

from ssp_emulator.audit.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Where a journal is to be; the folder is not there yet."""
    return Layout(tmp_path / "audit" / "journal.jsonl")


@pytest.fixture
def moved() -> MovableClock:
    """A clock that stands still until the test lets time go by."""
    return MovableClock()
