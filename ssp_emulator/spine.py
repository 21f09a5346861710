"""What the Spine knows when it judges a request: its directory, the interactions, its rules, limits and the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ssp_emulator.limits import Limits

if TYPE_CHECKING:
    from ssp_emulator.clock import Clock
    from ssp_emulator.directory.model import Directory
    from ssp_emulator.interactions import Catalogue


@dataclass(frozen=True, slots=True)
class Spine:
    """All that a check may look at beside the exchange.

    `token_enforced` is False where a bad token is only written down; `token_leeway_s` is how many seconds after its
    end a token may still be used. `observed_2018` asks for what testers saw where it differs from what is documented.
    `media_types` are those that a body may have, in lower case; none stands for any. `limits` counts as it goes.
    """

    directory: Directory
    catalogue: Catalogue
    clock: Clock
    token_enforced: bool = True
    token_leeway_s: int = 0
    observed_2018: bool = False
    media_types: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
