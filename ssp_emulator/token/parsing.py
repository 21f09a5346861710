"""From the text of an `Authorization` header to a token, or to the reason why it is none.

PyJWT is not used to read: it pads and forgives where the Spine must not, and it has no word for which claim is wrong.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one claim (or part) of a token.

    `unprocessable` where the claim is not the FHIR resource it should be, which is answered 422 and not 400;
    `refused_always` where the token is refused even if the configuration says to record what is wrong and go on.
    """

    claim: str
    problem: str
    unprocessable: bool = False
    refused_always: bool = False

    def __str__(self) -> str:
        return f"{self.claim} {self.problem}"


class TokenError(ValueError):
    """The text is no token; `fault` says which part is wrong."""

    def __init__(self, part: str, problem: str) -> None:
        self.fault = Fault(part, problem)
        super().__init__(str(self.fault))


@dataclass(frozen=True, slots=True)
class Token:
    """A token that can be read; nothing is said of what is in it. `text` is all of it, as it came."""

    header: Json
    claims: Json
    signature: bytes
    text: str

    @property
    def signing_input(self) -> bytes:
        """The bytes that a signature covers, as they came: any other writing of them is another token.

        Source: RFC 7515, 2 ("JWS Signing Input").
        """
        return self.text.rpartition(".")[0].encode("ascii")

    def __repr__(self) -> str:
        return "Token(…)"  # tokens are not logged, by accident neither


def parse(authorization: str) -> Token:
    """Read a token out of the value of an `Authorization` header.

    Takes `Bearer ` and three unpadded base64url parts joined by dots; the last dot must be there where the signature
    is empty. Raises `TokenError`.

    Source: RFC 6750, 2.1; RFC 7515, 2 and 7.1; RFC 7519, 7.2.
    """
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise TokenError("Authorization", "should be: Bearer, a space, and a JSON Web Token")
    text = text.strip(" ")
    parts = text.split(".")
    if len(parts) != 3:
        raise TokenError("JWT", f"should have three parts joined by dots, the last may be empty; it has {len(parts)}")
    header, claims = _object("JWT header", parts[0]), _object("JWT claims", parts[1])
    return Token(header, claims, _decoded("JWT signature", parts[2]), text)


def _object(part: str, text: str) -> Json:
    raw = _decoded(part, text)
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, not UTF-8, a key twice, a number too long
        raise TokenError(part, "should be a JSON object, each of its keys once") from error
    if not isinstance(value, dict):
        raise TokenError(part, "should be a JSON object")
    return value


def _decoded(part: str, text: str) -> bytes:
    if not _BASE64URL.match(text):
        raise TokenError(part, "should be base64url, without padding")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise TokenError(part, "should be base64url, and is cut short") from error


def _once_each(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
