"""Name-not-resolved: nobody knows the host name of the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ssp_emulator.faults.effects.unreachable import Unreachable
from ssp_emulator.provider_failures import UNKNOWN_NAME, no_connection

if TYPE_CHECKING:
    from ssp_emulator.directory.model import Endpoint


class NameNotResolved(Unreachable):
    """The provider's host name is not known: the consumer gets the proxy's 502, and the audit says why.

    The provider is not asked, nor is any name looked up.
    """

    group: ClassVar[str] = "The provider's side"
    example: ClassVar[str] = "{kind: name-not-resolved}"

    kind: Literal["name-not-resolved"]

    def why(self, endpoint: Endpoint) -> str:
        """Say that the name is not known."""
        return no_connection(endpoint.connect_to, UNKNOWN_NAME)
