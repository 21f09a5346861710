"""A shell in a network of its own, where every default port is free: commands run as they are printed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from support.guides import looks_like

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PATIENCE_S = 90.0
_TAKEN = "reloaded  "  # what the emulator logs of a file that it has read again
# A new network has its loopback down. SIOCGIFFLAGS and SIOCSIFFLAGS of netdevice(7), as not every machine has `ip`.
_LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:
    request = struct.pack("16sh14x", b"lo", 0)
    flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, 0x8913, request))[1]
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))
os.execvp(sys.argv[1], sys.argv[1:])
"""


# Processes of its own too: what a page leaves running can be told from everything else, and ends with its shell.
_OWN = ("--net", "--pid", "--fork", "--kill-child", "--mount-proc")
_END = "kill -TERM -1; wait; while kill -0 -1; do sleep 0.05; done 2>/dev/null; exit\n"


@cache
def isolated() -> tuple[str, ...] | None:
    """Return what is put before a command to give it a network of its own; None where this machine lets nobody."""
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    prefix = ("unshare", *user, *_OWN, sys.executable, "-c", _LOOPBACK_UP)
    try:
        tried = subprocess.run([*prefix, "true"], capture_output=True, timeout=60, check=False)
    except FileNotFoundError:
        return None
    return prefix if tried.returncode == 0 else None


@dataclass
class Shell:
    """A bash that reads one script after the other, all in one folder; what they leave running ends with it."""

    folder: Path
    process: asyncio.subprocess.Process
    count: int = 0
    terminals: list[Path] = field(default_factory=list)

    async def run(self, script: str, exit_code: int = 0) -> str:
        """Run a script, each command of which succeeds but for a last one with another exit code; return its output."""
        source, output = self._written(f"set {'+e' if exit_code else '-e'}\n{script}")
        found = await self._say(f". '{source}' </dev/null >'{output}' 2>&1; echo $?")
        said = _text(output)
        assert found == exit_code, f"exit code {found}, not {exit_code}:\n{script}\n{said}\n{self._said()}"
        return said

    async def start(self, script: str, shown: str) -> None:
        """Start a script as in a terminal of its own, and return when it has printed what is shown."""
        source, output = self._written(script)
        self.terminals.append(output)
        await self._say(f"(. '{source}' </dev/null >'{output}' 2>&1) & echo 0")
        await self._until(lambda: looks_like(shown, _text(output), so_far=True), shown)

    async def sees(self, shown: str) -> None:
        """Return when one of the terminals has printed what is shown."""
        await self._until(lambda: any(looks_like(shown, _text(each), so_far=True) for each in self.terminals), shown)

    @asynccontextmanager
    async def configuring(self) -> AsyncIterator[None]:
        """Wait afterwards, where configuration was changed, until the emulator that runs has taken it."""
        files, taken = self._configuration(), self._said().count(_TAKEN)
        yield
        if files != self._configuration() and "Emulator ready" in self._said():
            await self._until(lambda: self._said().count(_TAKEN) > taken, f"{_TAKEN}, of a file in config")

    def _configuration(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in (self.folder / "config").glob("*.yaml")}

    async def _until(self, reached: Callable[[], bool], shown: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not reached():  # noqa: ASYNC110 - the file that is waited for tells no one
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"never came: {shown}\n{self._said()}") from None

    async def _say(self, line: str) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n".encode())
        async with asyncio.timeout(PATIENCE_S):
            answer = await self.process.stdout.readline()
            return int(answer) if answer else await self.process.wait()

    def _written(self, script: str) -> tuple[Path, Path]:
        self.count += 1
        source, output = (self.folder.parent / f"{self.folder.name}-{self.count}.{end}" for end in ("sh", "out"))
        source.write_text(script)
        output.touch()
        return source, output

    def _said(self) -> str:
        """Return what the terminals have printed."""
        return "\n".join(f"{path.name}:\n{_text(path)}" for path in self.terminals)


def _text(output: Path) -> str:
    return output.read_text(errors="replace")


@asynccontextmanager
async def shell(folder: Path) -> AsyncIterator[Shell]:
    """Run a bash in a folder, in a network of its own; afterwards, end everything that was started in it."""
    prefix = isolated()
    assert prefix is not None
    # The page's commands are ours, whatever else is on the path; no proxy of this machine stands between.
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *prefix, "bash", "--noprofile", "--norc", cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**kept, "PATH": path, "HOME": str(folder), "COLUMNS": "140"},
    )  # fmt: skip
    try:
        yield Shell(folder, process)
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask everything to stop, and wait until it has; what then goes on is killed."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            await process.communicate(_END.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
