"""A process that is started for a benchmark, watched until it is ready, and stopped whatever happens."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from scenario import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

_STOP_PATIENCE_S = 15.0
_LOOK_AGAIN_S = 0.05
_LOG_TAIL = 2000  # characters of a process's log that an error quotes


@asynccontextmanager
async def started(
    name: str,
    command: Sequence[str],
    log: Path,
    ports: Sequence[int],
    *,
    says: str | None = None,
    patience_s: float = 30.0,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[int]:
    """Start a command, and lend its process id once it is ready.

    It is when it listens on those ports of 127.0.0.1; or, where it `says` a text then, when it has said it. All that it
    says goes to the log. Raises `BenchmarkError` where it is not ready in time, or ends before it is told.
    """
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=said, stderr=said, env=environment
        )
    try:
        await _ready(name, process, log, ports, says, patience_s)
        yield process.pid
        if process.returncode is not None:
            raise BenchmarkError(f"{name} ended before it was told to: {_tail(log)}")
    finally:
        await _stop(process)


def free_ports(count: int) -> list[int]:
    """Return so many ports of 127.0.0.1 that nobody listens on now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


async def output(*command: str) -> str:
    """Return what a command says on both its outputs; nothing where it cannot be started."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError:
        return ""
    said, _ = await process.communicate()
    return said.decode("utf-8", "replace").strip()


async def _ready(
    name: str, process: asyncio.subprocess.Process, log: Path, ports: Sequence[int], says: str | None, patience_s: float
) -> None:
    async def is_so() -> bool:
        if says is not None:
            return says in await asyncio.to_thread(log.read_text, encoding="utf-8", errors="replace")
        return all([await _answers(port) for port in ports])

    try:
        async with asyncio.timeout(patience_s):
            while not await is_so():
                if process.returncode is not None:
                    raise BenchmarkError(f"{name} did not start: {_tail(log)}")
                await asyncio.sleep(_LOOK_AGAIN_S)
    except TimeoutError as error:
        raise BenchmarkError(f"{name} was not ready within {patience_s:g} s: {_tail(log)}") from error


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace").strip()[-_LOG_TAIL:] or "it said nothing"


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_PATIENCE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
