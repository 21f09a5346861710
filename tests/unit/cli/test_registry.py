"""`registry`: what goes where, and what is said when it cannot."""

from __future__ import annotations

import sys
from importlib import resources
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner, Result
from support import setup

from ssp_emulator.cli.registry import registry
from ssp_emulator.directory.sds import entries
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder

SCHEMA = (resources.files("ssp_emulator.directory.sds") / "sds.schema").read_text()


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(registry, [str(argument) for argument in arguments])


@pytest.fixture
def config(tmp_path: Path, certificates: CertificateFolder) -> Path:
    return setup.write(tmp_path, certificates, 9443)


def test_the_directory_goes_to_standard_output(config: Path) -> None:
    done = run("ldif", "--config", config)

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "".join(entries.ldif(read_plan(config).registry.directory))
    assert done.stdout.startswith("version: 1\ndn: o=nhs\n")


@pytest.mark.parametrize("command", ["ldif", "ldap-schema"])
def test_where_standard_output_is_closed_nobody_is_told(
    config: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(sys, "stdout", None)  # as Python has it then

    registry.main([command, *(("--config", str(config)) if command == "ldif" else ())], standalone_mode=False)


def test_the_directory_goes_into_a_file(config: Path, tmp_path: Path) -> None:
    output = tmp_path / "directory.ldif"

    done = run("ldif", "--config", config, "--output", output)

    assert (done.exit_code, done.output) == (0, "")
    assert output.read_bytes() == run("ldif", "--config", config).stdout_bytes


def test_a_registry_with_two_records_of_one_id_leaves_the_file_as_it_was(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "registry.yaml"
    data = yaml.safe_load(path.read_text())
    data["systems"][1]["endpoints"][0]["mhs_id"] = setup.CONSUMER
    path.write_text(yaml.safe_dump(data))
    output = tmp_path / "directory.ldif"
    output.write_text("as it was")

    done = run("ldif", "--config", config, "--output", output)

    assert isinstance(done.exception, entries.RepeatedIdError)
    assert output.read_text() == "as it was"


def test_a_file_that_cannot_be_written_is_named(config: Path, tmp_path: Path) -> None:
    done = run("ldif", "--config", config, "--output", tmp_path / "missing" / "directory.ldif")

    assert isinstance(done.exception, FileNotFoundError)
    assert done.exception.filename == str(tmp_path / "missing" / "directory.ldif")


def test_the_schema_in_both_forms(tmp_path: Path) -> None:
    output = tmp_path / "sds.schema"

    assert run("ldap-schema").stdout == SCHEMA
    assert run("ldap-schema", "--output", output).output == ""
    assert output.read_text() == SCHEMA
    assert run("ldap-schema", "--cn-config").stdout.startswith(
        "version: 1\ndn: cn=ssp-emulator,cn=schema,cn=config\nobjectClass: olcSchemaConfig\n"
    )
