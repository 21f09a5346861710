"""Masking: no key, token or password leaves the machine in a report, wherever it has stood."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ssp_emulator.errors import without_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

MASKED = "(masked)"
_SHORTEST = 6  # what is shorter would be found in words that are no secret
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)
_LOGIN = re.compile(r":/+[^\s'\"]*@")  # a URL that was taken for a path has lost a slash
_ACCOUNT = re.compile(r"[^\s'\"/:@]+:[^\s'\"/@]+@")  # written before a host where there is no URL
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*)?")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
# In messages on a key of such a name, the value that was found there may be the secret itself.
_FOUND = re.compile(r"(?i)((?:token|secret|passw|key)[^\n]*?\bfound )[^\n]*")


class Mask:
    """Takes secrets that are known by their text, and takes them, and whatever looks like one, out of what is said."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {each.strip() for each in secrets}
        self._known = sorted((each for each in known if len(each) >= _SHORTEST), key=len, reverse=True)

    def __call__(self, value: Any) -> Any:
        """Return a value of JSON's types without secrets."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self._text(str(key)): self(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self(each) for each in value]
        return value

    def _text(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, MASKED)
        text = _PEM.sub(MASKED, without_keys(text))
        text = _ACCOUNT.sub(f"{MASKED}@", _LOGIN.sub(f"://{MASKED}@", text))
        text = _JWT.sub(MASKED, _BEARER.sub(MASKED, text))
        text = _FOUND.sub(rf"\1{MASKED}", text)
        return _BASE64.sub(lambda found: MASKED if _is_mixed(found[0]) else found[0], text)


def _is_mixed(text: str) -> bool:
    """Tell base64 from long words, numbers and hexadecimal digests."""
    return any(map(str.islower, text)) and any(map(str.isupper, text)) and any(map(str.isdigit, text))
