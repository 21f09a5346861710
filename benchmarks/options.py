"""Readers of command line options that several benchmarks share."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """Reads a whole number from one to `most`."""

    most: int

    def __call__(self, text: str) -> int:
        """Return the number. Raises `ArgumentTypeError`."""
        if not (text.isdecimal() and len(text) <= len(str(self.most)) and 1 <= int(text) <= self.most):
            raise ArgumentTypeError(f"should be a whole number from 1 to {self.most}, found {text!r}")
        return int(text)


def new_file(text: str) -> Path:
    """Return the path of a file that can be made. Raises `ArgumentTypeError`."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise ArgumentTypeError(f"should be a file in a folder that is there, found {text!r}")
    return path
