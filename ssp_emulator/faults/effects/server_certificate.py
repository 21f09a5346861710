"""Server certificate: the consumer is shown one with something wrong, and may refuse to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.effect import Effect, Stage
from ssp_emulator.pki.faulty import ServerFault

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Door
    from ssp_emulator.faults.firing import Firing


class ServerCertificate(Effect):
    """The proxy shows a certificate like its own, from the same SubCA and for the same names, but for one fault.

    `expired`: it ended at the last midnight, UTC. `not-yet-valid`: it begins in ten years. `wrong-host`: it is that of
    `wrong-host.invalid`. `untrusted`: an authority of the same name issued it, that nobody trusts. `revoked`: it is on
    the SubCA's revocation list, `ca/crl.pem`. A consumer that does not mind sends its requests as ever. It takes the
    emulated PKI: the proxy's own certificate has to come from there.

    Source: RFC 5280, 6.1.3 (validity, revocation, issuer); RFC 9525, 6.3 (host names).
    """

    group: ClassVar[str] = "TLS on the consumer's side"
    example: ClassVar[str] = "{kind: server-certificate, fault: expired}"

    kind: Literal["server-certificate"]
    fault: ServerFault = Field(description="what is wrong with it")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """While TLS shakes hands."""
        return (Stage.CONNECTION,)

    async def greet(self, door: Door, firing: Firing) -> None:
        """Shake hands with that certificate."""
        door.disguise(self, firing)
