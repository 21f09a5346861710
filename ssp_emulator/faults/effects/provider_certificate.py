"""Provider-certificate: the certificate that the provider shows is expired, or of another host."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from ssp_emulator.faults.effects.unreachable import Unreachable
from ssp_emulator.provider_failures import EXPIRED, bad_certificate, wrong_host

if TYPE_CHECKING:
    from ssp_emulator.directory.model import Endpoint


class ProviderCertificate(Unreachable):
    """The provider's certificate is not good: the consumer gets the proxy's 502, and the audit says what is wrong.

    The provider is not asked, nor is any connection made.
    """

    group: ClassVar[str] = "The provider's side"
    example: ClassVar[str] = "{kind: provider-certificate, fault: expired}"

    kind: Literal["provider-certificate"]
    fault: Literal["expired", "wrong-host"] = Field(description="what is wrong with it")

    def why(self, endpoint: Endpoint) -> str:
        """Say what is wrong with the certificate."""
        return bad_certificate(endpoint.connect_to, EXPIRED if self.fault == "expired" else wrong_host(endpoint.host))
