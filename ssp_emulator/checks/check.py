"""The one shape of a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.spine import Spine
    from ssp_emulator.verdict import Verdict


class Check(Protocol):
    """Anything that reads an exchange, with what the Spine knows, and says whether it may go on."""

    @property
    def __name__(self) -> str:
        """The check's name in the audit."""
        ...

    def __call__(self, exchange: Exchange, spine: Spine, /) -> Verdict:
        """Judge the exchange."""
        ...
