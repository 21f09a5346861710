"""Commands of ours as real processes, in a folder of the test's own."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PATIENCE_S = 30.0
PIPE = asyncio.subprocess.PIPE


@dataclass
class Finished:
    """How a process ended."""

    code: int
    out: str
    err: str


@dataclass
class Process:
    """A process that has said it is ready, in its first line."""

    process: asyncio.subprocess.Process
    ready: str

    @property
    def port(self) -> int:
        """The port in the address that it named."""
        return int(self.ready.split("://")[1].split("/")[0].rpartition(":")[2])

    async def address_of(self, what: str) -> str:
        """Return the `host:port` in a line that it says after the first, once: of its `Admin API`, or of `SDS`."""
        assert self.process.stdout is not None
        while not (line := (await self.process.stdout.readline()).decode()).startswith(f"{what}: "):
            assert line, f"it says nothing of {what}"
        return line.split("://")[1].split("/")[0].strip()

    async def end(self) -> Finished:
        """Ask it to stop, and wait until it has."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(PATIENCE_S):
            out, err = await self.process.communicate()
        return Finished(self.process.returncode or 0, out.decode(), err.decode())


async def run(folder: Path, *command: str, patience_s: float = PATIENCE_S) -> Finished:
    """Run a command to its end."""
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=PIPE, env=_environment())
    async with asyncio.timeout(patience_s):
        out, err = await process.communicate()
    return Finished(process.returncode or 0, out.decode(), err.decode())


async def ours(folder: Path, *arguments: str) -> Finished:
    """Run `ssp-emulator` to its end."""
    return await run(folder, sys.executable, "-m", "ssp_emulator", *arguments)


@asynccontextmanager
async def started(folder: Path, *arguments: str, by: tuple[str, ...] = ()) -> AsyncIterator[Process]:
    """Run `ssp-emulator` while the context is open, from the line that says it is ready.

    `by` is a command that becomes the one that follows it.
    """
    command = (*by, sys.executable, "-m", "ssp_emulator", *arguments)
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=PIPE, env=_environment())
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            line = (await process.stdout.readline()).decode()
        if not line:
            await process.wait()
            raise AssertionError((await process.stderr.read()).decode())
        made = Process(process, line)
        yield made
    finally:
        if process.returncode is None:
            await Process(process, "").end()


def _environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200"}
