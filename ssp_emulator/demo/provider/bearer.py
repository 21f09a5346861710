"""The token that a request brings: whether it is well formed, and what it claims."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

Claims = dict[str, Any]

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


def read_claims(authorization: str) -> Claims:
    """Read the claims out of the value of an `Authorization` field.

    Takes `Bearer` and a token of three unpadded base64url parts joined by dots, the first two of them JSON
    objects; the third, the signature, may be empty and is not looked at, for GP Connect does not sign.
    Raises ValueError, saying what is wrong without repeating any of the token.

    Source: GP Connect 1.6.2, "Cross-organisation audit and provenance".
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise ValueError("the scheme is not Bearer")
    parts = token.strip().split(".")
    if len(parts) != 3:
        raise ValueError("the token is not three parts joined by dots")
    _object(parts[0], "first")
    _bytes(parts[2], "third")
    return _object(parts[1], "second")


def shows_confidential(claims: Claims) -> bool:
    """Tell whether the token's scope opens confidential documents: it holds `conf/R`.

    Source: GP Connect 1.6.2, "Cross-organisation audit and provenance", requested_scope.
    """
    scope = claims.get("requested_scope")
    return isinstance(scope, str) and "conf/R" in scope.split()


def _object(part: str, which: str) -> Claims:
    try:
        value = json.loads(_bytes(part, which))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise ValueError(f"the token's {which} part is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError(f"the token's {which} part is not a JSON object")  # noqa: TRY004
    return value


def _bytes(part: str, which: str) -> bytes:
    if not _BASE64URL.fullmatch(part) or len(part) % 4 == 1:
        raise ValueError(f"the token's {which} part is not base64url")
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
