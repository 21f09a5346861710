"""What Linux tells of a process in /proc, and of the machine that a benchmark runs on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from scenario import BenchmarkError

_GIB_IN_KIB = 1024 * 1024
_RESET_PEAK = "5"
# Where utime and stime stand, counted from behind the command's name. Source: proc_pid_stat(5), fields 14 and 15.
_TIMES = slice(11, 13)


@dataclass(frozen=True, slots=True)
class Machine:
    """The facts that a result depends on."""

    cores: int
    memory_gib: int
    system: str
    python: str

    def __str__(self) -> str:
        return f"{self.cores} cores, {self.memory_gib} GiB, {self.system}, Python {self.python}"


def require() -> None:
    """Raise `BenchmarkError` on a system that keeps no such account of a process."""
    if not Path("/proc/self/status").exists():
        raise BenchmarkError("this cannot be measured here: it takes the /proc/PID/status of Linux")


def machine() -> Machine:
    """Return the facts of this machine: the cores that we may use, its memory in whole GiB, and the versions."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(pages * size / 1024 / _GIB_IN_KIB),
        system=platform.system(),
        python=".".join(platform.python_version_tuple()[:2]),
    )


def reset_peak(pid: int) -> bool:
    """Make a process's peak what is resident now, and tell whether that was allowed. Source: proc_pid_clear_refs(5)."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK, encoding="ascii")
    except OSError:
        return False
    return True


def peak_kib(pid: int) -> int:
    """Return the most that was ever resident of a process, in KiB. Raises `BenchmarkError`."""
    return _status(pid, "VmHWM")


def resident_kib(pid: int) -> int:
    """Return what is resident of a process now, in KiB. Raises `BenchmarkError`."""
    return _status(pid, "VmRSS")


def cpu_s(pid: int) -> tuple[float, float]:
    """Return the seconds that a process has computed for itself, and that the kernel has for it.

    Raises `BenchmarkError`.
    """
    # The command's name, in brackets, may have spaces and brackets of its own.
    user, system = _read(pid, "stat").rpartition(")")[2].split()[_TIMES]
    ticks = os.sysconf("SC_CLK_TCK")
    return int(user) / ticks, int(system) / ticks


def _status(pid: int, key: str) -> int:
    for line in _read(pid, "status").splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0])
    raise BenchmarkError(f"this cannot be measured here: /proc/PID/status has no {key}")


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise BenchmarkError(f"process {pid} cannot be looked at: {error.strerror or error}") from error
