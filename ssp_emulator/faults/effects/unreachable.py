"""A provider that cannot be reached, as an effect: what a consumer and the audit see of it, with no connection made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator import outcome
from ssp_emulator.exchange import known
from ssp_emulator.faults.effects.effect import NOT_ASKED, Effect, Stage, asks_provider

if TYPE_CHECKING:
    from ssp_emulator.directory.model import Endpoint
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.effects.effect import Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.outcome import Denial


class Unreachable(Effect):
    """Answers 502, as the proxy does where it cannot reach a provider, and leaves the reason in the audit record."""

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In place of the answer."""
        return (Stage.INSTEAD,)

    async def instead(self, exchange: Exchange, wire: Wire, firing: Firing) -> Denial | None:  # noqa: ARG002
        """Answer as if the provider could not be reached."""
        if not asks_provider(exchange):
            firing.note(NOT_ASKED)
            return None
        why = self.why(known(exchange.endpoint))
        exchange.provider.error = why
        firing.note(f"refused with 502: {why}")
        return outcome.bad_gateway(exchange.target_text)

    def why(self, endpoint: Endpoint) -> str:
        """Return why the provider cannot be reached, in the words of the audit."""
        raise LookupError(f"{self.kind} does not say why {endpoint.connect_to} cannot be reached")
