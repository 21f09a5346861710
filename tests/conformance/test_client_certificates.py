"""Whom the proxy lets in: 495 with its reason for a bad certificate, 496 for none, and then the connection closes.

Each certificate is a real one, made for the test where the emulated PKI has none like it, and shown over real TLS.

Source: GP Connect 1.6.2, "Security guidance"; Spine Core SSP implementation guide, 495 and 496; the public provider
test suite (a certificate whose FQDN is another's); RFC 5280, 4.2.1.6 and 4.2.1.12; RFC 6125, 6.4; RFC 4343.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from support import setup
from support.running import running

from ssp_emulator import checks
from ssp_emulator.pki.folder import KeyPair

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder

FQDN = "consumer.example.nhs.uk"  # what is registered for the sender's ASID
OTHER = "other.example.nhs.uk"
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
REASONS = {
    "expired": "EXPIRED",
    "not-yet-valid": "NOT_YET_VALID",
    "untrusted": "UNTRUSTED_ISSUER",
    "revoked": "REVOKED",
    "wrong-fqdn": "FQDN_MISMATCH",
}


@dataclass(frozen=True)
class Leaf:
    """A certificate to be made: good for the sender, but for what is changed; None leaves a part out."""

    cn: str | None = FQDN
    dns: tuple[str, ...] | None = (FQDN,)
    also: tuple[x509.GeneralName, ...] = ()
    purposes: tuple[x509.ObjectIdentifier, ...] | None = CLIENT
    days: tuple[int, int] = (-1, 1)

    def make(self, folder: Path, issuer: KeyPair | None = None) -> KeyPair:
        """Make it, self-signed where there is no issuer; the issuer's certificate goes along, as clients send it."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.cn)] if self.cn is not None else [])
        above, signing = _authority(issuer) if issuer is not None else (None, key)
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(above.subject if above is not None else name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=self.days[0]))
            .not_valid_after(now + timedelta(days=self.days[1]))
        )
        alternatives = [*(x509.DNSName(each) for each in self.dns or ()), *self.also]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        if self.purposes is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(self.purposes), critical=False)
        made = builder.sign(signing, hashes.SHA256())
        pair = KeyPair(folder / f"{made.serial_number:x}.crt", folder / f"{made.serial_number:x}.key")
        chain = issuer.certificate.read_bytes() if issuer is not None else b""
        pair.certificate.write_bytes(made.public_bytes(Encoding.PEM) + chain)
        pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return pair


