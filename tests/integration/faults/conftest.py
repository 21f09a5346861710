"""A caller of the admin API of an emulator that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.caller import Caller

if TYPE_CHECKING:
    from support.running import Running


@pytest.fixture
def api(ssp: Running) -> Caller:
    """A caller of the running emulator's admin API."""
    return Caller(ssp.emulator.admin_address)
