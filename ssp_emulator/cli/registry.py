"""`ssp-emulator registry`: the registry in other forms."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib import resources
from io import StringIO
from typing import IO, TYPE_CHECKING

import click

from ssp_emulator.cli import options
from ssp_emulator.directory.sds import entries
from ssp_emulator.directory.sds.schema import for_cn_config
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCHEMA = resources.files("ssp_emulator.directory.sds") / "sds.schema"
_output = options.output("Where it goes; else to standard output.")


@click.group()
def registry() -> None:
    """The registry in other forms."""


@registry.command()
@_output
@options.config
def ldif(output: Path | None, config_path: Path) -> None:
    """Write the directory as LDIF, for an LDAP server that has the schema of `registry ldap-schema`."""
    pieces = entries.ldif(read_plan(config_path).registry.directory)
    with _written(output) as file:
        file.writelines(pieces)


@registry.command("ldap-schema")
@click.option("--cn-config", is_flag=True, help="As LDIF for a server with cn=config; else as slapd.conf includes it.")
@_output
def ldap_schema(output: Path | None, *, cn_config: bool) -> None:
    """Write the schema that OpenLDAP wants for the directory's records; core and cosine, its own, come before it."""
    schema = _SCHEMA.read_text(encoding="ascii")
    with _written(output) as file:
        file.write(for_cn_config(schema, "ssp-emulator") if cn_config else schema)


@contextmanager
def _written(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout or StringIO()  # where it is closed, nobody wants to read it
    else:
        with output.open("w", encoding="ascii", newline="\n") as file:
            yield file
