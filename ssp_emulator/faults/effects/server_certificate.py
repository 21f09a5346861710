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

    `expired`: it ended at the midnight (UTC) before the rule was put in force. `not-yet-valid`: it begins in ten years.
    `wrong-host`: it is for `wrong-host.invalid`. `untrusted`: its issuer has the SubCA's name, and nobody trusts it.
    `revoked`: it is on the SubCA's revocation list, `ca/crl.pem`. A consumer that does not check sends its requests as
    usual. The emulated PKI is required: the proxy's own certificate must have been issued there.

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
