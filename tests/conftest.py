"""Fixtures for every test that meets real certificates, and for those that meet a running emulator."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from support.running import Running, running
from support.stub import StubProvider

from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.initialising import initialise
from ssp_emulator.pki.names import Names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytest_plugins = ("pytester",)
# What whoever runs the tests has set for an emulator of their own.
for variable in ("SSP_EMULATOR_ADMIN_URL", "SSP_EMULATOR_ADMIN_TOKEN"):
    os.environ.pop(variable, None)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> CertificateFolder:
    """A whole emulated PKI, made once for the session; no test changes it."""
    folder = CertificateFolder(tmp_path_factory.mktemp("pki") / "certs")
    initialise(folder, Names(), now=datetime.now(UTC))
    return folder


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
