"""The certificate authority: a Root CA, a SubCA, the leaves it issues and its revocation list.

Everything here is a function of its arguments and fresh random keys; nothing reads a clock or a file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

AUTHORITY_LIFETIME = timedelta(days=20 * 365 + 5)
LEAF_LIFETIME = timedelta(days=5 * 365 + 1)
CRL_LIFETIME = timedelta(days=5 * 365 + 1)
CLOCK_SKEW = timedelta(days=1)

ROOT_NAME = "NHS Level 1D - Root Authority - Emulated"
SUB_NAME = "NHS Level 1D - SubCA - Emulated"

LOCAL_NAMES: tuple[x509.GeneralName, ...] = (
    x509.DNSName("localhost"),
    x509.IPAddress(IPv4Address("127.0.0.1")),
    x509.IPAddress(IPv6Address("::1")),
)

_KEY_BITS = 2048
_LONGEST_COMMON_NAME = 64


class Role(StrEnum):
    """Whom a certificate is for."""

    CONSUMER = "consumer"
    PROVIDER = "provider"
    SSP = "ssp"


class Purpose(Enum):
    """What a leaf may be used for: its one extended key usage.

    Source: RFC 5280, 4.2.1.12.
    """

    CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
    SERVER = ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True)
class Identity:
    """A certificate and its private key; the key stays out of `repr()`."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey = field(repr=False)


def make_root(now: datetime) -> Identity:
    """Make a self-signed Root CA that is valid for twenty years from a day before `now`, an aware UTC time.

    Source: RFC 5280, 4.2.1.9 (BasicConstraints) and 4.2.1.3 (keyCertSign, cRLSign).
    """
    key = _new_key()
    name = _subject(ROOT_NAME)
    builder = _builder(name, key.public_key(), now - CLOCK_SKEW, now + AUTHORITY_LIFETIME).issuer_name(name)
    return Identity(_as_authority(builder, path_length=1).sign(key, hashes.SHA256()), key)


def make_sub(root: Identity, now: datetime) -> Identity:
    """Make the SubCA under a root: it may issue leaves only, and ends when its root does.

    Takes `now` as an aware UTC time.

    Source: RFC 5280, 4.2.1.9 (pathLenConstraint).
    """
    key = _new_key()
    until = root.certificate.not_valid_after_utc
    builder = _builder(_subject(SUB_NAME), key.public_key(), now - CLOCK_SKEW, until)
    builder = _as_authority(_under(builder, root.certificate), path_length=0)
    return Identity(builder.sign(root.key, hashes.SHA256()), key)


def issue_leaf(
    sub: Identity,
    fqdn: str,
    purpose: Purpose,
    *,
    not_before: datetime,
    not_after: datetime,
    also: Iterable[x509.GeneralName] = (),
    serial: int | None = None,
) -> Identity:
    """Issue an end entity's certificate with a fresh key.

    Takes an FQDN that `valid_fqdn` has passed, and aware UTC times. The FQDN is the first dNSName and the CN; a name
    that is longer than a CN may be stands in the dNSName alone. `also` are further subject alternative names. Without a
    `serial` number it has a random one.

    Source: RFC 5280, 4.2.1.6 (subjectAltName), 4.2.1.12 (extKeyUsage), A.1 (ub-common-name is 64).
    """
    key = _new_key()
    subject = _subject(fqdn if len(fqdn) <= _LONGEST_COMMON_NAME else None)
    builder = (
        _under(_builder(subject, key.public_key(), not_before, not_after, serial), sub.certificate)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose.value]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(fqdn), *also]), critical=False)
    )
    return Identity(builder.sign(sub.key, hashes.SHA256()), key)


def reserved_serial(sub: x509.Certificate) -> int:
    """Return the serial number that a SubCA keeps for server certificates that are to be revoked from the first.

    It follows from the SubCA's key, so that nobody has to remember it, and no random one will ever be the same.

    Source: RFC 5280, 4.1.2.2 (positive, at most 20 octets).
    """
    identifier = _key_identifier_of(sub).key_identifier or b""
    digest = hashlib.sha256(b"ssp-emulator: revoked server certificate" + identifier).digest()
    return int.from_bytes(digest[:20]) >> 1 | 1


def revocation_entry(serial: int, now: datetime) -> x509.RevokedCertificate:
    """Make the entry of a CRL that revokes a serial number from `now`, an aware UTC time.

    Source: RFC 5280, 5.1.2.6.
    """
    return x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()


def make_crl(
    sub: Identity, entries: Sequence[x509.RevokedCertificate], *, number: int, now: datetime
) -> x509.CertificateRevocationList:
    """Make the SubCA's revocation list; `number` has to grow from one list to the next.

    Takes `now` as an aware UTC time. The list is current from a day before it and for five years after it, so that
    an emulator that nobody looks after does not start to refuse everyone.

    Source: RFC 5280, 5.1.2.4, 5.1.2.5 (thisUpdate, nextUpdate) and 5.2.3 (CRLNumber).
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(sub.certificate.subject)
        .last_update(now - CLOCK_SKEW)
        .next_update(now + CRL_LIFETIME)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_key_identifier_of(sub.certificate), critical=False)
    )
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(sub.key, hashes.SHA256())


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether an issuer's key has signed a certificate and their names agree; times are not looked at."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):  # names, key types, signatures
        return False
    return True


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)


def _subject(common_name: str | None) -> x509.Name:
    # The organisation is there in any case: RFC 5280, 4.1.2.6 wants a critical SAN where the subject is empty.
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "nhs")
    unit = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Emulated")
    if common_name is None:
        return x509.Name([organisation, unit])
    return x509.Name([organisation, unit, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name,
    public_key: rsa.RSAPublicKey,
    not_before: datetime,
    not_after: datetime,
    serial: int | None = None,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number() if serial is None else serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _under(builder: x509.CertificateBuilder, issuer: x509.Certificate) -> x509.CertificateBuilder:
    return builder.issuer_name(issuer.subject).add_extension(_key_identifier_of(issuer), critical=False)


def _as_authority(builder: x509.CertificateBuilder, *, path_length: int) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    return builder.add_extension(constraints, critical=True).add_extension(_key_usage(authority=True), critical=True)


def _key_identifier_of(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:  # a SubCA that somebody has brought along
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(cast("rsa.RSAPublicKey", issuer.public_key()))
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_encipherment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
