"""A folder with a configuration, certificates, and both processes running: what a user has after two commands."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from support import setup
from support.processes import Process, started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder


# Who runs the tests in the background of a script has them ignore Ctrl-C, and every process that they start would too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass
class Bench:
    """A folder, and what runs in it."""

    folder: Path
    emulator: Process
    provider: Process
    certificates: CertificateFolder


@pytest.fixture
async def bench(tmp_path: Path, certificates: CertificateFolder) -> AsyncIterator[Bench]:
    """The demo provider and the emulator, each a process, on free ports."""
    (tmp_path / "certs").symlink_to(certificates.root)
    async with started(tmp_path, "provider", "--port", "0", "--host", "127.0.0.1") as provider:
        setup.write(tmp_path / "config", certificates, provider.port)
        async with started(tmp_path, "up") as emulator:
            yield Bench(tmp_path, emulator, provider, certificates)
