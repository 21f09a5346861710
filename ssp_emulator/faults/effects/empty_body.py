"""Empty-body: the answer has no body where it should have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ssp_emulator.faults.effects.effect import Effect, Stage
from ssp_emulator.faults.effects.replacing import Replacing, cut

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing


class EmptyBody(Effect):
    """The answer has the status and the Content-Type that it had, a Content-Length of 0, and no body."""

    group: ClassVar[str] = "Content"
    example: ClassVar[str] = "{kind: empty-body}"

    kind: Literal["empty-body"]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On the body of the answer."""
        return (Stage.CONTENT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Leave the body out."""
        return Replacing(lambda: cut(b""), 0, None, following, wire, firing)
