"""One PKI for all tests of the room, as making its keys takes a second; tests that change it take a copy."""

from __future__ import annotations

import itertools
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_crl
from OpenSSL import crypto

from ssp_emulator.pki import authority
from ssp_emulator.pki.files import read_certificates
from ssp_emulator.pki.folder import CertificateFolder, KeyPair
from ssp_emulator.pki.initialising import initialise
from ssp_emulator.pki.names import Names

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate


class Refusal(Protocol):
    def __call__(self, folder: CertificateFolder, pair: KeyPair, *, at: datetime = ...) -> str | None: ...


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> CertificateFolder:
    """A whole PKI, made at `now`, that no test may change."""
    folder = CertificateFolder(tmp_path_factory.mktemp("pki") / "certs")
    initialise(folder, Names(), now=now)
    return folder


@pytest.fixture
def own(shared: CertificateFolder, tmp_path: Path) -> CertificateFolder:
    """A copy of the shared PKI, to change at will."""
    shutil.copytree(shared.root, tmp_path / "certs")
    return CertificateFolder(tmp_path / "certs")


@pytest.fixture(scope="session")
def used_keys(shared: CertificateFolder) -> list[PrivateKeyTypes]:
    files = [path for path in shared.files if path.suffix == ".key"]
    return [load_pem_private_key(path.read_bytes(), None) for path in files]


@pytest.fixture
def quick_keys(used_keys: list[PrivateKeyTypes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the authority take its new keys from the shared PKI, for tests that are not about keys."""
    keys = itertools.cycle(used_keys)
    monkeypatch.setattr(authority, "_new_key", lambda: next(keys))


@pytest.fixture(scope="session")
def refusal(now: datetime) -> Refusal:
    """Ask OpenSSL, which trusts the Root CA only, what it has against a leaf's file under the folder's CRL."""

    def refusal(folder: CertificateFolder, pair: KeyPair, *, at: datetime = now) -> str | None:
        def foreign(certificate: Certificate) -> crypto.X509:
            return crypto.X509.from_cryptography(certificate)

        leaf, *above = read_certificates(pair.certificate)
        store = crypto.X509Store()
        store.add_cert(foreign(read_certificates(folder.authority_root.certificate)[0]))
        store.add_crl(load_pem_x509_crl(folder.crl.read_bytes()))
        store.set_flags(crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.X509_STRICT)
        store.set_time(at)
        context = crypto.X509StoreContext(store, foreign(leaf), [foreign(authority) for authority in above])
        try:
            context.verify_certificate()
        except crypto.X509StoreContextError as error:
            return str(error)
        return None

    return refusal
