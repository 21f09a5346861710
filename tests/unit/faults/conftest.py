"""An engine with a clock that tests move on, and requests for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.clocks import MovableClock

from ssp_emulator import checks
from ssp_emulator.faults.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def engine(clock: MovableClock) -> Engine:
    return Engine(clock, seed=42)


@pytest.fixture
def asking(request_for: Callable[..., Exchange]) -> Callable[..., Exchange]:
    """Make a request that asks for rules, by the lines of its header."""
    return lambda *lines: request_for(headers={"X-Ssp-Emulator-Fault": list(lines)})


@pytest.fixture
def examined(request_for: Callable[..., Exchange], spine: Spine) -> Callable[..., Exchange]:
    """Make an exchange that has been through the checks, as a fault engine gets it."""

    def examined(**changes: object) -> Exchange:
        exchange = request_for(**changes)
        exchange.denial = checks.examine(exchange, spine, checks.order_for(exchange))
        return exchange

    return examined
