"""How long it takes to verify an untouched trail, and how much memory: less than a minute for a million records.

Exit 0 where that is so, and the memory is no more than for a hundredth of the records; 1 where it is not; 2 where it
could not be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import procfs
import trail
from options import WholeNumber
from scenario import BenchmarkError

_LIMIT_S = 60.0
_MAY_ADD_MIB = 4.0
_MOST = 5_000_000
_MIB = 1024 * 1024
_KIB_IN_MIB = 1024
_NOT_MET, _NOT_MEASURED = 1, 2


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured: how much there was, the seconds that its verification took, and the most that was resident."""

    records: int
    size_mib: float
    seconds: float
    peak_mib: float


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(description="Verify a large audit trail.", allow_abbrev=False)
    parser.add_argument(
        "--records", type=WholeNumber(_MOST), default=1_000_000, metavar="N", help="how many (%(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        procfs.require()
        few, many = _measured(max(1, options.records // 100)), _measured(options.records)
    except (BenchmarkError, OSError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return _NOT_MEASURED
    print(procfs.machine(), "\n")
    print("| records | MiB | seconds | MiB/s | records/s | peak memory |")
    print("| --- | --- | --- | --- | --- | --- |")
    for each in (few, many):
        print(
            f"| {each.records:,} | {each.size_mib:.0f} | {each.seconds:.1f} | {each.size_mib / each.seconds:.0f} "
            f"| {each.records / each.seconds:,.0f} | {each.peak_mib:.1f} MiB |"
        )
    met = many.seconds < _LIMIT_S and many.peak_mib - few.peak_mib < _MAY_ADD_MIB
    print(
        f"\n{'met' if met else 'NOT met'}: below {_LIMIT_S:g} s, and at most {_MAY_ADD_MIB:g} MiB more for all of them"
    )
    return 0 if met else _NOT_MET


def _measured(records: int) -> Figures:
    """Write a trail, verify it as a user would, and measure that process. Raises `BenchmarkError`."""
    with tempfile.TemporaryDirectory(prefix="ssp-emulator-benchmark-") as made:
        folder = Path(made)
        size = trail.write(folder / "audit" / "journal.jsonl", records)
        (folder / "config").mkdir()
        (folder / "config" / "emulator.yaml").write_text("audit: {journal: ../audit/journal.jsonl}\n", encoding="ascii")
        with (folder / "report.json").open("wb") as out:
            begun = time.monotonic()
            process = subprocess.Popen(
                [sys.executable, "-m", "ssp_emulator", "audit", "verify", "--json"], cwd=folder, stdout=out
            )
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.monotonic() - begun
            process.returncode = os.waitstatus_to_exitcode(status)
        report = json.loads((folder / "report.json").read_bytes() or b"null")
    if process.returncode != 0 or report["records"]["kept"] != records:
        raise BenchmarkError(f"the trail was not found sound: {report}")
    return Figures(records, size / _MIB, seconds, used.ru_maxrss / _KIB_IN_MIB)


if __name__ == "__main__":
    sys.exit(main())
