"""The provider refuses: every error of a GP Connect provider, by its Spine code; the provider itself is not asked."""

from __future__ import annotations

from difflib import get_close_matches
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from ssp_emulator.faults.effects.effect import NOT_ASKED, Effect, Imitation, Stage, asks_provider
from ssp_emulator.provider_errors import ErrorKind

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.effects.effect import Wire
    from ssp_emulator.faults.firing import Firing

# One row shares its Spine code with another; it is known by the name of its status.
BY_CODE = {kind.value.code if kind is not ErrorKind.UNSUPPORTED_MEDIA_TYPE else kind.name: kind for kind in ErrorKind}


def _known(code: str) -> str:
    if code not in BY_CODE:
        near = get_close_matches(code, BY_CODE, n=1)
        hint = f"did you mean {near[0]}?" if near else f"these are: {', '.join(BY_CODE)}"
        raise ValueError(f"should be a Spine error code, found {code!r}; {hint}")
    return code


Code = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(BY_CODE)})]


class ProviderErrorEffect(Effect):
    """A provider's error comes back, with its status and its OperationOutcome, and the provider is never asked.

    Source: GP Connect 1.6.2, "Error handling guidance".
    """

    group: ClassVar[str] = "The provider refuses"
    example: ClassVar[str] = "{kind: provider-error, code: PATIENT_NOT_FOUND}"

    kind: Literal["provider-error"]
    code: Code = Field(description="the Spine error code, which has its own status")
    diagnostics: str | None = Field(
        default=None, min_length=1, max_length=2000, description="what the error says in words"
    )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In place of the answer."""
        return (Stage.INSTEAD,)

    async def instead(self, exchange: Exchange, wire: Wire, firing: Firing) -> Imitation | None:  # noqa: ARG002
        """Answer in the provider's place."""
        if not asks_provider(exchange):
            firing.note(NOT_ASKED)
            return None
        kind = BY_CODE[self.code]
        firing.note(f"answered {kind.status} {kind.value.code} in the provider's place")
        return Imitation(kind.status, HTTPStatus(kind.status).phrase, kind.outcome(self.diagnostics))
