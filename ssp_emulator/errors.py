"""What a user has to put right before anything can start; every room's own error of that kind is one of these."""

from __future__ import annotations


def said(error: OSError) -> str:
    """Return what an error of the operating system says, for the end of a sentence."""
    return (error.strerror or str(error)).lower()


class SetupError(Exception):
    """Something in the set-up is wrong; `lines` says what, each line for itself."""

    @property
    def lines(self) -> tuple[str, ...]:
        """What is wrong, for people."""
        return (" ".join(str(self).splitlines()),)
