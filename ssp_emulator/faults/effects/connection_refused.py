"""Connection-refused: nothing listens where the provider should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ssp_emulator.faults.effects.unreachable import Unreachable
from ssp_emulator.provider_failures import REFUSED, no_connection

if TYPE_CHECKING:
    from ssp_emulator.directory.model import Endpoint


class ConnectionRefused(Unreachable):
    """The provider's host refuses the connection: the consumer gets the proxy's 502, and the audit says why.

    The provider is not asked, nor is any connection made.
    """

    group: ClassVar[str] = "The provider's side"
    example: ClassVar[str] = "{kind: connection-refused}"

    kind: Literal["connection-refused"]

    def why(self, endpoint: Endpoint) -> str:
        """Say that the connection is refused."""
        return no_connection(endpoint.connect_to, REFUSED)
