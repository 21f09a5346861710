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


@dataclass(frozen=True, slots=True)
class Number:
    """Reads a number above nought, of at most `most`."""

    most: float

    def __call__(self, text: str) -> float:
        """Return the number. Raises `ArgumentTypeError`."""
        try:
            number = float(text)
        except ValueError:
            number = 0.0
        if not 0 < number <= self.most:  # NaN is not
            raise ArgumentTypeError(f"should be a number above 0, at most {self.most:g}, found {text!r}")
        return number
