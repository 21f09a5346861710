"""Benchmarks are scripts that find each other in their own folder; so do their tests."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3] / "benchmarks"))
