"""What goes wrong with the PKI through wrong input or a wrong folder; a failing disk stays an `OSError`."""

from __future__ import annotations


class PkiError(Exception):
    """The PKI cannot do what was asked; `str()` is one sentence that says why and, where known, the way out."""
