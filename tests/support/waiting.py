"""Waiting for what another task or process is about to do, and not for a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 10.0


async def until(reached: Callable[[], Any]) -> Any:
    """Wait until something is true, ten seconds at most, and return it."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := reached()):  # noqa: ASYNC110 - what is waited for tells no one
            await asyncio.sleep(0.01)
        return found
