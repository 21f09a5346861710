"""The load generator in a process of its own, as the runner has it: a job goes in, and tallies come out.

A line each way: the job, `ready`, `go`, the tallies. Between `ready` and `go` nothing is under way.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from scenario import BenchmarkError, WrongAnswerError

from load.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from load.job import Job

READY, GO = "ready", "go"
FAILED = "failed: "

_COMMAND = Path(__file__).parent.parent / "load_generator.py"
_LONGEST_LINE = 256 * 1024 * 1024  # a tally has every latency in it
_PATIENCE_S = 300.0


class Generator:
    """A load generator's process; one job at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def prepare(self, job: Job) -> None:
        """Have connections opened, all warmed up, and requests made. Raises `WrongAnswerError` and `BenchmarkError`."""
        said = await self._say(job.to_json())
        if said.startswith(FAILED):
            raise WrongAnswerError(said.removeprefix(FAILED))
        if said != READY:
            raise BenchmarkError(f"the load generator said {said[:200]!r}")

    async def go(self) -> list[Tally]:
        """Put on the load that was prepared, and return what came of it, through each door."""
        said = await self._say(GO)
        if said.startswith(FAILED):
            raise WrongAnswerError(said.removeprefix(FAILED))
        return [Tally.from_json(each) for each in json.loads(said)]

    async def _say(self, line: str) -> str:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise LookupError("a process was started without its pipes")
        try:
            async with asyncio.timeout(_PATIENCE_S):
                stdin.write(f"{line}\n".encode())
                await stdin.drain()
                said = (await stdout.readline()).decode().strip()
        except TimeoutError as error:
            raise BenchmarkError(f"the load generator was not done within {_PATIENCE_S:g} s") from error
        except (BrokenPipeError, ConnectionResetError) as error:
            raise BenchmarkError("the load generator has ended") from error
        if not said:
            raise BenchmarkError("the load generator has ended")
        return said


@asynccontextmanager
async def generator() -> AsyncIterator[Generator]:
    """Start a load generator, and lend it; it is stopped whatever happens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(_COMMAND),
        "--jobs",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )
    try:
        yield Generator(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
