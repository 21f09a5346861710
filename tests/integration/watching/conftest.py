"""A caller of what is at the root of the admin API, and the metrics that it answers as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.caller import Caller
from support.figures import Figures

if TYPE_CHECKING:
    from support.running import Running


@pytest.fixture
def root(ssp: Running) -> Caller:
    """A caller of the running emulator's admin API, from its root."""
    return Caller(ssp.emulator.admin_address, "")


@pytest.fixture
def figures(ssp: Running) -> Figures:
    """The running emulator's metrics."""
    return Figures(ssp)
