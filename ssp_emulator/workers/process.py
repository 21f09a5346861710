"""One worker, as the process that started it has it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from ssp_emulator.errors import SetupError, said
from ssp_emulator.workers.channel import Channel, ChannelClosedError, Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOOK_EVERY_S = 0.01
_FAREWELL_S = 5.0  # from the end of its channel to that of the process
# A worker obeys its parent alone: a signal to the whole group, as Ctrl-C sends it, comes to the parent too.
_THE_PARENT_S = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class WorkerError(SetupError):
    """A worker cannot be started, or cannot do as it is told; `lines` says why."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self._lines = tuple(lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """What is wrong, each line for itself."""
        return self._lines


class Process:
    """A worker's process, and the channel to it."""

    def __init__(self, process: subprocess.Popen[bytes], channel: Channel) -> None:
        self._process = process
        self._channel = channel

    @classmethod
    async def start(cls, module: str, fds: Sequence[int], begin: Message) -> Self:
        """Start a process that runs a module, and return when it has answered what it begins with.

        `fds` are the files of this process that it has as well, by the same numbers. Raises `WorkerError`.
        """
        ours = None
        try:
            ours, theirs = socket.socketpair()
            with theirs:
                process = _spawned(module, theirs.fileno(), fds)
        except OSError as error:
            if ours is not None:
                ours.close()
            raise WorkerError([f"a worker cannot be started: {said(error)}"]) from error
        started = cls(process, Channel(_answer_nothing))
        try:
            await started._channel.open(ours)
            answer = await started._channel.ask("begin", begin.said, begin.data)
        except ChannelClosedError:
            await started.end()
            raise WorkerError([f"a worker {started.end_in_words} before it was ready"]) from None
        except BaseException:
            await started.end(now=True)
            raise
        if problems := answer.said.get("problems"):
            await started.end(now=True)
            raise WorkerError(problems)
        return started

    async def ask(self, what: str, said: dict[str, Any] | None = None, data: bytes = b"") -> Message:
        """Ask the worker something. Raises `ChannelClosedError` where it ends before it has answered."""
        return await self._channel.ask(what, said, data)

    async def ended(self) -> None:
        """Return when the process has ended."""
        await self._channel.ended()
        await self.end()

    async def end(self, *, now: bool = False) -> None:
        """Let the process end, or end it now, and return when that is done; one that does not come to it is killed."""
        with suppress(ProcessLookupError):
            if now:
                self._process.kill()
            await self._channel.close()
            try:
                async with asyncio.timeout(_FAREWELL_S):
                    while self._process.poll() is None:  # noqa: ASYNC110 - the kernel tells it no other way everywhere
                        await asyncio.sleep(_LOOK_EVERY_S)
            except TimeoutError:
                self._process.kill()
                self._process.wait()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def end_in_words(self) -> str:
        """How the process has ended, for the middle of a sentence."""
        code = self._process.returncode
        if code is not None and code < 0:
            known = {each.value: each.name for each in signal.Signals}  # real-time signals have no names
            return f"was ended by {known.get(-code, f'signal {-code}')}"
        return f"ended with exit code {code}"


def _spawned(module: str, channel: int, fds: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start an interpreter like this one, which finds the modules that this one would find."""
    path = os.pathsep.join(entry or str(os.getcwd()) for entry in sys.path)  # noqa: PTH109 - what an empty entry means
    with _signals_held_back():
        return subprocess.Popen(  # noqa: S603 - an interpreter with a module of ours
            [sys.executable, "-P", "-m", module, str(channel)],
            pass_fds=(channel, *fds),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Hold the parent's signals back; a process that is started meanwhile never gets them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _THE_PARENT_S)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def _answer_nothing(what: str, _: Message) -> Message:
    raise LookupError(f"a worker asks for {what}, and its parent answers nothing")
