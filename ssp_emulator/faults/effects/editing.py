"""Edits of an answer's head, which the effects on content share, and the fields' names and values that they take."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from ssp_emulator.faults.effects.effect import Passing
from ssp_emulator.hints import hint

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")  # RFC 9110, 5.1
_UNWRITABLE = re.compile("[^\x01-\x09\x0b\x0c\x0e-\xff]")  # CR, LF and NUL, and what is beyond ISO 8859-1
_LONGEST_VALUE = 65_536


def _name(text: str) -> str:
    if not _TOKEN.match(text):
        raise ValueError(f"should be the name of a header field, found {text!r}")
    return text


def _line(text: str) -> str:
    if found := _UNWRITABLE.search(text):
        raise ValueError(f"should be characters of ISO 8859-1, and no line break or NUL, found {found[0]!r}")
    return text


FieldName = Annotated[
    str, Field(max_length=256), AfterValidator(_name), hint(_TOKEN, "should be the name of a header field")
]
FieldValue = Annotated[str, Field(max_length=_LONGEST_VALUE), AfterValidator(_line)]
ContentType = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_line)]
Phrase = Annotated[str, Field(max_length=1000), AfterValidator(_line)]


def without(head: Head, name: str) -> Head:
    """Return a head without the fields of a name."""
    lowered = name.lower().encode()
    return replace(head, fields=[field for field in head.fields if field[0].lower() != lowered])


def with_field(head: Head, name: str, value: str) -> Head:
    """Return a head with just one field of a name: where the first of them stood, or at the end."""
    lowered = name.lower().encode()
    places = [place for place, field in enumerate(head.fields) if field[0].lower() == lowered]
    place = places[0] if places else len(head.fields)
    changed = without(head, name)
    changed.fields.insert(place, (name.encode(), value.encode("latin-1")))
    return changed


class Editing(Passing):
    """Passes an answer on with another head."""

    def __init__(self, edit: Callable[[Head], Head], following: Delivery, wire: Wire, firing: Firing) -> None:
        super().__init__(following, wire, firing)
        self._edit = edit

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        """Pass a head on, edited."""
        await super().begin(self._edit(head), closes=closes)
