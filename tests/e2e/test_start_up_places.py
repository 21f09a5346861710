"""Places that cannot be used at start-up: each is named, with what keeps us from it and what to do, and exit 2."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from support import setup, walls
from support.processes import Finished, run

from ssp_emulator.pki.folder import CertificateFolder

if TYPE_CHECKING:
    from pathlib import Path


async def ours(folder: Path, by: tuple[str, ...], *arguments: str) -> Finished:
    """Run `ssp-emulator` by another command."""
    return await run(folder, *by, sys.executable, "-m", "ssp_emulator", *arguments)


def refusal(ended: Finished) -> str:
    """Return the one line of a start that was refused."""
    assert (ended.code, ended.out) == (2, ""), ended
    lines = ended.err.splitlines()
    assert len(lines) == 1, lines
    return lines[0].removeprefix("error: ")


def copied(certificates: CertificateFolder, folder: Path) -> CertificateFolder:
    shutil.copytree(certificates.root, folder / "certs")
    return CertificateFolder(folder / "certs")


def empty(folder: Path) -> None:
    """Write a configuration whose certificates and journal are in places of its own, and are not there yet."""
    config = folder / "config"
    config.mkdir()
    (config / "registry.yaml").write_text(yaml.safe_dump(setup.registry(9), sort_keys=False))
    (config / "emulator.yaml").write_text(
        "proxy: {listen: '127.0.0.1:0'}\nadmin: {listen: '127.0.0.1:0'}\ncertificates: ../certs\n"
    )


def kept_out(place: Path, mode: str) -> str:
    uid = os.geteuid()
    return (
        f"permission denied: {place} belongs to uid {uid} with mode {mode}, and this process is uid {uid}; "
        "change its owner or its mode, or run as its owner"
    )


@pytest.mark.parametrize("command", ["up", "check"])
async def test_a_configuration_that_may_not_be_read(
    tmp_path: Path, certificates: CertificateFolder, command: str
) -> None:
    path = setup.write(tmp_path / "config", certificates, 9)
    path.chmod(0)

    said = refusal(await ours(tmp_path, walls.unprivileged(), command))

    assert said == f"config/emulator.yaml: cannot be read: {kept_out(path, '0000')}"


@pytest.mark.parametrize("command", ["up", "check"])
async def test_a_certificate_folder_that_may_not_be_entered(
    tmp_path: Path, certificates: CertificateFolder, command: str
) -> None:
    own = copied(certificates, tmp_path)
    setup.write(tmp_path / "config", own, 9)
    own.root.chmod(0o600)
    try:
        ended = await ours(tmp_path, walls.unprivileged(), command)
    finally:
        own.root.chmod(0o700)

    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    assert kept_out(own.root, "0600") in ended.err.splitlines()[0]


async def test_a_key_that_may_not_be_read(tmp_path: Path, certificates: CertificateFolder) -> None:
    own = copied(certificates, tmp_path)
    setup.write(tmp_path / "config", own, 9)
    own.ssp_server.key.chmod(0)

    said = refusal(await ours(tmp_path, walls.unprivileged(), "up"))

    assert said.startswith("config/emulator.yaml:")
    assert f"proxy.tls.key: cannot read {own.ssp_server.key}: {kept_out(own.ssp_server.key, '0000')}" in said


async def test_a_certificate_folder_in_which_none_can_be_made(tmp_path: Path) -> None:
    empty(tmp_path)
    (tmp_path / "certs").mkdir(mode=0o500)

    said = refusal(await ours(tmp_path, walls.unprivileged(), "up"))

    assert said.startswith("config/emulator.yaml:3: certificates: certificates cannot be made in certs: permission ")
    assert kept_out(tmp_path / "certs", "0500") in said


async def test_a_certificate_folder_that_is_mounted_to_be_read_alone(tmp_path: Path) -> None:
    empty(tmp_path)
    (tmp_path / "certs").mkdir()
    by = await walls.read_only(tmp_path / "certs")

    said = refusal(await ours(tmp_path, by, "up"))

    assert said == (
        "config/emulator.yaml:3: certificates: certificates cannot be made in certs: read-only file system; "
        "mount it writable, or name a place elsewhere"
    )


async def test_a_whole_certificate_folder_may_be_mounted_to_be_read_alone(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    own = copied(certificates, tmp_path)
    setup.write(tmp_path / "config", own, 9)
    by = await walls.read_only(own.root)

    ended = await ours(tmp_path, by, "check")

    assert (ended.code, ended.err) == (0, "")


async def test_a_file_where_the_certificate_folder_should_be(tmp_path: Path) -> None:
    empty(tmp_path)
    (tmp_path / "certs").write_text("a file")

    said = refusal(await ours(tmp_path, (), "up"))

    assert said == "certs is not a folder"


async def test_a_file_above_the_certificate_folder(tmp_path: Path) -> None:
    empty(tmp_path)
    (tmp_path / "taken").write_text("a file")
    path = tmp_path / "config" / "emulator.yaml"
    path.write_text("proxy: {listen: '127.0.0.1:0'}\ncertificates: ../taken/certs\nadmin: {listen: }\n")
    path.write_text(
        path.read_text()
        + "providers: {tls: {certificate: ../taken/certs/ssp/client.crt, key: ../taken/certs/ssp/client.key}}\n"
    )

    said = refusal(await ours(tmp_path, (), "up"))

    assert said == (
        "config/emulator.yaml:2: certificates: certificates cannot be made in taken/certs: "
        "taken is a file where a folder should be; move it away, or name another folder"
    )


@pytest.mark.parametrize(
    ("by", "why"), [("unprivileged", "permission denied: "), ("read_only", "read-only file system; mount it writable")]
)
async def test_an_audit_folder_that_cannot_be_written(
    tmp_path: Path, certificates: CertificateFolder, by: str, why: str
) -> None:
    (tmp_path / "config" / "audit").mkdir(parents=True, mode=0o500)
    (tmp_path / "config" / "audit").chmod(0o500)
    setup.write(tmp_path / "config", certificates, 9)
    command = walls.unprivileged() if by == "unprivileged" else await walls.read_only(tmp_path / "config" / "audit")

    said = refusal(await ours(tmp_path, command, "up"))

    assert said.startswith(f"the journal config/audit/journal.jsonl cannot be opened: {why}")


async def test_a_file_where_the_audit_folder_should_be(tmp_path: Path, certificates: CertificateFolder) -> None:
    setup.write(tmp_path / "config", certificates, 9)
    (tmp_path / "config" / "audit").write_text("a file")

    said = refusal(await ours(tmp_path, (), "up"))

    assert said == (
        "the journal config/audit/journal.jsonl cannot be opened: config/audit is a file where a folder should be; "
        "move it away, or name another folder"
    )


async def test_a_provider_whose_key_may_not_be_read(tmp_path: Path, certificates: CertificateFolder) -> None:
    own = copied(certificates, tmp_path)
    own.provider.key.chmod(0)

    said = refusal(await ours(tmp_path, walls.unprivileged(), "provider", "--port", "0"))

    assert said == f"cannot read certs/provider/provider.key: {kept_out(own.provider.key, '0000')}"
