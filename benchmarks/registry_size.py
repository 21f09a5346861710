"""What a large registry costs: 100,000 systems are served within 10 s, and reading them again stalls nobody.

Exit 0 where that is so; 1 where it is not; 2 where it could not be measured.
"""

from __future__ import annotations

import argparse
import http.client
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import procfs
import registries
from options import WholeNumber
from scenario import BenchmarkError

from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.initialising import ensure
from ssp_emulator.pki.names import Names

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT_S = 10.0
_MAY_STALL_S = 0.5
_SIZES = (10, 1_000)
_MOST = 1_000_000
_PATIENCE_S = 180.0
_PAUSE_S = 0.02  # between two looks at a health check
_STOP_PATIENCE_S = 15.0
_KIB_IN_MIB = 1024
_MIB = 1024 * 1024
_NOT_MET, _NOT_MEASURED = 1, 2
_SETTINGS = """\
registry: registry.yaml
certificates: ../certs
proxy: {listen: "localhost:0"}
admin: {listen: "127.0.0.1:0"}
sds: {listen: }
audit: {journal: ../audit/journal.jsonl}
reload: {every_s: null}
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one size costs: seconds of start-up (and what it computed), of `check` and of a reload, memory, waiting."""

    systems: int
    size_mib: float
    start_s: float
    start_cpu_s: float
    check_s: float
    resident_mib: float
    reload_s: float
    stall_s: float
    peak_mib: float

    @property
    def met(self) -> bool:
        """Whether it starts soon enough, and goes on answering while it reads again."""
        return max(self.start_s, self.check_s) < _LIMIT_S and self.stall_s < _MAY_STALL_S


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description="Start with a large registry.", allow_abbrev=False)
    parser.add_argument(
        "--systems", type=WholeNumber(_MOST), default=100_000, metavar="N", help="how many at most (%(default)s)"
    )
    parser.add_argument("--flow", action="store_true", help="each system on one line, in braces")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # and the emulator is stopped
    sizes = [*(size for size in _SIZES if size < options.systems), max(options.systems, registries.SMALLEST)]
    try:
        procfs.require()
        figures = [_measured(size, flow=options.flow) for size in sizes]
    except (BenchmarkError, OSError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return _NOT_MEASURED
    _print(figures)
    met = all(each.met for each in figures)
    print(
        f"\n{'met' if met else 'NOT met'}: ready within {_LIMIT_S:g} s, `check` too, "
        f"and no call held up for {_MAY_STALL_S:g} s while the registry is read again"
    )
    return 0 if met else _NOT_MET


def _print(figures: list[Figures]) -> None:
    print(procfs.machine(), "\n")
    print("| systems | registry | ready | CPU of that | `check` | resident | read again | longest wait then | peak |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for each in figures:
        print(
            f"| {each.systems:,} | {each.size_mib:.1f} MiB | {each.start_s:.1f} s | {each.start_cpu_s:.1f} s "
            f"| {each.check_s:.1f} s | {each.resident_mib:.0f} MiB | {each.reload_s:.1f} s "
            f"| {each.stall_s * 1000:.0f} ms | {each.peak_mib:.0f} MiB |"
        )


def _measured(systems: int, *, flow: bool) -> Figures:
    """Start an emulator with so many systems, and have it read them again. Raises `BenchmarkError`."""
    with tempfile.TemporaryDirectory(prefix="ssp-emulator-benchmark-") as made:
        folder = Path(made)
        ensure(CertificateFolder(folder / "certs"), Names(), now=datetime.now(UTC))
        registry, settings = folder / "config" / "registry.yaml", folder / "config" / "emulator.yaml"
        settings.parent.mkdir()
        settings.write_text(_SETTINGS, encoding="ascii")
        size = registries.write(registry, systems, "localhost:9", flow=flow)
        check_s = _check_s(settings)
        begun = time.monotonic()
        with _emulator(settings) as (process, admin):
            start_s, start_cpu_s = time.monotonic() - begun, sum(procfs.cpu_s(process.pid))
            resident_kib = procfs.resident_kib(process.pid)
            with registry.open("a", encoding="ascii") as file:
                file.write("# changed\n")
            reload_s, stall_s = _reloaded(process, admin)
            peak_kib = procfs.peak_kib(process.pid)
    return Figures(
        systems=systems,
        size_mib=size / _MIB,
        start_s=start_s,
        start_cpu_s=start_cpu_s,
        check_s=check_s,
        resident_mib=resident_kib / _KIB_IN_MIB,
        reload_s=reload_s,
        stall_s=stall_s,
        peak_mib=peak_kib / _KIB_IN_MIB,
    )


def _check_s(settings: Path) -> float:
    """Return the seconds that `check` takes. Raises `BenchmarkError`."""
    begun = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ssp_emulator", "check", "--config", str(settings)],
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"`check` took more than {_PATIENCE_S:g} s") from error
    if done.returncode != 0:
        raise BenchmarkError(f"`check` found the registry wrong: {done.stderr.decode(errors='replace')[:1000]}")
    return time.monotonic() - begun


@contextmanager
def _emulator(settings: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Lend an emulator that is ready, and the address of its admin API. Raises `BenchmarkError`."""
    with (
        (settings.parent / "up.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "ssp_emulator", "up", "--config", str(settings)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        too_late = Timer(_PATIENCE_S, process.kill)
        too_late.start()
        try:
            said = [process.stdout.readline() if process.stdout is not None else "" for _ in range(2)]
            if "http" not in said[1]:
                raise BenchmarkError(f"the emulator did not start: {Path(log.name).read_text()[-1000:]}")
            yield process, urlsplit(said[1][said[1].index("http") :].strip()).netloc
        finally:
            too_late.cancel()
            process.terminate()
            try:
                process.wait(_STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _reloaded(process: subprocess.Popen[str], admin: str) -> tuple[float, float]:
    """Have the registry read again; return how many seconds that took, and the most that a call took meanwhile.

    Raises `BenchmarkError`.
    """
    connection = http.client.HTTPConnection(admin, timeout=_PATIENCE_S)
    try:
        _reloads(connection)
        process.send_signal(signal.SIGHUP)
        begun, longest, over = time.monotonic(), 0.0, None
        while over is None or time.monotonic() < over + 1.0:  # what is left behind is cleared away then
            if time.monotonic() - begun > _PATIENCE_S:
                raise BenchmarkError(f"the registry was not read again within {_PATIENCE_S:g} s")
            asked = time.monotonic()
            done = _reloads(connection)
            longest = max(longest, time.monotonic() - asked)
            if done and over is None:
                over = time.monotonic()
            time.sleep(_PAUSE_S)
    except (OSError, http.client.HTTPException) as error:
        raise BenchmarkError(f"the admin API did not answer: {error}") from error
    finally:
        connection.close()
    return over - begun, longest


def _reloads(connection: http.client.HTTPConnection) -> int:
    """Ask the metrics how often the registry was read again."""
    connection.request("GET", "/metrics")
    said = connection.getresponse().read().decode()
    return sum(
        int(float(line.split()[-1]))
        for line in said.splitlines()
        if line.startswith("ssp_emulator_reloads_total") and 'part="registry"' in line
    )


if __name__ == "__main__":
    sys.exit(main())
