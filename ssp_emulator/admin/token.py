"""The admin API's token: a secret in a file or in the environment, that a caller shows as `Authorization: Bearer …`.

Source: RFC 6750, 2.1 (which characters a bearer token has).
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from typing import TYPE_CHECKING

from ssp_emulator.errors import SetupError, said
from ssp_emulator.files import text_of, unreadable
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ssp_emulator.config import Configuration

VARIABLE = "SSP_EMULATOR_ADMIN_TOKEN"
_KEY = "admin.token"
_SHORTEST = 16
_FORM = re.compile(rf"[A-Za-z0-9._~+/-]{{{_SHORTEST},}}=*\Z")
_RIGHT = f"should hold {_SHORTEST} or more letters, digits and any of -._~+/ and nothing else"
_SECRET = 0o600


class TokenError(SetupError):
    """The environment's token cannot be one; the text names the variable, and never what it holds."""


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


def given_token(environment: Mapping[str, str]) -> Token | None:
    """Return the token that an environment holds, None where it holds none. Raises `TokenError`."""
    text = environment.get(VARIABLE, "").strip()
    if not text:
        return None
    if not _FORM.match(text):
        raise TokenError(f"the environment variable {VARIABLE} {_RIGHT}")
    return Token(text)


def read_token(configuration: Configuration, environment: Mapping[str, str]) -> Token | None:
    """Return the environment's token, or else the one in the file that a configuration names; None where it names none.

    Raises `TokenError` and `InvalidFileError`.
    """
    if (given := given_token(environment)) is not None:
        return given
    path = token_file(configuration)
    if path is None:
        return None
    if (why := unreadable(path)) is not None:
        more = "" if path.exists() else "; `ssp-emulator up` makes it"
        raise InvalidFileError([configuration.problem(_KEY, f"cannot read {path}: {why}{more}")])
    text = text_of(path).strip()
    if not _FORM.match(text):
        raise InvalidFileError([configuration.problem(_KEY, f"{path} {_RIGHT}")])
    return Token(text)


def make_token(configuration: Configuration, environment: Mapping[str, str]) -> Token | None:
    """Return what `read_token` does, with a new token in the file where it is not there.

    Of processes that start together one makes it, and all have the same. Raises `TokenError` and `InvalidFileError`.
    """
    path = token_file(configuration)
    if path is not None and given_token(environment) is None and not os.path.lexists(path):
        try:
            _write(path, secrets.token_urlsafe(32))
        except OSError as error:
            raise InvalidFileError([configuration.problem(_KEY, f"cannot write {path}: {said(error)}")]) from error
    return read_token(configuration, environment)


def token_file(configuration: Configuration) -> Path | None:
    """Return the file that a configuration names for the token, None where it names none."""
    named = configuration.settings.admin.token
    return None if named is None else configuration.path(named)


def _write(path: Path, text: str) -> None:
    """Put a secret into a new file, whole from the moment on that it is there; one that is there meanwhile stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _SECRET)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{text}\n")
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink(missing_ok=True)
