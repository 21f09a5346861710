"""An emulator with two workers, each a process of its own, led by the test's process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.caller import Caller
from support.figures import Figures
from support.running import Running, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


@pytest.fixture
async def two(tmp_path: Path, certificates: CertificateFolder, provider: StubProvider) -> AsyncIterator[Running]:
    """An emulator with two workers."""
    async with running(tmp_path, certificates, provider.port, workers=2) as made:
        yield made


@pytest.fixture
def api(two: Running) -> Caller:
    """A caller of its admin API."""
    return Caller(two.emulator.admin_address)


@pytest.fixture
def root(two: Running) -> Caller:
    """A caller of its admin API, from its root."""
    return Caller(two.emulator.admin_address, "")


@pytest.fixture
def figures(two: Running) -> Figures:
    """Its metrics."""
    return Figures(two)
