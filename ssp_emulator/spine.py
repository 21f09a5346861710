"""What the Spine knows when it judges a request: its directory, the interactions, its rules and the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssp_emulator.clock import Clock
    from ssp_emulator.directory.model import Directory
    from ssp_emulator.interactions import Catalogue


@dataclass(frozen=True, slots=True)
class Spine:
    """All that a check may look at beside the exchange.

    `token_enforced` is False where a bad token is only written down; `token_leeway_s` is how many seconds after its
    end a token may still be used.
    """

    directory: Directory
    catalogue: Catalogue
    clock: Clock
    token_enforced: bool = True
    token_leeway_s: int = 0