def _authority(pair: KeyPair) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey]:
    key = load_pem_private_key(pair.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    return x509.load_pem_x509_certificates(pair.certificate.read_bytes())[0], key


async def shown(ssp: Running, pair: KeyPair | None) -> Answer:
    """Send two good requests at once with a certificate, or with none; return the answer to the first."""
    wire = await ssp.wire(shown=pair)
    answer = await wire.ask(ssp.request() + ssp.request())
    if answer.status != 200:
        assert answer.one("Connection") == "close"
        assert await wire.is_closed()  # the second request gets nothing
    return answer


def assert_495(ssp: Running, provider: StubProvider, answer: Answer, reason: str) -> None:
    """Hold an answer, and the trail, against a 495; whose FQDN it is, check 6 looks at, and all else check 2."""
    text = f"SSL_CERTIFICATE_ERROR_{reason}"
    (issue,) = answer.json()["issue"]
    assert (answer.status, answer.phrase) == (495, "SSL Certificate Error")
    assert (issue["code"], issue["diagnostics"], issue["details"]["coding"][0]["code"]) == ("security", text, "495")
    (record,) = ssp.records()
    assert (record["status"], record["denial"]) == (495, {"reason": "certificate-error", "text": text})
    assert failed_check(ssp) == ("sender" if reason == "FQDN_MISMATCH" else "certificate")
    assert provider.connections == 0


def failed_check(ssp: Running) -> str:
    """Return the check that the last request failed; those before it passed, and none after it was reached."""
    results = [check["result"] for check in ssp.record()["checks"]]
    place = results.index("fail")
    assert results == [*["pass"] * place, "fail", *["not reached"] * (len(results) - place - 1)]
    return str(ssp.record()["checks"][place]["check"])


@pytest.mark.parametrize(("name", "reason"), REASONS.items(), ids=REASONS)
async def test_a_bad_certificate_gets_495_with_its_reason_and_the_connection_closes(
    ssp: Running, provider: StubProvider, name: str, reason: str
) -> None:
    answer = await shown(ssp, ssp.certificates.invalid(name))

    assert_495(ssp, provider, answer, reason)


async def test_no_certificate_gets_496_and_the_connection_closes(ssp: Running, provider: StubProvider) -> None:
    answer = await shown(ssp, None)

    (issue,) = answer.json()["issue"]
    text = "SSL_CERTIFICATE_REQUIRED"
    assert (answer.status, answer.phrase) == (496, "SSL Certificate Required")
    assert (issue["code"], issue["diagnostics"], issue["details"]["coding"][0]["code"]) == ("login", text, "496")
    (record,) = ssp.records()
    assert (record["status"], record["denial"]["reason"]) == (496, "certificate-required")
    assert record["client"]["certificate"] is None
    assert failed_check(ssp) == "certificate"
    assert provider.connections == 0


@pytest.mark.parametrize(
    "changes",
    [{"method": "BREW"}, {"target": "/"}, {"Ssp_TraceID": None}, {"Authorization": None}, {"Ssp_From": "1"}],
    ids=lambda changes: next(iter(changes)),
)
async def test_the_certificate_is_judged_before_anything_in_the_request(ssp: Running, changes: dict[str, str]) -> None:
    without = await (await ssp.wire(shown=None)).ask(ssp.request(**changes))
    expired = await (await ssp.wire(shown=ssp.certificates.invalid("expired"))).ask(ssp.request(**changes))

    assert (without.status, expired.status) == (496, 495)


@pytest.mark.parametrize(
    "leaf",
    [Leaf(), Leaf(days=(-2, -1)), Leaf(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,))],
    ids=["good but for that", "expired too", "for servers"],
)
async def test_a_self_signed_certificate_is_from_no_trusted_issuer(
    ssp: Running, provider: StubProvider, tmp_path: Path, leaf: Leaf
) -> None:
    assert_495(ssp, provider, await shown(ssp, leaf.make(tmp_path)), "UNTRUSTED_ISSUER")


async def test_a_certificate_that_another_consumer_issued_is_from_no_trusted_issuer(
    ssp: Running, provider: StubProvider, tmp_path: Path
) -> None:
    issued_by_no_authority = Leaf().make(tmp_path, ssp.certificates.consumer)

    assert_495(ssp, provider, await shown(ssp, issued_by_no_authority), "UNTRUSTED_ISSUER")


async def test_a_certificate_that_only_names_the_trusted_issuer_is_from_no_trusted_issuer(
    ssp: Running, provider: StubProvider, tmp_path: Path
) -> None:
    real = ssp.certificates.authority_sub
    forged = Leaf().make(tmp_path, KeyPair(real.certificate, ssp.certificates.consumer.key))

    assert_495(ssp, provider, await shown(ssp, forged), "UNTRUSTED_ISSUER")


@pytest.mark.parametrize("issuer", ["authority_root", "authority_sub"], ids=["the Root CA", "the SubCA"])
async def test_both_authorities_are_trusted(ssp: Running, tmp_path: Path, issuer: str) -> None:
    good = Leaf().make(tmp_path, getattr(ssp.certificates, issuer))

    assert (await shown(ssp, good)).status == 200


@pytest.mark.parametrize(
    ("purposes", "reason"),
    [
        ((ExtendedKeyUsageOID.SERVER_AUTH,), "NOT_A_CLIENT_CERTIFICATE"),
        ((ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION), "NOT_A_CLIENT_CERTIFICATE"),
        ((ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH), None),
        (None, None),  # no such extension is no restriction
    ],
    ids=["serverAuth", "others", "both", "none named"],
)
async def test_a_certificate_has_to_be_for_clients(
    ssp: Running, provider: StubProvider, tmp_path: Path, purposes: tuple[x509.ObjectIdentifier], reason: str | None
) -> None:
    answer = await shown(ssp, Leaf(purposes=purposes).make(tmp_path, ssp.certificates.authority_sub))

    if reason is None:
        assert answer.status == 200
    else:
        assert_495(ssp, provider, answer, reason)


