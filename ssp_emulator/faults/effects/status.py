"""Status: the answer has another status than the one that it came with."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.editing import Editing, Phrase, with_field, without
from ssp_emulator.faults.effects.effect import Effect, Stage
from ssp_emulator.message import Framing
from ssp_emulator.outcome import Reason, form_of

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head

_PHRASES = {status.value: status.phrase for status in HTTPStatus} | {
    form.status: form.phrase for form in map(form_of, Reason)
}
_BODILESS = (204, 304)


class Status(Effect):
    """The answer has another status; its other fields and its body stay what they are.

    With 204 and 304 the body and its length are left out: those answers have none. An answer that was one of these, and
    becomes another, has a body of no bytes.

    Source: RFC 9110, 15; RFC 9112, 6.3.
    """

    group: ClassVar[str] = "Content"
    example: ClassVar[str] = "{kind: status, status: 500}"

    kind: Literal["status"]
    status: Annotated[int, Field(ge=200, le=599)] = Field(description="the status that the consumer sees")
    phrase: Phrase | None = Field(default=None, description="its reason phrase; if not given, the standard one")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On the head of the answer."""
        return (Stage.CONTENT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Change the status."""

        def edit(head: Head) -> Head:
            firing.note(f"made the status {self.status}, which was {head.status}")
            return self._changed(head)

        return Editing(edit, following, wire, firing)

    def _changed(self, head: Head) -> Head:
        phrase = _PHRASES.get(self.status, "") if self.phrase is None else self.phrase
        changed = replace(head, status=self.status, phrase=phrase.encode("latin-1"))
        if self.status in _BODILESS:
            return replace(without(changed, "Content-Length"), framing=Framing.NONE)
        if head.status in _BODILESS:
            # The framing stays: this may be the answer to a HEAD, after which no byte may follow.
            return with_field(changed, "Content-Length", "0")
        return changed
