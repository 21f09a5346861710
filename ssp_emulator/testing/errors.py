"""What a test, or whoever runs it, has to put right."""

from __future__ import annotations

from ssp_emulator.errors import SetupError


class UnusableError(SetupError):
    """There is no emulator that tests could use; the text says why, and what would help."""


class AskingError(Exception):
    """Something cannot be had as the test asks for it; the text says why, and what would be right."""
