"""Certificate files that do not belong together are not put in force while the emulator serves."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from ssp_emulator.pki.authority import LOCAL_NAMES, Purpose, issue_leaf, make_crl
from ssp_emulator.pki.files import read_authority, write_crl, write_identity
from ssp_emulator.pki.initialising import initialise
from ssp_emulator.pki.names import Names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.running import Running

    from ssp_emulator.pki.folder import CertificateFolder

NOW, DAY = datetime.now(UTC).replace(microsecond=0), timedelta(days=1)


@pytest.fixture
def foreign(tmp_path: Path, own_certificates: CertificateFolder) -> CertificateFolder:
    """The PKI of another authority."""
    folder = type(own_certificates)(tmp_path / "foreign")
    initialise(folder, Names(), now=NOW)
    return folder


def of_a_foreign_authority(own: CertificateFolder, foreign: CertificateFolder) -> None:
    shutil.copy(foreign.chain, own.chain)


def with_a_foreign_list(own: CertificateFolder, foreign: CertificateFolder) -> None:
    shutil.copy(foreign.crl, own.crl)


def expired(own: CertificateFolder, _: CertificateFolder) -> None:
    sub = read_authority(own)
    for pair, purpose in ((own.ssp_server, Purpose.SERVER), (own.ssp_client, Purpose.CLIENT)):
        leaf = issue_leaf(
            sub, "ssp.example.nhs.uk", purpose, not_before=NOW - 9 * DAY, not_after=NOW - DAY, also=LOCAL_NAMES
        )
        write_identity(pair, leaf, (sub.certificate,))


@pytest.mark.parametrize(
    ("spoil", "problem", "parts"),
    [
        (of_a_foreign_authority, "expected an authority of", {"consumers", "providers"}),
        (with_a_foreign_list, "has a revocation list that no authority of", {"consumers"}),
        (expired, "ended on", {"consumers", "providers"}),
    ],
)
async def test_a_set_that_does_not_belong_together_is_reported_and_the_old_one_stays_in_force(
    asked_only: Running,
    own_certificates: CertificateFolder,
    foreign: CertificateFolder,
    certificates: CertificateFolder,
    spoil: Callable[[CertificateFolder, CertificateFolder], None],
    problem: str,
    parts: set[str],
) -> None:
    spoil(own_certificates, foreign)
    with capture_logs() as logs:
        await asked_only.emulator.reload()
    reports = [entry for entry in logs if entry["event"].startswith("not reloaded")]
    assert {entry["part"].rpartition(" ")[2] for entry in reports} == parts
    assert all("emulator.yaml:" in entry["problem"] for entry in reports)
    assert problem in reports[0]["problem"]
    asked_only.certificates = certificates  # what the consumer trusts, and shows
    assert (await asked_only.ask()).status == 200


async def test_a_list_that_should_have_been_replaced_is_put_in_force_with_a_warning(
    asked_only: Running, own_certificates: CertificateFolder
) -> None:
    write_crl(own_certificates.crl, make_crl(read_authority(own_certificates), [], number=2, now=NOW - 6 * 365 * DAY))
    with capture_logs() as logs:
        await asked_only.emulator.reload()

    (warned,) = [entry for entry in logs if entry["event"] == "a certificate file needs care"]
    assert (warned["log_level"], warned["key"]) == ("warning", "proxy.tls.crl")
    assert not [entry for entry in logs if entry["event"].startswith("not reloaded")]
    assert (await asked_only.ask()).status == 200
