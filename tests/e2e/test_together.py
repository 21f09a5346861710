"""Processes that start together on one empty certificate folder, as containers with one new volume do."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import yaml
from support import setup
from support.ports import free_port
from support.processes import ours, started

from ssp_emulator.pki.files import read_authority, read_certificates, read_crl
from ssp_emulator.pki.folder import INVALID_NAMES, CertificateFolder

if TYPE_CHECKING:
    from pathlib import Path


async def test_all_who_start_together_serve_with_one_pki_and_one_token(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "config"
    config.mkdir()
    (config / "registry.yaml").write_text(yaml.safe_dump(setup.registry(port), sort_keys=False))
    for name in "ab":
        (config / f"{name}.yaml").write_text(
            "proxy: {listen: '127.0.0.1:0'}\n"
            "admin: {listen: '127.0.0.1:0', token: ../certs/admin-token}\n"
            "sds: {listen: '127.0.0.1:0'}\n"
            f"audit: {{journal: ../{name}/journal.jsonl}}\n"
        )

    async with AsyncExitStack() as running:
        provider = ("provider", "--host", "127.0.0.1", "--port", str(port))
        commands = (("up", "--config", "config/a.yaml"), provider, ("up", "--config", "config/b.yaml"))
        contexts = [running.enter_async_context(started(tmp_path, *command)) for command in commands]
        first, _, second = await asyncio.gather(*contexts)
        for name, emulator in (("a", first), ("b", second)):
            assert emulator.process.stdout is not None
            admin = (await emulator.process.stdout.readline()).decode().removeprefix("Admin API: ").strip()
            where = ("--proxy", f"127.0.0.1:{emulator.port}", "--admin", admin)
            ended = await ours(tmp_path, "smoke", *where, "--config", f"config/{name}.yaml")
            assert (ended.code, ended.err) == (0, "")
            assert ended.out.endswith("Smoke test passed.\n")

    _is_whole(CertificateFolder(tmp_path / "certs"))
    rest = {"admin-token", ".lock"}
    assert {path.name for path in (tmp_path / "certs").iterdir() if path.is_file()} == rest
    assert {path.name for path in (tmp_path / "certs").iterdir() if path.is_dir()} == {
        *("ca", "ssp", "consumer", "provider", "invalid"),
    }


def _is_whole(folder: CertificateFolder) -> None:
    """Assert that every certificate is of the one authority that is there, with its key."""
    sub = read_authority(folder)
    (root,) = read_certificates(folder.authority_root.certificate)
    sub.certificate.verify_directly_issued_by(root)
    assert read_certificates(folder.chain) == (sub.certificate, root)
    read_crl(folder)
    leaves = (folder.ssp_server, folder.ssp_client, folder.consumer, folder.provider)
    ours = [folder.invalid(name) for name in INVALID_NAMES if name != "untrusted"]
    for pair in (*leaves, *ours):
        read_certificates(pair.certificate)[0].verify_directly_issued_by(sub.certificate)
