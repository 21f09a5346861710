from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ssp_emulator.cli.certs import certs
from ssp_emulator.pki.files import read_certificates
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.listing import list_leaves


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(certs, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> CertificateFolder:
    folder = CertificateFolder(tmp_path_factory.mktemp("cli") / "certs")
    assert run("init", "--certs", folder.root).exit_code == 0
    return folder


@pytest.fixture
def own(shared: CertificateFolder, tmp_path: Path) -> CertificateFolder:
    shutil.copytree(shared.root, tmp_path / "certs")
    return CertificateFolder(tmp_path / "certs")


def test_init_makes_the_default_folder_and_says_what_to_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("init")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "Made 25 files in certs.",
        "A peer has to trust certs/ca/chain.pem.",
        "The consumer's keystore is certs/consumer/consumer.p12, its password changeit.",
    ]
    assert all(path.is_file() for path in CertificateFolder(Path("certs")).files)


def test_init_replaces_by_force_only(own: CertificateFolder) -> None:
    before = own.chain.read_bytes()
    refused = run("init", "--certs", own.root)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "would be overwritten, `certs init --force` replaces" in refused.stderr
    assert own.chain.read_bytes() == before
    assert run("init", "--certs", own.root, "--force").exit_code == 0
    assert own.chain.read_bytes() != before


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("consumer", ["lab.test.crt", "lab.test.key", "lab.test.p12"]),
        ("provider", ["lab.test.crt", "lab.test.key"]),
        ("ssp", ["lab.test-server.crt", "lab.test-server.key", "lab.test-client.crt", "lab.test-client.key"]),
    ],
)
def test_issue_says_each_file_it_wrote(role: str, names: list[str], own: CertificateFolder) -> None:
    result = run("issue", "--fqdn", "lab.test", "--role", role, "--certs", own.root)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [f"Wrote {own.root / role / name}." for name in names]
    assert all((own.root / role / name).is_file() for name in names)


def test_issue_takes_a_lifetime_in_days(own: CertificateFolder) -> None:
    result = run("issue", "--fqdn", "lab.test", "--role", "provider", "--days", "3", "--certs", own.root)
    assert result.exit_code == 0
    end = read_certificates(own.root / "provider" / "lab.test.crt")[0].not_valid_after_utc
    assert abs(end - datetime.now(UTC) - timedelta(days=3)) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["issue", "--fqdn", "../x", "--role", "consumer"], "error: the FQDN '../x' has the label ''"),
        (["issue", "--fqdn", "*.x", "--role", "consumer"], "error: the FQDN '*.x' has a wildcard"),
        (["issue", "--fqdn", "consumer", "--role", "consumer"], "consumer.crt is there already, --force"),
        (["issue", "--fqdn", "x", "--role", "ssp", "--days", "7310"], "would outlive the SubCA"),
        (["issue", "--fqdn", "x", "--role", "ssp", "--days", "0"], "'--days': 0 is not in the range"),
        (["issue", "--fqdn", "x", "--role", "ssp", "--days", "9999999999"], "is not in the range"),
        (["issue", "--fqdn", "x", "--role", "patient"], "'patient' is not one of"),
        (["issue", "--role", "ssp"], "Missing option '--fqdn'"),
        (["revoke", "nonsense"], "error: 'nonsense' is neither a certificate's file nor a serial number"),
        (["revoke", "ABCDEF"], "the SubCA issued has the serial ABCDEF"),
    ],
)
def test_a_wrong_argument_ends_with_2_and_its_reason(
    arguments: list[str], reason: str, shared: CertificateFolder
) -> None:
    result = run(*arguments, "--certs", shared.root)
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["issue", "--fqdn", "x", "--role", "consumer"], ["revoke", "ABCDEF"], ["list"], ["list", "--json"]],
)
def test_without_a_pki_a_command_names_the_one_that_makes_it(arguments: list[str], tmp_path: Path) -> None:
    result = run(*arguments, "--certs", tmp_path / "none")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"error: there is no PKI in {tmp_path / 'none'}, `certs init` makes one\n"


def test_a_folder_that_cannot_be_made_ends_with_1_in_one_line() -> None:
    result = run("init", "--certs", "/dev/null/certs")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: /dev/null/certs: Not a directory\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_ends_with_1_in_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    result = run("init", "--certs", tmp_path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"error: {tmp_path / '.lock'}: Permission denied\n"


def test_revoke_shows_in_the_list_and_says_when_it_was_so_already(own: CertificateFolder) -> None:
    first = run("revoke", own.consumer.certificate, "--certs", own.root)
    serial = next(
        leaf.serial
        for leaf in list_leaves(own, now=datetime.now(UTC))
        if leaf.path == "consumer/consumer.crt" and leaf.status == "revoked"
    )
    assert (first.exit_code, first.stdout) == (0, f"Revoked serial {serial}; {own.crl} is now number 2.\n")
    again = run("revoke", serial, "--certs", own.root)
    assert (again.exit_code, again.stdout) == (
        0,
        f"Serial {serial} was revoked already; {own.crl} is as it was.\n",
    )


_STATUSES = {
    "ssp/client.crt": "valid",
    "ssp/server.crt": "valid",
    "consumer/consumer.crt": "valid",
    "provider/provider.crt": "valid",
    "invalid/expired.crt": "expired",
    "invalid/not-yet-valid.crt": "not yet valid",
    "invalid/revoked.crt": "revoked",
    "invalid/untrusted.crt": "untrusted",
    "invalid/wrong-fqdn.crt": "valid",
}


def test_list_as_json_is_for_programs(shared: CertificateFolder) -> None:
    result = run("list", "--json", "--certs", shared.root)
    leaves = json.loads(result.stdout)
    assert {leaf["path"]: leaf["status"] for leaf in leaves} == _STATUSES
    server = next(leaf for leaf in leaves if leaf["path"] == "ssp/server.crt")
    certificate = read_certificates(shared.ssp_server.certificate)[0]
    assert server == {
        "path": "ssp/server.crt",
        "common_name": "ssp.example.nhs.uk",
        "names": ["ssp.example.nhs.uk", "localhost", "127.0.0.1", "::1"],
        "purposes": ["server"],
        "serial": server["serial"],
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "status": "valid",
    }
    assert int(server["serial"], 16) == certificate.serial_number


def test_list_is_a_table_for_people_without_colours_in_a_pipe(shared: CertificateFolder) -> None:
    result = run("list", "--certs", shared.root)
    heading, *rows = result.stdout.splitlines()
    assert heading.split() == ["status", "file", "purpose", "from", "until", "serial", "names"]
    assert "\x1b" not in result.stdout
    for row, (path, status) in zip(rows, _STATUSES.items(), strict=True):
        assert row.startswith(status)
        assert f" {path} " in row


def test_no_command_prints_a_private_key(own: CertificateFolder) -> None:
    secret = own.consumer.key.read_text().splitlines()[1]
    for arguments in (["list"], ["list", "--json"], ["revoke", str(own.consumer.key)]):
        result = run(*arguments, "--certs", own.root)
        assert "PRIVATE KEY" not in result.output
        assert secret not in result.output
