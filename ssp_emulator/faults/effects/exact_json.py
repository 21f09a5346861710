"""JSON read and written without loss: numbers keep their digits (1.10 is not 1.1), and keys their order.

Source: RFC 8259; FHIR STU3, "JSON representation" (the precision of a decimal has a meaning).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import Any, NoReturn


class InexactError(ValueError):
    """A text is not JSON, or not such as could be written again without loss; the error's text says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A number as it is written. Equal to any number of its value."""

    text: str

    def __eq__(self, other: object) -> bool:
        if isinstance(other, bool) or not isinstance(other, Number | int | float):
            return NotImplemented
        theirs = other.text if isinstance(other, Number) else repr(other)
        try:
            return self.text == theirs or Decimal(self.text) == Decimal(theirs)
        except InvalidOperation:  # an exponent beyond all bounds
            return False

    __hash__ = None  # type: ignore[assignment]

    def __deepcopy__(self, _: dict[int, Any]) -> Number:
        return self  # it never changes, and jsonpatch copies whole bodies


def read(body: bytes) -> Any:
    """Return what a JSON text says, its numbers as `Number`s. Raises `InexactError`."""
    try:
        return json.loads(
            body.decode("utf-8"),
            parse_float=Number,
            parse_int=Number,
            parse_constant=_no_constant,
            object_pairs_hook=_object,
        )
    except InexactError:
        raise
    except RecursionError as error:
        raise InexactError("the body is nested too deeply") from error
    except ValueError as error:
        raise InexactError("the body is not JSON in UTF-8") from error


def write(value: Any) -> bytes:
    """Write a value as JSON, with no white space; half a surrogate pair stays escaped. Raises `InexactError`."""
    parts: list[str] = []
    try:
        _put(value, parts)
    except RecursionError as error:
        raise InexactError("the body is nested too deeply") from error
    return "".join(parts).encode("utf-8", "backslashreplace")


def _put(value: Any, into: list[str]) -> None:
    match value:
        case Number():
            into.append(value.text)
        case str():
            into.append(encode_basestring(value))
        case dict():
            opening = "{"
            for key, member in value.items():
                into.append(f"{opening}{encode_basestring(key)}:")
                _put(member, into)
                opening = ","
            into.append("}" if value else "{}")
        case list():
            opening = "["
            for item in value:
                into.append(opening)
                _put(item, into)
                opening = ","
            into.append("]" if value else "[]")
        case _:
            into.append(json.dumps(value))


def _no_constant(name: str) -> NoReturn:
    raise InexactError(f"the body has {name} in it, which is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise InexactError("the body has an object with a key that comes twice")
    return made
