"""Headers: fields of the answer's head are set, added and removed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ssp_emulator.faults.effects.editing import FieldName, FieldValue, with_field, without
from ssp_emulator.faults.effects.effect import Effect, Passing, Stage
from ssp_emulator.faults.header import ASK
from ssp_emulator.message import Framing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head

_MOST = 100
_LENGTH = "content-length"
# Source: RFC 9110, 7.6.1. The proxy writes those that it needs itself.
OF_THE_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"}
)  # fmt: skip


def _of_the_answer(name: str) -> str:
    if name.lower() in OF_THE_CONNECTION:
        raise ValueError(
            "should be a field of the answer, and not of its connection, which truncate, reset, slow-close and "
            f"malformed-chunk disturb; found {name!r}"
        )
    if name.lower() == ASK.lower():
        raise ValueError(f"should be a field that goes on to the consumer, found {name!r}")
    return name


Name = Annotated[FieldName, AfterValidator(_of_the_answer)]
Fields = Annotated[dict[Name, FieldValue], Field(max_length=_MOST)]


class Headers(Effect):
    """Fields of the answer's head are removed, set and added, in this order; names are case-insensitive.

    What the proxy adds itself can be removed and set like the rest; but of `X-Rate-Limit-Limit`, `-Remaining` and
    `-Reset` it adds none where one of them is set. A `Content-Length` that is set, added or removed need not fit the
    body, which is sent as it is, with no chunks; the connection closes after it.
    """

    group: ClassVar[str] = "Content"
    example: ClassVar[str] = '{kind: headers, set: {Cache-Control: "max-age=60"}, remove: [ETag]}'

    kind: Literal["headers"]
    set: Fields = Field(default={}, description="fields that are there just once, with this value")
    add: Fields = Field(default={}, description="fields that come after all others, beside those of the same name")
    remove: list[Name] = Field(default=[], max_length=_MOST, description="names of fields that are left out")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.set or self.add or self.remove):
            raise ValueError("should have set, add or remove, with at least one field")
        for key, names in (("set", self.set), ("add", self.add), ("remove", self.remove)):
            if twice := _twice(names):
                raise ValueError(f"{key} should name each field once, in whatever case, found {twice!r} again")
        return self

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On the head of the answer."""
        return (Stage.CONTENT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Change the fields."""
        return _Fielding(self, following, wire, firing)

    @property
    def about_length(self) -> bool:
        """Whether it is about the Content-Length."""
        return any(name.lower() == _LENGTH for name in (*self.set, *self.add, *self.remove))

    def changed(self, head: Head) -> Head:
        """Return a head with the fields changed."""
        removed = frozenset(name.lower().encode() for name in self.remove)
        for name in self.remove:
            head = without(head, name)
        for name, value in self.set.items():
            head = with_field(head, name, value)
        added = [(name.encode(), value.encode("latin-1")) for name, value in self.add.items()]
        return replace(head, fields=[*head.fields, *added], omit=head.omit | removed)

    def told(self) -> str:
        """Return what it does, in words."""
        parts = (("removed", self.remove), ("set", self.set), ("added", self.add))
        return ", ".join(f"{verb} {', '.join(names)}" for verb, names in parts if names)


class _Fielding(Passing):
    def __init__(self, effect: Headers, following: Delivery, wire: Wire, firing: Firing) -> None:
        super().__init__(following, wire, firing)
        self._effect = effect

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        self.firing.note(self._effect.told())
        head = self._effect.changed(head)
        if self._effect.about_length:
            closes = True
            if head.framing is not Framing.NONE:
                # The bytes of the body go out as they are, whatever the field says, or does not say.
                head = replace(head, framing=Framing.LENGTH)
        await super().begin(head, closes=closes)


def _twice(names: Iterable[str]) -> str | None:
    """Return the first name that has come before, in whatever case."""
    seen = set()
    for name in names:
        if name.lower() in seen:
            return name
        seen.add(name.lower())
    return None
