"""JSON in printable ASCII: what anybody may read in a terminal, whatever a consumer has sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME  # no more than JSON's own types
_DELETE = b"\x7f"


def ascii_json(value: object, default: Callable[[Any], Any] | None = None) -> bytes:
    """Return a value as JSON on one line, without white space; what is not printable ASCII is escaped.

    `default` gives what stands for an object that JSON has no type for. Raises `TypeError` where there is none.
    """
    try:
        written = orjson.dumps(value, default, _STRICT)
    except TypeError:  # it takes neither half of a surrogate pair nor more than 64 bits, which JSON has room for
        written = b""
    if written.isascii() and _DELETE not in written and written:
        return written
    return json.dumps(value, separators=(",", ":"), default=default).encode()
