"""Fixtures for every test that meets real certificates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.initialising import initialise
from ssp_emulator.pki.names import Names


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> CertificateFolder:
    """A whole emulated PKI, made once for the session; no test changes it."""
    folder = CertificateFolder(tmp_path_factory.mktemp("pki") / "certs")
    initialise(folder, Names(), now=datetime.now(UTC))
    return folder
