"""Server certificates for fault rules: one thing wrong each, and nothing of them on the disk."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from ssp_emulator.pki.authority import LEAF_LIFETIME
from ssp_emulator.pki.errors import PkiError
from ssp_emulator.pki.faulty import FaultyServer, ServerFault, make_faulty_server
from ssp_emulator.pki.files import read_authority, read_certificates, read_crl, write_certificates

if TYPE_CHECKING:
    from ssp_emulator.pki.folder import CertificateFolder

FAULTS: tuple[ServerFault, ...] = get_args(ServerFault)


def made(folder: CertificateFolder, fault: ServerFault, now: datetime) -> FaultyServer:
    return make_faulty_server(folder, folder.ssp_server.certificate, fault, now=now)


def refusal(folder: CertificateFolder, faulty: FaultyServer, *, at: datetime) -> str | None:
    """Ask OpenSSL, which trusts the folder's Root CA and looks at its list, what it has against a certificate."""
    store = crypto.X509Store()
    store.add_cert(crypto.X509.from_cryptography(read_certificates(folder.authority_root.certificate)[0]))
    store.add_crl(read_crl(folder))
    store.set_flags(crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.X509_STRICT)
    store.set_time(at)
    leaf, *above = map(crypto.X509.from_cryptography, (faulty.identity.certificate, *faulty.above))
    try:
        crypto.X509StoreContext(store, leaf, above).verify_certificate()
    except crypto.X509StoreContextError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("expired", "certificate has expired"),
        ("not-yet-valid", "certificate is not yet valid"),
        ("wrong-host", None),
        ("untrusted", "unable to get local issuer certificate"),
        ("revoked", "certificate revoked"),
    ],
)
def test_openssl_finds_each_as_it_is_meant(
    shared: CertificateFolder, now: datetime, fault: ServerFault, expected: str | None
) -> None:
    found = refusal(shared, made(shared, fault, now), at=now)
    assert found is None if expected is None else (found or "").startswith(expected)


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_like_the_servers_own_but_for_its_key(
    shared: CertificateFolder, now: datetime, fault: ServerFault
) -> None:
    faulty = made(shared, fault, now)
    own, sub = read_certificates(shared.ssp_server.certificate)
    certificate = faulty.identity.certificate
    assert certificate.issuer == own.issuer
    assert (faulty.above == (sub,)) is (fault != "untrusted")
    assert (names(certificate) == names(own)) is (fault != "wrong-host")
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert certificate.public_key() == faulty.identity.key.public_key() != own.public_key()


def names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


@pytest.mark.usefixtures("quick_keys")
@pytest.mark.parametrize(
    ("moment", "midnight"),
    [
        (datetime(2026, 11, 22, 0, 0, 0, 1, tzinfo=UTC), "2026-11-22T00:00:00Z"),
        (datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), "2026-11-22T00:00:00Z"),
    ],
)
def test_an_expired_one_ended_at_the_last_midnight(shared: CertificateFolder, moment: datetime, midnight: str) -> None:
    faulty = made(shared, "expired", moment)
    assert faulty.identity.certificate.not_valid_after_utc == datetime.fromisoformat(midnight)
    assert faulty.words == f"a certificate that expired at {midnight}"


@pytest.mark.usefixtures("quick_keys")
def test_one_that_is_not_yet_valid_stays_so_for_years(shared: CertificateFolder, now: datetime) -> None:
    faulty = made(shared, "not-yet-valid", now)
    assert faulty.identity.certificate.not_valid_before_utc > now + timedelta(days=3650)
    assert faulty.words.endswith(f"{faulty.identity.certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}")


@pytest.mark.usefixtures("quick_keys")
@pytest.mark.parametrize("fault", ["not-yet-valid", "expired"])
def test_one_that_is_not_of_today_lasts_as_long_as_any_other(
    shared: CertificateFolder, now: datetime, fault: ServerFault
) -> None:
    certificate = made(shared, fault, now).identity.certificate
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == LEAF_LIFETIME


@pytest.mark.usefixtures("quick_keys")
def test_one_that_is_not_yet_valid_will_be(shared: CertificateFolder, now: datetime) -> None:
    certificate = made(shared, "not-yet-valid", now).identity.certificate
    begin = certificate.not_valid_before_utc
    assert (begin - now).days in range(3650, 3660)
    assert certificate.not_valid_after_utc > begin + timedelta(days=1)


@pytest.mark.usefixtures("quick_keys")
@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_written(own: CertificateFolder, now: datetime, fault: ServerFault) -> None:
    before = {path: path.read_bytes() for path in own.root.rglob("*") if path.is_file()}
    made(own, fault, now)
    assert {path: path.read_bytes() for path in own.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_certificate_from_elsewhere_has_none(
    own: CertificateFolder, now: datetime, fault: ServerFault
) -> None:
    shutil.copy(own.invalid("untrusted").certificate, own.ssp_server.certificate)
    with pytest.raises(PkiError, match=r"server\.crt was not issued by .*sub\.crt"):
        made(own, fault, now)


@pytest.mark.usefixtures("quick_keys")
def test_a_server_certificate_without_a_host_name_has_none(own: CertificateFolder, now: datetime) -> None:
    _nameless(own, now)
    with pytest.raises(PkiError, match=r"server\.crt bears no host name as a subject alternative name"):
        made(own, "expired", now)


def _nameless(folder: CertificateFolder, now: datetime) -> None:
    """Put a certificate in the server's place that the SubCA has issued to nobody in particular."""
    sub = read_authority(folder)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(sub.certificate.subject)
        .issuer_name(sub.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(sub.key, hashes.SHA256())
    )
    write_certificates(folder.ssp_server.certificate, (certificate,))
