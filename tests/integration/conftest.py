"""A PKI that a test may change, and an emulator that reads it again when it is asked to."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from support.running import Running, running

from ssp_emulator.pki.folder import CertificateFolder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.stub import StubProvider


@pytest.fixture
def own_certificates(certificates: CertificateFolder, tmp_path: Path) -> CertificateFolder:
    """A PKI that the test may change."""
    shutil.copytree(certificates.root, tmp_path / "certs")
    return CertificateFolder(tmp_path / "certs")


@pytest.fixture
async def asked_only(
    own_certificates: CertificateFolder, provider: StubProvider, tmp_path: Path
) -> AsyncIterator[Running]:
    """An emulator that reads its files again when it is asked to, as SIGHUP does."""
    async with running(tmp_path, own_certificates, provider.port, reload={"every_s": None}) as made:
        yield made
