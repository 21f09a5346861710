"""Content-type: the answer says that it is of another media type than it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.editing import ContentType, Editing, with_field
from ssp_emulator.faults.effects.effect import Effect, Stage

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head


class WrongContentType(Effect):
    """The answer has another Content-Type; its body stays what it is."""

    group: ClassVar[str] = "Content"
    example: ClassVar[str] = "{kind: content-type, value: text/html}"

    kind: Literal["content-type"]
    value: ContentType = Field(description="what the Content-Type is")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On the head of the answer."""
        return (Stage.CONTENT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Change the Content-Type."""

        def edit(head: Head) -> Head:
            firing.note(f"made the Content-Type {self.value}")
            return with_field(head, "Content-Type", self.value)

        return Editing(edit, following, wire, firing)
