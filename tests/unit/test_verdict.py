"""The verdict on a client's certificate: one fault out of OpenSSL's errors, and the names it bears."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from ssp_emulator.pki.verdict import CertificateFault, ClientCertificate, fault_of

START = datetime(2026, 3, 4, tzinfo=UTC)
FAULT = CertificateFault


def issued(*names: x509.GeneralName, common: tuple[str, ...] = ("cn.example.nhs.uk",)) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An issuer")]))
        .public_key(key.public_key())
        .serial_number(0x0ABC)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=1))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256())


@pytest.mark.parametrize(
    ("errors", "fault"),
    [
        ([], None),
        ([10], FAULT.EXPIRED),
        ([9], FAULT.NOT_YET_VALID),
        ([23], FAULT.REVOKED),
        ([26], FAULT.NOT_A_CLIENT_CERTIFICATE),
        ([20], FAULT.UNTRUSTED_ISSUER),
        ([18], FAULT.UNTRUSTED_ISSUER),
        ([7], FAULT.UNTRUSTED_ISSUER),
        ([12345], FAULT.UNTRUSTED_ISSUER),
        ([3], None),
        ([11, 12, 3], None),
        ([12, 10], FAULT.EXPIRED),
        ([10, 20], FAULT.UNTRUSTED_ISSUER),
        ([10, 23], FAULT.REVOKED),
        ([26, 10], FAULT.EXPIRED),
    ],
    ids=[
        "none", "expired", "not yet valid", "revoked", "purpose", "no issuer", "self-signed", "bad signature",
        "an unknown number", "no list", "about the list", "a list and a date", "a stranger, expired",
        "revoked and expired", "purpose and expired",
    ],
)  # fmt: skip
def test_openssls_errors_become_one_fault(errors: list[int], fault: CertificateFault | None) -> None:
    assert fault_of(errors) is fault
    assert fault_of(reversed(errors)) is fault


def test_the_facts_that_are_kept() -> None:
    certificate = issued(x509.DNSName("consumer.example.nhs.uk"))
    assert ClientCertificate.of(certificate) == ClientCertificate(
        subject="CN=cn.example.nhs.uk",
        issuer="CN=An issuer",
        serial="abc",
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        names=("consumer.example.nhs.uk",),
    )


@pytest.mark.parametrize(
    ("certificate", "names"),
    [
        (issued(), ("cn.example.nhs.uk",)),
        (issued(x509.DNSName("A.example"), x509.DNSName("b.example")), ("a.example", "b.example")),
        (issued(x509.IPAddress(ip_address("192.0.2.1"))), ("cn.example.nhs.uk",)),
        (issued(x509.DNSName("a.example"), x509.RFC822Name("x@b.example")), ("a.example",)),
        (issued(common=()), ()),
        (issued(common=("a.example", "b.example")), ("a.example", "b.example")),
    ],
    ids=["no SAN", "two SANs", "a SAN that is no name", "SANs of two kinds", "no name at all", "two CNs"],
)
def test_names_are_the_dns_names_else_the_common_name(certificate: x509.Certificate, names: tuple[str, ...]) -> None:
    assert ClientCertificate.of(certificate).names == names


@pytest.mark.parametrize(
    ("fqdn", "borne"),
    [
        ("consumer.example.nhs.uk", True),
        ("CONSUMER.example.nhs.uk", True),
        ("cn.example.nhs.uk", False),  # the CN counts for nothing beside a SAN
        ("example.nhs.uk", False),
        ("x.consumer.example.nhs.uk", False),
        ("consumer.example.nhs.uk.", False),
        ("", False),
    ],
)
def test_a_certificate_bears_its_names_whatever_their_case(fqdn: str, borne: bool) -> None:
    assert ClientCertificate.of(issued(x509.DNSName("Consumer.example.NHS.uk"))).bears(fqdn) is borne


def test_a_wildcard_is_no_systems_name() -> None:
    assert not ClientCertificate.of(issued(x509.DNSName("*.example.nhs.uk"))).bears("consumer.example.nhs.uk")


def test_an_unreadable_certificate_bears_no_name() -> None:
    unreadable = ClientCertificate.unreadable()
    assert (unreadable.subject, unreadable.names) == ("unreadable", ())
    assert not unreadable.bears("")


def test_a_certificate_that_makes_no_sense_is_a_value_error() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example")])
    alternative_names = ObjectIdentifier("2.5.29.17")
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, START, START + timedelta(days=1))
        # An ediPartyName, which RFC 5280 allows and the library has no class for.
        .add_extension(x509.UnrecognizedExtension(alternative_names, bytes.fromhex("3006a504a1020c00")), critical=False)
        .sign(key, hashes.SHA256())
    )
    with pytest.raises(ValueError, match=r".+"):
        ClientCertificate.of(certificate)
