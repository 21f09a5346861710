"""JSON as its standard has it, and no more: each key once, no NaN, no nesting that has no end.

Source: RFC 8259, 4 (names should be unique) and 6 (Infinity and NaN are not permitted); RFC 7493, 2.3.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

_DEEPEST = 64  # what walks over a value later does so by recursion


class JsonError(ValueError):
    """A text is no JSON; the text of the error says why, and `line`, from 1, where that is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def loads(text: str) -> Any:
    """Return the value of a JSON text. Raises `JsonError`."""
    try:
        value = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise JsonError(f"{error.msg}, at line {error.lineno}, column {error.colno}", error.lineno) from error
    except JsonError:
        raise
    except ValueError as error:  # a number of thousands of digits, which Python does not read
        raise JsonError("a number is too long") from error
    except RecursionError as error:
        raise _too_deep() from error
    _measure(value)
    return value


def _measure(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    if any(isinstance(each, dict | list) for each in level):
        raise _too_deep()


def _too_deep() -> JsonError:
    return JsonError(f"nested more than {_DEEPEST} deep")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise JsonError(f"the key {name[:60]!r} stands twice; keep one")
        found[name] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not JSON")
