"""Emulators with several workers: their processes, and many requests that come to all of them."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.running import Running
    from support.wire import Answer, Wire

TOGETHER = 8  # connections at once


def pids(parent: int | None = None) -> list[int]:
    """Return the processes of the workers that a process, this one if none is named, has started."""
    tasks = Path(f"/proc/{parent or os.getpid()}/task")
    children = [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]
    return [pid for pid in children if "ssp_emulator.emulator.worker" in _command(pid)]


def lives(pid: int) -> bool:
    """Tell whether there is a process that has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def asked(ssp: Running, requests: int, **changes: Any) -> list[Answer]:
    """Send so many requests, each on a connection of its own, some at once, and return their answers."""
    free = asyncio.Semaphore(TOGETHER)

    async def ask() -> Answer:
        async with free:
            wire = await ssp.wire()
            try:
                return await wire.ask(ssp.request(**changes))
            finally:
                await wire.close()
                ssp.wires.remove(wire)

    return await asyncio.gather(*(ask() for _ in range(requests)))


async def wires_to_all(ssp: Running, workers: int = 2) -> list[Wire]:
    """Open connections until each worker has one that has carried a request, and return them all."""
    wires: list[Wire] = []
    while len({record["worker"] for record in ssp.records()}) < workers or len(wires) < TOGETHER:
        wires.append(await ssp.wire())
        await wires[-1].ask(ssp.request())
    return wires


def statuses(answers: Sequence[Answer]) -> dict[int, int]:
    """Return how many answers have each status."""
    return dict(Counter(answer.status for answer in answers))


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
