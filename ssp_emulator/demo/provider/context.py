"""What travels with a request inside the provider: keys to its practice, its data and what the gate found out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from ssp_emulator.demo.provider.model import Dataset
from ssp_emulator.demo.provider.settings import Practice, ProviderSettings

if TYPE_CHECKING:
    from ssp_emulator.token.parsing import Json


@dataclass(frozen=True)
class Admission:
    """What is known of a request that the gate has let in."""

    interaction: str
    claims: Json


SETTINGS = web.AppKey("settings", ProviderSettings)
PRACTICE = web.AppKey("practice", Practice)
DATASET = web.AppKey("dataset", Dataset)
# Which interactions fit each handler.
FITTING = web.AppKey("fitting", dict[object, frozenset[str]])
ADMISSION = web.RequestKey("admission", Admission)
