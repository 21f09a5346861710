"""Invalid-json: the body stops being JSON at its very end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar, Literal

from ssp_emulator.faults.effects.effect import Effect, Stage
from ssp_emulator.faults.effects.whole import UnfitError, Whole

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing

_WHITE_SPACE = b" \t\r\n"  # RFC 8259, 2


class InvalidJson(Effect):
    """The last closing bracket of the body is missing, as when a program ends before it has written all.

    The Content-Length fits what is sent. Only a body that is a JSON object or array, in gzip or not, of up to 32 MiB is
    changed.
    """

    group: ClassVar[str] = "Content"
    example: ClassVar[str] = "{kind: invalid-json}"

    kind: Literal["invalid-json"]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On the body of the answer."""
        return (Stage.CONTENT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Leave the last bracket out."""
        return Whole(unclosed, "left out the last closing bracket of the body", following, wire, firing)


def unclosed(body: bytes) -> bytes:
    """Return a JSON text without its last bracket, and without what white space came after. Raises `UnfitError`."""
    text = body.rstrip(_WHITE_SPACE)
    if not text.endswith((b"}", b"]")) or not _is_json(text):
        raise UnfitError("the body is no JSON object or array")
    return text[:-1]


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text.decode("utf-8"), parse_int=len, parse_float=len)  # no number is of interest, however long
    except (ValueError, RecursionError):
        return False
    return True
