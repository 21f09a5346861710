"""Emulated: an emulator as tests meet it, whoever has started it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssp_emulator.cli.calling import Api
    from ssp_emulator.directory.loading import Registry
    from ssp_emulator.testing.certificates import Certificates
    from ssp_emulator.testing.stub.provider import StubProvider


@dataclass(frozen=True)
class Emulated:
    """An emulator that runs.

    `url` is the proxy's, `admin_url` the admin API's, and `sds_url` that of SDS, where it has one. `provider` is the
    stub provider, None where nobody said where it is to listen. `is_ours` says that this session has started it, and
    nobody else uses it; `clears` that all fault rules in it are ours to lift.
    """

    url: str
    admin_url: str
    sds_url: str | None
    certificates: Certificates
    registry: Registry
    api: Api
    provider: StubProvider | None
    is_ours: bool
    clears: bool
