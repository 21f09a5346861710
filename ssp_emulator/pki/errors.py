"""What goes wrong with the PKI through wrong input or a wrong folder; a failing disk stays an `OSError`."""

from __future__ import annotations

from ssp_emulator.errors import SetupError


class PkiError(SetupError):
    """The PKI cannot do what was asked; `str()` is one sentence that says why and, where known, the way out."""
