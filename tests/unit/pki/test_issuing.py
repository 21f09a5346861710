from __future__ import annotations

import ssl
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from ssp_emulator.pki.authority import Role
from ssp_emulator.pki.errors import PkiError
from ssp_emulator.pki.files import read_certificates
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.issuing import issue
from ssp_emulator.pki.listing import list_leaves

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

_FQDN = "lab.example.nhs.uk"
_LOCAL = ("localhost", "127.0.0.1", "::1")

pytestmark = pytest.mark.usefixtures("quick_keys")


@pytest.mark.parametrize(
    ("role", "files", "leaves"),
    [
        (
            Role.CONSUMER,
            {f"{_FQDN}.crt", f"{_FQDN}.key", f"{_FQDN}.p12"},
            {f"consumer/{_FQDN}.crt": (("client",), (_FQDN,))},
        ),
        (
            Role.PROVIDER,
            {f"{_FQDN}.crt", f"{_FQDN}.key"},
            {f"provider/{_FQDN}.crt": (("server",), (_FQDN,))},
        ),
        (
            Role.SSP,
            {f"{_FQDN}-server.crt", f"{_FQDN}-server.key", f"{_FQDN}-client.crt", f"{_FQDN}-client.key"},
            {
                f"ssp/{_FQDN}-server.crt": (("server",), (_FQDN, *_LOCAL)),
                f"ssp/{_FQDN}-client.crt": (("client",), (_FQDN,)),
            },
        ),
    ],
)
def test_each_role_gets_its_files_for_its_purposes(
    role: Role,
    files: set[str],
    leaves: dict[str, tuple[tuple[str, ...], tuple[str, ...]]],
    own: CertificateFolder,
    now: datetime,
    refusal: Callable[..., str | None],
) -> None:
    written = issue(own, _FQDN, role, now=now)
    assert set(written) == {own.root / role.value / name for name in files}
    found = {leaf.path: (leaf.purposes, leaf.names) for leaf in list_leaves(own, now=now) if leaf.common_name == _FQDN}
    assert found == leaves
    for path in written:
        assert path.stat().st_mode & 0o777 == (0o644 if path.suffix == ".crt" else 0o600)
        if path.suffix == ".key":
            pair = own.issued(role, path.stem)
            assert refusal(own, pair) is None
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(pair.certificate, pair.key)


def test_a_consumers_keystore_holds_its_own_certificate(own: CertificateFolder, now: datetime) -> None:
    issue(own, _FQDN, Role.CONSUMER, now=now)
    pair = own.issued(Role.CONSUMER, _FQDN)
    store = pkcs12.load_pkcs12(pair.keystore.read_bytes(), b"changeit")
    assert store.cert is not None
    assert store.cert.certificate == read_certificates(pair.certificate)[0]
    assert len(store.additional_certs) == 2


def test_a_lifetime_counts_from_now(own: CertificateFolder, now: datetime) -> None:
    issue(own, _FQDN, Role.PROVIDER, now=now, lifetime=timedelta(days=3))
    leaf = read_certificates(own.issued(Role.PROVIDER, _FQDN).certificate)[0]
    second = now.replace(microsecond=0)
    assert leaf.not_valid_before_utc == second - timedelta(days=1)
    assert leaf.not_valid_after_utc == second + timedelta(days=3)


def test_a_leaf_cannot_outlive_its_authority(own: CertificateFolder, now: datetime) -> None:
    with pytest.raises(PkiError, match=r"would outlive the SubCA, which ends on 2046-03-04; ask for fewer --days"):
        issue(own, _FQDN, Role.PROVIDER, now=now, lifetime=timedelta(days=21 * 365))
    assert not own.issued(Role.PROVIDER, _FQDN).key.exists()


@pytest.mark.parametrize("ending", [".crt", ".key", ".p12"])
def test_what_is_there_is_replaced_by_force_only(ending: str, own: CertificateFolder, now: datetime) -> None:
    path = own.root / "consumer" / f"{_FQDN}{ending}"
    path.write_text("mine")
    with pytest.raises(PkiError, match=rf"{ending} is there already, --force replaces it"):
        issue(own, _FQDN, Role.CONSUMER, now=now)
    assert path.read_text() == "mine"
    assert len(list(path.parent.glob(f"{_FQDN}*"))) == 1
    issue(own, _FQDN, Role.CONSUMER, now=now, force=True)
    assert path.read_bytes() != b"mine"


@pytest.mark.parametrize("fqdn", ["../../escape", "/etc/escape", "a/../../escape", "*.nhs.uk"])
def test_a_name_cannot_leave_the_folder(fqdn: str, own: CertificateFolder, now: datetime) -> None:
    before = set(own.root.parent.rglob("*"))
    with pytest.raises(PkiError, match="the FQDN"):
        issue(own, fqdn, Role.CONSUMER, now=now)
    assert set(own.root.parent.rglob("*")) == before


def test_a_long_name_is_issued_without_a_cn(own: CertificateFolder, now: datetime) -> None:
    name = ".".join(["a" * 60] * 4)
    issue(own, name, Role.PROVIDER, now=now)
    found = [leaf for leaf in list_leaves(own, now=now) if leaf.names == (name,)]
    assert [(leaf.common_name, leaf.status.value) for leaf in found] == [(None, "valid")]


def test_there_has_to_be_a_pki(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(PkiError, match=r"there is no PKI in .*nowhere, `certs init` makes one"):
        issue(CertificateFolder(tmp_path / "nowhere"), _FQDN, Role.CONSUMER, now=now)
    assert list(tmp_path.iterdir()) == []


def test_the_subca_needs_its_key(own: CertificateFolder, now: datetime) -> None:
    own.authority_sub.key.unlink()
    with pytest.raises(PkiError, match=r"ca/sub\.key is missing"):
        issue(own, _FQDN, Role.CONSUMER, now=now)
