"""From the text of an `Authorization` header to a token, or to the reason why it is none.

PyJWT is not used to read: it pads and forgives where the Spine must not, and it has no word for which claim is wrong.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ssp_emulator.token.objects import Recurring, read_claims, read_object

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")
# What base64 has for each letter of base64url, and for what is none, + and / and = among it, one that is none either.
_LETTERS = bytes(
    ord({"-": "+", "_": "/"}.get(letter, letter if _BASE64URL.match(letter) else "!"))
    for letter in map(chr, range(256))
)
_PADDING = (b"", b"===", b"==", b"=")  # for the letters that stand beyond a multiple of four
_LONGEST_REMEMBERED = 512  # letters of a header; most have 20 to 150

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


class Token(NamedTuple):
    """A token that can be read; nothing is said of what is in it. `text` is all of it, as it came.

    Header and claims are shared with other tokens, and never changed. `recurring` is what the claims have in common
    with other tokens of the same consumer; None where they look like no others.
    """

    header: Json
    claims: Json
    signature: bytes
    text: str
    recurring: Recurring | None = None

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
    header = _known_header(parts[0]) if len(parts[0]) <= _LONGEST_REMEMBERED else _header(parts[0])
    claims, recurring = _read("JWT claims", parts[1], read_claims)
    return Token(header, claims, _decoded("JWT signature", parts[2]), text, recurring)


def _header(text: str) -> Json:
    return _read("JWT header", text, read_object)


_known_header = lru_cache(maxsize=64)(_header)  # the text alone decides, and a consumer's tokens all have the same


def _read(part: str, text: str, read: Callable[[bytes], T]) -> T:
    raw = _decoded(part, text)
    try:
        return read(raw)
    except ValueError as error:
        raise TokenError(part, str(error)) from error


def _decoded(part: str, text: str) -> bytes:
    if not text:
        return b""
    try:
        letters = text.encode("ascii").translate(_LETTERS) + _PADDING[len(text) % 4]
        return binascii.a2b_base64(letters, strict_mode=True)
    except ValueError as error:  # not ASCII, a letter that is none, or a number of them that no bytes have
        how = "and is cut short" if _BASE64URL.match(text) else "without padding"
        raise TokenError(part, f"should be base64url, {how}") from error
