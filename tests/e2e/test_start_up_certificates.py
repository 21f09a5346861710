"""Certificates at start-up that do not belong together, or are not of today: which, by whom, what to do, and exit 2."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from support import setup
from support.processes import ours, started

from ssp_emulator.pki.authority import LOCAL_NAMES, Purpose, issue_leaf, make_crl
from ssp_emulator.pki.consistency import ANEW, who
from ssp_emulator.pki.files import read_authority, read_certificates, write_crl, write_identity
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.initialising import initialise
from ssp_emulator.pki.names import Names

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.pki.folder import KeyPair

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)
CLOCK = "put a valid one there, or set this machine's clock right"
SUB = "NHS Level 1D - SubCA - Emulated"


@pytest.fixture
def own(certificates: CertificateFolder, tmp_path: Path) -> CertificateFolder:
    """A PKI that the test may change."""
    shutil.copytree(certificates.root, tmp_path / "certs")
    return CertificateFolder(tmp_path / "certs")


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> CertificateFolder:
    """The PKI of another authority, which bears the same names."""
    folder = CertificateFolder(tmp_path_factory.mktemp("foreign") / "certs")
    initialise(folder, Names(), now=datetime.now(UTC))
    return folder


async def refused(folder: Path, *command: str) -> list[str]:
    """Return what a start says that is refused, each line as `key: …`."""
    ended = await ours(folder, *command)
    assert (ended.code, ended.out) == (2, ""), ended
    lines = ended.err.splitlines()
    assert all(line.startswith("error: ") for line in lines), lines
    return [re.sub(r"^error: (config/emulator\.yaml:\d+: )?", "", line) for line in lines]


def reissue(folder: CertificateFolder, pair: KeyPair, purpose: Purpose, begin: datetime, end: datetime) -> None:
    sub = read_authority(folder)
    leaf = issue_leaf(sub, "ssp.example.nhs.uk", purpose, not_before=begin, not_after=end, also=LOCAL_NAMES)
    write_identity(pair, leaf, (sub.certificate,))


def named(folder: CertificateFolder) -> str:
    return " or ".join(map(who, read_certificates(folder.chain)))


def sub_of(folder: CertificateFolder) -> str:
    return who(read_certificates(folder.authority_sub.certificate)[0])


@pytest.mark.parametrize("command", ["up", "check"])
async def test_a_foreign_authority_that_everyone_is_told_to_trust(
    tmp_path: Path, own: CertificateFolder, foreign: CertificateFolder, command: str
) -> None:
    shutil.copy(foreign.chain, own.chain)
    setup.write(tmp_path / "config", own, 9)

    said = await refused(tmp_path, command)

    by = f"is issued by {sub_of(own)}, expected an authority of {own.chain}: {named(foreign)}; {ANEW}"
    listed = (
        f"proxy.tls.crl: {own.crl} has a revocation list that no authority of {own.chain} has signed: it names "
        f"'{SUB}' as its issuer, expected {named(foreign)}; {ANEW}"
    )
    expected = [
        f"proxy.tls.certificate: {own.ssp_server.certificate} {by}",
        listed,
        f"providers.tls.certificate: {own.ssp_client.certificate} {by}",
    ]
    assert said == (expected if command == "check" else expected[:2])
    assert not (tmp_path / "config" / "audit").exists()


@pytest.mark.parametrize("side", ["proxy", "providers"])
async def test_a_certificate_of_a_foreign_authority(
    tmp_path: Path, own: CertificateFolder, foreign: CertificateFolder, side: str
) -> None:
    ours_, theirs = (own.ssp_server, foreign.ssp_server) if side == "proxy" else (own.ssp_client, foreign.ssp_client)
    shutil.copy(theirs.certificate, ours_.certificate)
    shutil.copy(theirs.key, ours_.key)
    setup.write(tmp_path / "config", own, 9)

    first, second = await refused(tmp_path, "up")

    by = f"{side}.tls.certificate: {ours_.certificate} is issued by {sub_of(foreign)}"
    assert first == f"{by}, expected an authority of {own.chain}: {named(own)}; {ANEW}"
    assert second == f"{by}, but {own.authority_sub.certificate} is {sub_of(own)}; {ANEW}"


async def test_a_foreign_authority_that_would_issue_what_nobody_trusts(
    tmp_path: Path, own: CertificateFolder, foreign: CertificateFolder
) -> None:
    shutil.copy(foreign.authority_sub.certificate, own.authority_sub.certificate)
    shutil.copy(foreign.authority_sub.key, own.authority_sub.key)
    setup.write(tmp_path / "config", own, 9)

    (said,) = await refused(tmp_path, "up")

    assert said == (
        f"proxy.tls.certificate: {own.ssp_server.certificate} is issued by {sub_of_server(own)}, "
        f"but {own.authority_sub.certificate} is {sub_of(foreign)}; {ANEW}"
    )


def sub_of_server(folder: CertificateFolder) -> str:
    return who(read_certificates(folder.ssp_server.certificate)[1])


async def test_an_authoritys_key_that_is_anothers(
    tmp_path: Path, own: CertificateFolder, foreign: CertificateFolder
) -> None:
    shutil.copy(foreign.authority_sub.key, own.authority_sub.key)
    setup.write(tmp_path / "config", own, 9)

    sub = own.authority_sub
    assert await refused(tmp_path, "up") == [
        f"proxy.tls.certificate: {sub.key} is not the key of {sub.certificate}; {ANEW}"
    ]


async def test_a_revocation_list_of_a_foreign_authority(
    tmp_path: Path, own: CertificateFolder, foreign: CertificateFolder
) -> None:
    shutil.copy(foreign.crl, own.crl)
    setup.write(tmp_path / "config", own, 9)

    (said,) = await refused(tmp_path, "up")

    assert said.startswith(f"proxy.tls.crl: {own.crl} has a revocation list that no authority of {own.chain} has ")
    assert said.endswith(f"expected {named(own)}; {ANEW}")


async def test_a_provider_with_a_certificate_of_a_foreign_authority(
    tmp_path: Path, own: CertificateFolder, foreign: CertificateFolder
) -> None:
    shutil.copy(foreign.chain, own.chain)

    (said,) = await refused(tmp_path, "provider", "--port", "0")

    assert said == (
        f"certs/provider/provider.crt is issued by {sub_of(own)}, "
        f"expected an authority of certs/ca/chain.pem: {named(foreign)}; {ANEW}"
    )


@pytest.mark.parametrize("command", ["up", "check"])
@pytest.mark.parametrize(
    ("begin", "end", "why"),
    [
        (NOW - 9 * DAY, NOW - DAY, f"ended on {NOW - DAY:%Y-%m-%d %H:%M:%S} UTC"),
        (NOW + DAY, NOW + 9 * DAY, f"is not valid before {NOW + DAY:%Y-%m-%d %H:%M:%S} UTC"),
    ],
    ids=["expired", "not yet valid"],
)
@pytest.mark.parametrize("side", ["proxy", "providers"])
async def test_a_certificate_that_is_not_of_today(
    tmp_path: Path, own: CertificateFolder, command: str, begin: datetime, end: datetime, why: str, side: str
) -> None:
    pair = own.ssp_server if side == "proxy" else own.ssp_client
    reissue(own, pair, Purpose.SERVER if side == "proxy" else Purpose.CLIENT, begin, end)
    setup.write(tmp_path / "config", own, 9)

    assert await refused(tmp_path, command) == [f"{side}.tls.certificate: {pair.certificate} {why}; {CLOCK}"]


async def test_a_provider_with_a_certificate_that_has_ended(tmp_path: Path, own: CertificateFolder) -> None:
    reissue(own, own.provider, Purpose.SERVER, NOW - 9 * DAY, NOW - DAY)

    said = await refused(tmp_path, "provider", "--port", "0")

    assert said == [f"certs/provider/provider.crt ended on {NOW - DAY:%Y-%m-%d %H:%M:%S} UTC; {CLOCK}"]


async def test_a_key_of_another_certificate(tmp_path: Path, own: CertificateFolder) -> None:
    shutil.copy(own.consumer.key, own.ssp_client.key)
    setup.write(tmp_path / "config", own, 9)

    pair = own.ssp_client
    said = f"providers.tls: {pair.certificate} and {pair.key} are not a certificate and its key, in PEM"
    assert await refused(tmp_path, "up") == [said]


async def test_a_revocation_list_that_should_have_been_replaced_is_warned_of_and_does_not_stop(
    tmp_path: Path, own: CertificateFolder
) -> None:
    long_ago = NOW - timedelta(days=6 * 365)
    write_crl(own.crl, make_crl(read_authority(own), [], number=2, now=long_ago))
    setup.write(tmp_path / "config", own, 9)

    async with started(tmp_path, "up") as emulator:
        ended = await emulator.end()

    assert ended.code == 0
    assert "a certificate file needs care" in ended.err
    assert f"the revocation list of '{SUB}' should have been replaced by" in ended.err


async def test_a_fault_rule_that_shows_a_bad_certificate_does_not_make_ours_bad(
    tmp_path: Path, own: CertificateFolder
) -> None:
    effects = [{"kind": "server-certificate", "fault": fault} for fault in ("expired", "untrusted")]
    rules = [{"name": each["fault"], "effect": each} for each in effects]
    setup.write(tmp_path / "config", own, 9, faults={"rules": rules})

    async with started(tmp_path, "up") as emulator:
        ended = await emulator.end()

    assert (ended.code, "needs care" in ended.err) == (0, False)
