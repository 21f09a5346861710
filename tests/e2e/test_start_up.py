"""Bad input at start-up: one clear line each on standard error, exit 2, no traceback, nothing half started."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support import setup
from support.processes import ours, run, started

from ssp_emulator.pki.folder import CertificateFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def duplicate_asid(registry: dict[str, Any]) -> None:
    registry["systems"].append({**registry["systems"][0]})


def unquoted_asid(registry: dict[str, Any]) -> None:
    registry["systems"][0]["asid"] = 200000000115


def stranger(registry: dict[str, Any]) -> None:
    registry["agreements"][1]["to"] = "999999999999"


def misspelt(registry: dict[str, Any]) -> None:
    registry["systems"][0]["fdqn"] = "x.nhs.uk"


@pytest.mark.parametrize("command", ["up", "check"])
@pytest.mark.parametrize(
    ("change", "key", "message"),
    [
        (duplicate_asid, "systems[4].asid", "200000000115 is already used at line 7; each must be unique"),
        (unquoted_asid, "systems[0].asid", 'should be text: put it in quotes, "200000000115"'),
        (stranger, "agreements[1].to", "999999999999 is the ASID of no system here; add the system"),
        (misspelt, "systems[0].fdqn", "is not a key here; did you mean fqdn?"),
    ],
)
async def test_a_registry_that_does_not_hold_together(
    tmp_path: Path,
    certificates: CertificateFolder,
    command: str,
    change: Callable[[dict[str, Any]], None],
    key: str,
    message: str,
) -> None:
    setup.write(tmp_path / "config", certificates, 9)
    registry = setup.registry(9)
    change(registry)
    path = tmp_path / "config" / "registry.yaml"
    path.write_text(yaml.safe_dump(registry, sort_keys=False))

    ended = await ours(tmp_path, command)

    lines = ended.err.splitlines()
    assert ended.code == 2
    assert len(lines) == 1
    assert lines[0].startswith("error: config/registry.yaml:")
    assert lines[0].endswith(f": {key}: {message}")
    assert line_number(lines[0]) == line_of(path, key)
    assert ended.out == ""
    assert not (tmp_path / "audit").exists()
    assert not (tmp_path / "config" / "audit").exists()


def line_number(message: str) -> int:
    return int(message.removeprefix("error: ").split(":")[1])


def line_of(path: Path, key: str) -> int:
    """Find the line of a key such as `systems[4].asid`, by counting entries as a reader would."""
    section, _, rest = key.partition("[")
    index, _, field = rest.partition("].")
    lines = path.read_text().splitlines()
    entries = [number for number, line in enumerate(lines) if number > lines.index(f"{section}:") and line[:2] == "- "]
    start = entries[int(index)]
    return next(number + 1 for number in range(start, len(lines)) if lines[number][2:].startswith(f"{field}:"))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("systems: [", "config/registry.yaml:2: not YAML:"),
        ("systems:\n  - {asid: 'x'\n", "config/registry.yaml:3: not YAML:"),
        ("systems: []\nsystems: []\n", "config/registry.yaml:2: systems: stands twice"),
        ("a: \x00", "config/registry.yaml: not YAML:"),
    ],
    ids=["open bracket", "open brace", "a key twice", "a control character"],
)
async def test_a_registry_that_is_no_yaml(
    tmp_path: Path, certificates: CertificateFolder, text: str, where: str
) -> None:
    setup.write(tmp_path / "config", certificates, 9)
    (tmp_path / "config" / "registry.yaml").write_text(text)

    ended = await ours(tmp_path, "up")

    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith(f"error: {where}")


async def test_a_certificate_file_that_is_missing(tmp_path: Path, certificates: CertificateFolder) -> None:
    path = setup.write(tmp_path / "config", certificates, 9)
    settings = yaml.safe_load(path.read_text())
    settings["proxy"]["tls"]["certificate"] = "nowhere.crt"
    path.write_text(yaml.safe_dump(settings, sort_keys=False))

    ended = await ours(tmp_path, "up")

    line = path.read_text().splitlines().index("    certificate: nowhere.crt") + 1
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"error: config/emulator.yaml:{line}: proxy.tls.certificate: "
        "cannot read config/nowhere.crt: no such file or directory\n"
    )
    assert not (tmp_path / "config" / "audit").exists()


@pytest.mark.parametrize(
    ("section", "key", "value", "problem"),
    [
        ("proxy", "listen", "8443", 'should be "host:port", such as "localhost:8443", found \'8443\''),
        ("providers", "connect_timeout_s", -1, "should be greater than 0, found -1"),
        ("providers", "connect_timeout_status", 418, "should be 504 or 599, found 418"),
        ("token", "mode", "off", "should be 'enforce' or 'record', found 'off'"),
        ("log", "colour", True, "is not a key here; these are: format, level"),
    ],
)
async def test_a_setting_that_makes_no_sense(
    tmp_path: Path, certificates: CertificateFolder, section: str, key: str, value: object, problem: str
) -> None:
    setup.write(tmp_path / "config", certificates, 9, **{section: {key: value}})

    ended = await ours(tmp_path, "check")

    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1
    assert ended.err.endswith(f": {section}.{key}: {problem}\n")


async def test_a_limit_for_an_asid_that_nobody_has(tmp_path: Path, certificates: CertificateFolder) -> None:
    setup.write(tmp_path / "config", certificates, 9, limits={"sender": {"asids": {"200000000999": 5}}})

    checked = await ours(tmp_path, "check")

    assert (checked.code, checked.out) == (2, "")
    assert checked.err.startswith("error: config/emulator.yaml:")
    assert checked.err.endswith(
        ": limits.sender.asids.200000000999: 200000000999 is the ASID of no system in the registry\n"
    )


async def test_a_revocation_list_that_is_a_pipe(tmp_path: Path, certificates: CertificateFolder) -> None:
    os.mkfifo(tmp_path / "pipe")
    path = setup.write(tmp_path / "config", certificates, 9)
    path.write_text(path.read_text().replace(f"crl: {certificates.crl}", "crl: ../pipe"))

    ended = await ours(tmp_path, "check")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: config/emulator.yaml:8: proxy.tls.crl: cannot read pipe: it should be a file\n"


@pytest.mark.parametrize(
    ("file", "put"),
    [
        ("registry", lambda data, secret: data["systems"][0].update(party_key=secret)),
        ("registry", lambda data, secret: data["systems"][0].update(fqdn=secret)),
        ("registry", lambda data, secret: data["systems"][0].update(sends=[secret])),
        ("registry", lambda data, secret: data["systems"][0].update({secret: "x"})),
        ("emulator", lambda data, secret: data["proxy"].update(listen=secret)),
        ("emulator", lambda data, secret: data["proxy"]["tls"].update(key=secret)),
        ("emulator", lambda data, secret: data.update(registry=secret)),
    ],
    ids=["party_key", "fqdn", "sends", "as a key", "proxy.listen", "proxy.tls.key", "registry"],
)
async def test_a_private_key_in_the_wrong_place_is_not_repeated(
    tmp_path: Path, certificates: CertificateFolder, file: str, put: Callable[[dict[str, Any], str], object]
) -> None:
    setup.write(tmp_path / "config", certificates, 9)
    path, secret = tmp_path / "config" / f"{file}.yaml", certificates.consumer.key.read_text()
    data = yaml.safe_load(path.read_text())
    put(data, secret)
    path.write_text(yaml.safe_dump(data, sort_keys=False))

    ended = await ours(tmp_path, "check")

    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert "a private key" in ended.err
    assert not any(line in ended.err for line in secret.splitlines())


@pytest.mark.parametrize("command", ["up", "check", "diagnose"])
async def test_an_environment_that_leads_nowhere(tmp_path: Path, command: str) -> None:
    setup.write(tmp_path / "config", CertificateFolder(tmp_path / "certs"), 9)
    called = ("env", "SSP_EMULATOR_ADMIN_URL=nonsense", sys.executable, "-m", "ssp_emulator", command)
    ended = await run(tmp_path, *called)

    said = "the environment variable SSP_EMULATOR_ADMIN_URL should be a URL with a port, as in"
    if command == "diagnose":
        assert ended.code == 1
        assert said in ended.out
    else:
        assert (ended.code, ended.out) == (2, "")
        assert ended.err == f"error: {said} \"http://127.0.0.1:8440\", found 'nonsense'\n"
    assert not (tmp_path / "certs").exists()


async def test_a_port_in_use(tmp_path: Path, certificates: CertificateFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        path = setup.write(tmp_path / "config", certificates, 9)
        settings = yaml.safe_load(path.read_text())
        settings["proxy"]["listen"] = f"127.0.0.1:{port}"
        path.write_text(yaml.safe_dump(settings, sort_keys=False))

        ended = await ours(tmp_path, "up")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"error: config/emulator.yaml:3: proxy.listen: 127.0.0.1:{port} "
        "is in use; stop what listens there, or name another port\n"
    )
    assert not (tmp_path / "config" / "audit").exists()


@pytest.mark.parametrize("command", [["up"], ["check"], ["token"], ["send", "x"], ["audit", "list"], ["demo"]])
async def test_a_configuration_that_is_not_there(tmp_path: Path, command: list[str]) -> None:
    ended = await ours(tmp_path, *command)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: config/emulator.yaml: cannot be read: no such file or directory\n"


async def test_a_key_that_belongs_to_another_certificate(tmp_path: Path, certificates: CertificateFolder) -> None:
    path = setup.write(tmp_path / "config", certificates, 9)
    settings = yaml.safe_load(path.read_text())
    settings["proxy"]["tls"]["key"] = str(certificates.consumer.key)
    path.write_text(yaml.safe_dump(settings, sort_keys=False))

    ended = await ours(tmp_path, "up")

    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1
    assert "proxy.tls: " in ended.err
    assert "is not the key of" in ended.err


async def test_a_journal_that_cannot_be_opened(tmp_path: Path, certificates: CertificateFolder) -> None:
    (tmp_path / "taken").write_text("a file, and no folder")
    setup.write(tmp_path / "config", certificates, 9, audit={"journal": "../taken/journal.jsonl"})

    ended = await ours(tmp_path, "up")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: the journal taken/journal.jsonl cannot be opened: ")
    assert len(ended.err.splitlines()) == 1


async def test_on_an_empty_folder_up_makes_the_certificates_and_serves(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "registry.yaml").write_text(yaml.safe_dump(setup.registry(9), sort_keys=False))
    (config / "emulator.yaml").write_text("proxy: {listen: '127.0.0.1:0'}\n")

    before = await ours(tmp_path, "check")
    async with started(tmp_path, "up") as emulator:
        ended = await emulator.end()

    assert before.code == 0
    assert "`ssp-emulator up` makes them" in before.out
    assert emulator.ready.startswith("Emulator ready: https://127.0.0.1:")
    assert ended.code == 0
    assert "Traceback" not in ended.err
    assert (tmp_path / "certs" / "consumer" / "consumer.p12").exists()


async def test_a_certificate_folder_of_ones_own_needs_only_what_tls_needs(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    shutil.copytree(certificates.root, tmp_path / "certs")
    own = CertificateFolder(tmp_path / "certs")
    (own.root / "ca" / "root.key").unlink()
    shutil.rmtree(own.root / "invalid")
    setup.write(tmp_path / "config", own, 9)

    checked = await ours(tmp_path, "check")
    async with started(tmp_path, "up") as emulator:
        ended = await emulator.end()

    assert (checked.code, ended.code) == (0, 0)


@pytest.mark.parametrize("command", ["up", "check"])
async def test_a_fault_rule_that_could_do_nothing(
    tmp_path: Path, certificates: CertificateFolder, command: str
) -> None:
    shutil.copytree(certificates.root, tmp_path / "certs")
    own = CertificateFolder(tmp_path / "certs")
    own.authority_sub.key.unlink()
    setup.write(
        tmp_path / "config",
        own,
        1,
        faults={"rules": [{"name": "late", "effect": {"kind": "server-certificate", "fault": "expired"}}]},
    )

    ended = await ours(tmp_path, command)

    assert (ended.code, ended.out) == (2, "")
    assert re.match(
        r"error: config/emulator\.yaml:\d+: faults\.rules\[0\]: late: server-certificate needs the emulated PKI",
        ended.err,
    )


async def test_the_trail_can_be_read_while_the_registry_is_in_pieces(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    setup.write(tmp_path / "config", certificates, 9)
    async with started(tmp_path, "up"):
        pass
    (tmp_path / "config" / "registry.yaml").write_text("systems: [")

    listed = await ours(tmp_path, "audit", "list", "--json")

    assert (listed.code, json.loads(listed.out)["exchanges"]) == (0, [])
