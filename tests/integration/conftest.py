"""A provider under the test's control, and an emulator that leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.running import Running, running
from support.stub import StubProvider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder


@pytest.fixture
async def provider(certificates: CertificateFolder) -> AsyncIterator[StubProvider]:
    """A provider that answers what the test says."""
    async with StubProvider(certificates) as stub:
        yield stub


@pytest.fixture
async def ssp(tmp_path: Path, certificates: CertificateFolder, provider: StubProvider) -> AsyncIterator[Running]:
    """A running emulator that leads to that provider."""
    async with running(tmp_path, certificates, provider.port) as made:
        yield made
