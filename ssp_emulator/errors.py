"""What a user has to put right before anything can start; every room's own error of that kind is one of these."""

from __future__ import annotations

import re


def said(error: OSError) -> str:
    """Return what an error of the operating system says, for the end of a sentence."""
    return (error.strerror or str(error)).lower()


_PRIVATE_KEY = re.compile(
    r"""['"]?-----BEGIN [A-Z0-9 ]*PRIVATE KEY.*?(-----END [A-Z0-9 ]*PRIVATE KEY-----(\\n)?['"]?\s*|\Z)""", re.DOTALL
)


def without_keys(text: str) -> str:
    """Return a text without any private key (PEM): whatever is wrong with where one stands, it is not repeated."""
    return _PRIVATE_KEY.sub("a private key", text)


class SetupError(Exception):
    """Something in the set-up is wrong; `lines` says what, each line for itself."""

    @property
    def lines(self) -> tuple[str, ...]:
        """What is wrong, for people."""
        return (" ".join(without_keys(str(self)).splitlines()),)
