"""`ssp-emulator certs`: making the PKI, issuing, revoking and listing."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from ssp_emulator.cli import options
from ssp_emulator.cli.output import BAD_USAGE, fail, print_json, show
from ssp_emulator.clock import SystemClock
from ssp_emulator.pki.authority import LEAF_LIFETIME, Role
from ssp_emulator.pki.errors import PkiError
from ssp_emulator.pki.files import KEYSTORE_PASSWORD
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.initialising import initialise
from ssp_emulator.pki.issuing import issue
from ssp_emulator.pki.listing import Leaf, Status, list_leaves
from ssp_emulator.pki.names import Names
from ssp_emulator.pki.revocation import revoke

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

_MOST_DAYS = 20 * 366
_TABLE_WIDTH = 200
_STYLES = {Status.VALID: "green", Status.NOT_YET_VALID: "yellow"}


@click.group()
def certs() -> None:
    """Make, issue, revoke and list the certificates of the emulated Spine."""


@certs.command("init")
@options.certificate_folder
@click.option("--force", is_flag=True, help="Replace the whole PKI; certificates issued from it become untrusted.")
def init_command(root: Path, *, force: bool) -> None:
    """Make the Root CA, the SubCA, everybody's certificates and the invalid ones."""
    with _errors_reported():
        files = initialise(CertificateFolder(root), Names(), now=_now(), force=force)
    folder = CertificateFolder(root)
    click.echo(f"Made {len(files)} files in {root}.")
    click.echo(f"A peer has to trust {folder.chain}.")
    click.echo(f"The consumer's keystore is {folder.consumer.keystore}, its password {KEYSTORE_PASSWORD}.")


@certs.command("issue")
@click.option("--fqdn", required=True, metavar="F", help="The host's name that the certificate is for.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@options.certificate_folder
@click.option(
    "--days",
    type=click.IntRange(1, _MOST_DAYS),
    default=LEAF_LIFETIME.days,
    show_default=True,
    metavar="N",
    help="How long the certificate is valid.",
)
@click.option("--force", is_flag=True, help="Replace a certificate that is there.")
def issue_command(fqdn: str, role: str, root: Path, days: int, *, force: bool) -> None:
    """Issue a certificate; for an SSP two, as it is a server to consumers and a client to providers."""
    with _errors_reported():
        files = issue(CertificateFolder(root), fqdn, Role(role), now=_now(), lifetime=timedelta(days=days), force=force)
    for path in files:
        click.echo(f"Wrote {path}.")


@certs.command("revoke")
@click.argument("what", metavar="SERIAL|FILE")
@options.certificate_folder
def revoke_command(what: str, root: Path) -> None:
    """Enter a certificate into the revocation list, by its file or its serial number."""
    folder = CertificateFolder(root)
    with _errors_reported():
        revocation = revoke(folder, what, now=_now())
    if revocation.was_revoked:
        click.echo(f"Serial {revocation.serial} was revoked already; {folder.crl} is as it was.")
    else:
        click.echo(f"Revoked serial {revocation.serial}; {folder.crl} is now number {revocation.crl_number}.")


@certs.command("list")
@options.certificate_folder
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_command(root: Path, *, as_json: bool) -> None:
    """List every certificate that was issued, with its status."""
    with _errors_reported():
        leaves = list_leaves(CertificateFolder(root), now=_now())
    if as_json:
        print_json([_as_json(leaf) for leaf in leaves])
    else:
        # Serials are there to be copied, so no row is folded cell by cell.
        show(_as_table(leaves), at_least=_TABLE_WIDTH)


def _now() -> datetime:
    return SystemClock().now()


@contextmanager
def _errors_reported() -> Iterator[None]:
    try:
        yield
    except PkiError as error:
        fail(str(error), code=BAD_USAGE)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _as_json(leaf: Leaf) -> dict[str, Any]:
    return {
        "path": leaf.path,
        "common_name": leaf.common_name,
        "names": list(leaf.names),
        "purposes": list(leaf.purposes),
        "serial": leaf.serial,
        "not_before": leaf.not_before.isoformat(),
        "not_after": leaf.not_after.isoformat(),
        "status": leaf.status.value,
    }


def _as_table(leaves: tuple[Leaf, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("status", "file", "purpose", "from", "until", "serial", "names"):
        table.add_column(heading, overflow="fold")
    for leaf in leaves:
        table.add_row(
            Text(leaf.status.value, _STYLES.get(leaf.status, "red")),
            leaf.path,
            ", ".join(leaf.purposes),
            f"{leaf.not_before:%Y-%m-%d}",
            f"{leaf.not_after:%Y-%m-%d}",
            leaf.serial,
            ", ".join(leaf.names),
        )
    return table
