"""The admin API's token: a secret in a file, that a caller shows as `Authorization: Bearer …`.

Source: RFC 6750, 2.1 (which characters a bearer token has).
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

from ssp_emulator.files import text_of, unreadable
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from ssp_emulator.config import Configuration

_KEY = "admin.token"
_SHORTEST = 16
_FORM = re.compile(rf"[A-Za-z0-9._~+/-]{{{_SHORTEST},}}=*\Z")


class Token:
    """A secret that is compared, and sent, and never shown."""

    def __init__(self, text: str) -> None:
        self._text = text

    def is_in(self, authorization: str) -> bool:
        """Tell whether the value of an `Authorization` header shows it; how long that takes says nothing of it."""
        scheme, _, shown = authorization.partition(" ")
        agrees = hmac.compare_digest(shown.strip(" ").encode("utf-8", "replace"), self._text.encode("ascii"))
        return agrees and scheme.lower() == "bearer"

    @property
    def authorization(self) -> str:
        """The value of the header that shows it."""
        return f"Bearer {self._text}"

    def __repr__(self) -> str:
        return "Token(…)"  # tokens are not logged, by accident neither


def read_token(configuration: Configuration) -> Token | None:
    """Read the token that a configuration names; None where it names none. Raises `InvalidFileError`."""
    named = configuration.settings.admin.token
    if named is None:
        return None
    path = configuration.path(named)
    if (why := unreadable(path)) is not None:
        raise InvalidFileError([configuration.problem(_KEY, f"cannot read {path}: {why}")])
    text = text_of(path).strip()
    if not _FORM.match(text):
        said = f"{path} should hold {_SHORTEST} or more letters, digits and any of -._~+/ and nothing else"
        raise InvalidFileError([configuration.problem(_KEY, said)])
    return Token(text)