async def test_a_revoked_certificate_is_refused_only_by_a_revocation_list(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    tls = {
        "certificate": str(certificates.ssp_server.certificate),
        "key": str(certificates.ssp_server.key),
        "trust": str(certificates.chain),
        "crl": None,
    }
    async with running(tmp_path, certificates, provider.port, proxy={"tls": tls}) as ssp:
        assert (await shown(ssp, certificates.invalid("revoked"))).status == 200


@pytest.mark.parametrize(
    "leaf",
    [
        Leaf(cn=OTHER, dns=(FQDN,)),
        Leaf(cn=None, dns=(FQDN,)),
        Leaf(cn=OTHER, dns=(OTHER, FQDN)),
        Leaf(cn=OTHER, dns=("CONSUMER.Example.NHS.uk",)),
        Leaf(cn=FQDN, dns=None),
        Leaf(cn=FQDN.upper(), dns=None),
        Leaf(cn=FQDN, dns=(), also=(x509.RFC822Name("a@example.nhs.uk"), x509.IPAddress(IPv4Address("127.0.0.1")))),
    ],
    ids=["SAN", "SAN alone", "one SAN of two", "SAN in capitals", "CN, no SAN", "CN in capitals", "CN, no dNSName"],
)
async def test_the_fqdn_is_the_san_and_the_cn_only_where_there_is_none(
    ssp: Running, tmp_path: Path, leaf: Leaf
) -> None:
    assert (await shown(ssp, leaf.make(tmp_path, ssp.certificates.authority_sub))).status == 200


@pytest.mark.parametrize(
    "leaf",
    [
        Leaf(cn=FQDN, dns=(OTHER,)),
        Leaf(cn=OTHER, dns=None),
        Leaf(cn=None, dns=None),
        Leaf(cn=FQDN, dns=("*.example.nhs.uk",)),
        Leaf(cn="*.example.nhs.uk", dns=None),
        Leaf(cn="c*.example.nhs.uk", dns=("consumer.*.nhs.uk",)),
        Leaf(cn=OTHER, dns=("example.nhs.uk", f"www.{FQDN}", f"{FQDN}.", FQDN[1:], f"x{FQDN}")),
        Leaf(cn=f"{FQDN}\0.example.org", dns=None),
        Leaf(cn=f" {FQDN}", dns=None),
        Leaf(cn="consumer.example.nhs.u\N{KELVIN SIGN}", dns=None),
        Leaf(cn=OTHER, dns=(), also=(x509.UniformResourceIdentifier(f"https://{FQDN}"), x509.RFC822Name(f"a@{FQDN}"))),
    ],
    ids=[
        "another SAN, though the CN fits", "another CN", "no name", "wildcard SAN", "wildcard CN", "wildcard inside",
        "names nearby", "CN with a NUL", "CN with a space", "a letter that folds to k", "URI and e-mail",
    ],
)  # fmt: skip
async def test_a_certificate_of_any_other_fqdn_is_a_mismatch(
    ssp: Running, provider: StubProvider, tmp_path: Path, leaf: Leaf
) -> None:
    answer = await shown(ssp, leaf.make(tmp_path, ssp.certificates.authority_sub))

    assert_495(ssp, provider, answer, "FQDN_MISMATCH")


async def test_the_fqdn_is_the_one_of_the_asid_that_the_request_names(ssp: Running, provider: StubProvider) -> None:
    wire = await ssp.wire()

    answer = await wire.ask(ssp.request(Ssp_From=setup.PROVIDER))

    assert_495(ssp, provider, answer, "FQDN_MISMATCH")
    verdict = ssp.record()["checks"][checks.NAMES.index("sender")]
    assert verdict["expected"] == f"a certificate for gp.example.nhs.uk, the FQDN of {setup.PROVIDER}"
    assert verdict["found"] == FQDN
    assert await wire.is_closed()


async def test_a_certificate_that_makes_no_sense_gets_495_too(
    ssp: Running, provider: StubProvider, tmp_path: Path
) -> None:
    """Its version is one that no standard has; OpenSSL shows it all the same."""
    pair = Leaf().make(tmp_path)
    good = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    odd = good.public_bytes(Encoding.DER).replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020150"), 1)
    body = base64.encodebytes(odd).decode()
    pair.certificate.write_text(f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")

    assert_495(ssp, provider, await shown(ssp, pair), "UNTRUSTED_ISSUER")
    assert ssp.record()["client"]["certificate"]["subject"] == "unreadable"
