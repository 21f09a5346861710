"""What a process and its children use: processor time to the nanosecond, and memory."""

from __future__ import annotations

import time
from pathlib import Path

import procfs
from scenario import BenchmarkError

_SCHEDULED = 2  # the clock that the scheduler keeps. Source: linux/posix-timers_types.h, CPUCLOCK_SCHED


def pids(pid: int) -> list[int]:
    """Return a process and all below it. Source: proc_pid_task(5), `children`."""
    found = [pid]
    for each in found:
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += map(int, children.read_text(encoding="ascii").split())
            except OSError:  # this thread has just ended
                continue
    return found


def cpu_s(pid: int) -> float:
    """Return the seconds of processor that a process and those below it have used, in user and kernel mode.

    Raises `BenchmarkError` where one has just ended. Source: clock_getcpuclockid(3).
    """
    try:
        return sum(time.clock_gettime_ns((~each << 3) | _SCHEDULED) for each in pids(pid)) / 1e9
    except OSError as error:
        raise BenchmarkError(f"the processor time of {pid} cannot be read: {error.strerror or error}") from error


def resident_mib(pid: int) -> float:
    """Return what is resident of them now; pages that they share count for each."""
    return sum(procfs.resident_kib(each) for each in pids(pid)) / 1024


def peak_mib(pid: int) -> float:
    """Return the most that was ever resident of each, added up."""
    return sum(procfs.peak_kib(each) for each in pids(pid)) / 1024


def reset_peak(pid: int) -> None:
    """Make what is resident now their peak. Raises `BenchmarkError` where that is not allowed."""
    refused = [each for each in pids(pid) if not procfs.reset_peak(each)]
    if refused:
        raise BenchmarkError("the peak memory of a process cannot be reset here")
