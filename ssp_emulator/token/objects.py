"""JSON objects as tokens hold them: read strictly, and what recurs from token to token read once.

A token is made for one request, and so no two are the same. But what differs between those that one user of one
consumer sends is when they were made and their number: the fresh claims. All others recur, letter by letter, and they
are nearly all of the text.

Source: RFC 7519, 4.1.4 to 4.1.7 (the fresh claims) and 7.2; RFC 8259, 4 (names should be unique) and 6 (no NaN).
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from ssp_emulator.token.parsing import Json

# A fresh claim as JSON writers put it, and what follows it. Another writing of one is not wrong, and recurs less.
_FRESH = re.compile(r'("(?:exp|iat|nbf|jti)": ?)([1-9][0-9]{0,17}|"[0-9A-Za-z._:/-]{1,128}")(?=[,}])')
_NAMES = {f'"{name}":{blank}': name for name in ("exp", "iat", "nbf", "jti") for blank in ("", " ")}
_BLANK = "NaN"  # stands in a fresh claim's place: JSON has no such value, Python's reader tells us of each
_HERE = object()  # what it is read as
_NO_OBJECT = "should be a JSON object, each of its keys once"
_LONGEST = 4096  # letters of a text that is remembered; a token of GP Connect has about 1,000
_REMEMBERED = 256  # texts: each a user of a consumer; some 10 KiB apiece


class Recurring:
    """The claims that recur in tokens, and the names of the fresh ones that stand beside them.

    It compares by identity: as long as their text is remembered, the same claims are the same object. So whatever
    follows from them alone can be remembered with it.
    """

    __slots__ = ("claims", "fresh")

    def __init__(self, claims: Json, fresh: frozenset[str]) -> None:
        self.claims = claims
        self.fresh = fresh


def read_object(raw: bytes) -> Json:
    """Return the object that some bytes are. Raises `ValueError`, a sentence on what they should be."""
    return _object(_STRICT, _text(raw))


def read_claims(raw: bytes) -> tuple[Json, Recurring | None]:
    """Return the claims that some bytes are, and those of them that recur; None where no fresh ones can be told apart.

    They are shared with other tokens, and not to be changed. Raises `ValueError`, as `read_object` does.
    """
    text = _text(raw)
    pieces = _FRESH.split(text)  # what is between fresh claims, and of each its name and its value
    fresh = {_NAMES[name]: _value(value) for name, value in zip(pieces[1::3], pieces[2::3], strict=True)}
    if fresh and len(text) <= _LONGEST:
        pieces[2::3] = [_BLANK] * (len(pieces) // 3)
        recurring = _recurring("".join(pieces))
        if recurring is not None and recurring.fresh == fresh.keys():
            return {**recurring.claims, **fresh}, recurring
    return _object(_STRICT, text), None


@lru_cache(maxsize=_REMEMBERED)  # the text alone decides
def _recurring(text: str) -> Recurring | None:
    """Return the claims in a text whose fresh ones are blank; None where that is not all that is blank in it.

    What looks like a fresh claim may stand deeper in, or be the end of another name (`"x\\"exp": 1`). Then a blank is
    missing among the claims, or stands under a name that is no fresh claim's. It is the same with a NaN that came so.
    """
    try:
        claims = _object(_BLANKED, text)
    except ValueError:
        return None
    recur = {name: value for name, value in claims.items() if value is not _HERE}
    fresh = frozenset(claims.keys() - recur.keys())
    return Recurring(recur, fresh) if len(fresh) == text.count(_BLANK) else None


def _value(text: str) -> int | str:
    return text[1:-1] if text[0] == '"' else int(text)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(_NO_OBJECT) from error


def _object(decoder: json.JSONDecoder, text: str) -> Json:
    try:
        value = decoder.decode(text)
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, a key twice, a number too long
        raise ValueError(_NO_OBJECT) from error
    if not isinstance(value, dict):
        raise ValueError("should be a JSON object")  # noqa: TRY004 - who sent it is at fault, not who called
    return value


def _once_each(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _blank(name: str) -> object:
    return _HERE if name == _BLANK else _no_constant(name)


_STRICT = json.JSONDecoder(object_pairs_hook=_once_each, parse_constant=_no_constant)
_BLANKED = json.JSONDecoder(object_pairs_hook=_once_each, parse_constant=_blank)
