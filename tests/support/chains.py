"""Effects on an answer's content, taken out of the proxy: a head and pieces go in, and what would be sent comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from pydantic import TypeAdapter, ValidationError

from ssp_emulator.faults.effects import AnyEffect
from ssp_emulator.faults.firing import Firing
from ssp_emulator.message import Framing, Head

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssp_emulator.faults.effects.effect import Context, Delivery, Effect

_ANY: TypeAdapter[Effect] = TypeAdapter(AnyEffect)
FIELDS = [(b"Content-Type", b"application/fhir+json"), (b"Server", b"gp")]


def effect(kind: str, context: Context | None = None, **parameters: Any) -> Any:
    """Read an effect, as from a rule."""
    return _ANY.validate_python({"kind": kind, **parameters}, context=context)


def problem(kind: str, context: Context | None = None, **parameters: Any) -> str:
    """Return the places and the texts of what is wrong with an effect, which has to be refused."""
    with pytest.raises(ValidationError) as caught:
        effect(kind, context, **parameters)
    lines = [(".".join(map(str, error["loc"][1:])), error["msg"]) for error in caught.value.errors()]
    return "\n".join(f"{place}: {text}" if place else text for place, text in lines)


@dataclass
class Sent:
    """The end of a chain: it keeps what it is given. `heads` are all that were begun, the last of which counts."""

    heads: list[Head] = field(default_factory=list)
    closes: bool = False
    pieces: list[bytes] = field(default_factory=list)
    whole: bool = False

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        """Take a head."""
        assert not self.pieces, "a head after the first piece"
        self.heads.append(head)
        self.closes = self.closes or closes

    async def write(self, piece: bytes, *, last: bool) -> None:
        """Take a piece."""
        assert self.heads, "a piece before any head"
        assert not self.whole, "a piece after the last"
        self.pieces.append(piece)
        self.whole = last

    @property
    def head(self) -> Head:
        """The head that counts."""
        return self.heads[-1]

    @property
    def body(self) -> bytes:
        """All pieces."""
        return b"".join(self.pieces)

    @property
    def length(self) -> list[bytes]:
        """The values of Content-Length."""
        return self.head.all(b"Content-Length")


def firing(count: int = 1) -> Firing:
    """Return a firing of a rule, for its match of a count."""
    return Firing("a-rule", "a-kind", count, seed=42)


def answer(
    body: bytes = b"", *fields: tuple[bytes, bytes], status: int = 200, framing: Framing = Framing.LENGTH
) -> Head:
    """Return the head of an answer with a body."""
    length = [(b"Content-Length", b"%d" % len(body))] if framing is Framing.LENGTH else []
    return Head(status, b"OK", [*FIELDS, *fields, *length], framing)


async def through(
    effects: Effect | Iterable[Effect], head: Head, *pieces: bytes, noted: Firing | None = None
) -> tuple[Sent, str]:
    """Send an answer through effects, the first of them first; return what came of it, and what they have noted."""
    made = noted or firing()
    sent = Sent()
    way: Delivery = sent
    for one in reversed([effects] if not isinstance(effects, list) else effects):
        way = one.around(way, cast("Any", None), made)
    await way.begin(head)
    *before, last = pieces or (b"",)
    for piece in before:
        await way.write(piece, last=False)
    await way.write(last, last=True)
    assert sent.whole
    return sent, "; ".join(made.did)
