"""A verification as a process of its own, for the emulator, which has requests to carry meanwhile.

Takes the journal's path; writes the report as JSON on standard output, or what went wrong on standard error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.verifying import verify

_POLITE = 10  # the emulator, which has requests to carry, comes first


def main(journal: str) -> int:
    """Verify, write the report, and return the exit code: 0 where there is a report, whatever it says."""
    os.nice(_POLITE)
    try:
        report = verify(Layout(Path(journal)))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    json.dump(report.json(), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
