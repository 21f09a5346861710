"""`ssp-emulator up` reads registry and certificates again on SIGHUP, as a real process under a real signal."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import yaml
from support import setup
from support.processes import PATIENCE_S, Process, ours, started

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder

SEND = ("send", setup.READ_BINARY, "--id", "07a6483f-732b-461e-86b6-edb665c45510")


async def logged(emulator: Process, *texts: str) -> str:
    """Wait for a line of the emulator's log that holds some texts."""
    assert emulator.process.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        while line := (await emulator.process.stderr.readline()).decode():
            if all(text in line for text in texts):
                return line
    raise AssertionError("the log ended")


async def test_sighup_puts_a_new_registry_in_force_and_a_bad_one_not(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    (tmp_path / "certs").symlink_to(certificates.root)
    registry = tmp_path / "config" / "registry.yaml"
    async with started(tmp_path, "provider", "--port", "0", "--host", "127.0.0.1") as provider:
        setup.write(tmp_path / "config", certificates, provider.port, reload={"every_s": None})
        async with started(tmp_path, "up") as emulator:
            where = ("--proxy", f"127.0.0.1:{emulator.port}")
            before = await ours(tmp_path, *SEND, *where)
            good = registry.read_text()

            registry.write_text("organisations: 7\n")
            emulator.process.send_signal(signal.SIGHUP)
            bad = await logged(emulator, "registry.yaml:1")
            registry.write_text(good)  # what `send` reads; the emulator has it in force all along
            meanwhile = await ours(tmp_path, *SEND, *where)

            registry.write_text(yaml.safe_dump({**setup.registry(provider.port), "agreements": []}))
            emulator.process.send_signal(signal.SIGHUP)
            await logged(emulator, "[info", "reloaded", "part=registry")
            registry.write_text(good)
            after = await ours(tmp_path, *SEND, *where)
            ended = await emulator.end()

    assert "not reloaded: what was there stays in force" in bad
    assert (before.code, meanwhile.code, after.code) == (0, 0, 1)
    assert "FOT_CHECK_FAILED_MESSAGESENDER_" in after.out + after.err
    assert ended.code == 0
    assert "Traceback" not in ended.err
