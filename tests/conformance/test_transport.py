"""Who is let in: certificates, protocols and ciphers, over real TLS, as consumers see it and as the trail tells it."""

from __future__ import annotations

import asyncio
import base64
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from support import setup
from support.running import running
from support.wire import PATIENCE_S

from ssp_emulator.pki.folder import KeyPair

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

REASONS = {
    "expired": "EXPIRED",
    "not-yet-valid": "NOT_YET_VALID",
    "untrusted": "UNTRUSTED_ISSUER",
    "revoked": "REVOKED",
    "wrong-fqdn": "FQDN_MISMATCH",
}

SUITES = [
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA",
    "DHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
    "DHE-RSA-AES256-SHA256",
    "DHE-RSA-AES256-SHA",
]


@pytest.mark.parametrize(("name", "reason"), REASONS.items(), ids=REASONS)
async def test_a_bad_certificate_gets_495_with_its_reason_and_the_connection_closes(
    ssp: Running, provider: StubProvider, name: str, reason: str
) -> None:
    wire = await ssp.wire(shown=ssp.certificates.invalid(name))

    answer = await wire.ask(ssp.request())

    (issue,) = answer.json()["issue"]
    assert (answer.status, answer.phrase) == (495, "SSL Certificate Error")
    assert issue["code"] == "security"
    assert issue["diagnostics"] == f"SSL_CERTIFICATE_ERROR_{reason}"
    assert answer.one("Connection") == "close"
    assert await wire.is_closed()
    assert ssp.record()["status"] == 495
    assert ssp.record()["denial"] == {"reason": "certificate-error", "text": f"SSL_CERTIFICATE_ERROR_{reason}"}
    assert ssp.record()["client"]["certificate"]["serial"]
    assert failed_check(ssp) == ("sender" if name == "wrong-fqdn" else "certificate")
    assert provider.connections == 0


async def test_a_server_certificate_is_no_client_certificate(ssp: Running) -> None:
    wire = await ssp.wire(shown=ssp.certificates.provider)

    answer = await wire.ask(ssp.request())

    assert answer.status == 495
    assert answer.json()["issue"][0]["diagnostics"] == "SSL_CERTIFICATE_ERROR_NOT_A_CLIENT_CERTIFICATE"
    assert failed_check(ssp) == "certificate"


async def test_a_certificate_that_makes_no_sense_gets_495_too(ssp: Running, tmp_path: Path) -> None:
    wire = await ssp.wire(shown=version_80(tmp_path))

    answer = await wire.ask(ssp.request())

    assert answer.status == 495
    assert answer.json()["issue"][0]["diagnostics"] == "SSL_CERTIFICATE_ERROR_UNTRUSTED_ISSUER"
    assert ssp.record()["client"]["certificate"]["subject"] == "unreadable"


def version_80(folder: Path) -> KeyPair:
    """Make a self-signed certificate whose version no standard has; OpenSSL shows it all the same."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example")])
    now = datetime.now(UTC)
    good = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1)).sign(
        key, hashes.SHA256()
    )
    odd = good.public_bytes(Encoding.DER).replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020150"), 1)
    pair = KeyPair(folder / "odd.crt", folder / "odd.key")
    body = base64.encodebytes(odd).decode()
    pair.certificate.write_text(f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return pair


async def test_no_certificate_gets_496_and_the_connection_closes(ssp: Running, provider: StubProvider) -> None:
    wire = await ssp.wire(shown=None)

    answer = await wire.ask(ssp.request(Ssp_TraceID="629ea9ba-a077-4d99-b289-7a9b19fd4e03"))

    (issue,) = answer.json()["issue"]
    assert (answer.status, answer.phrase) == (496, "SSL Certificate Required")
    assert (issue["code"], issue["diagnostics"]) == ("login", "SSL_CERTIFICATE_REQUIRED")
    assert await wire.is_closed()
    record = ssp.record()
    assert (record["status"], record["trace_id"]) == (496, "629ea9ba-a077-4d99-b289-7a9b19fd4e03")
    assert record["client"]["certificate"] is None
    assert failed_check(ssp) == "certificate"
    assert provider.connections == 0


async def test_plain_http_gets_497_in_plain_http_and_the_connection_closes(
    ssp: Running, provider: StubProvider
) -> None:
    wire = await ssp.wire(tls=False)

    answer = await wire.ask(ssp.request())

    (issue,) = answer.json()["issue"]
    assert (answer.status, answer.phrase) == (497, "HTTP Request Sent to HTTPS Port")
    assert (issue["code"], issue["diagnostics"]) == ("security", "HTTP_REQUEST_SENT_TO_HTTPS_PORT")
    assert answer.all("Location") == []
    assert await wire.is_closed()
    assert ssp.record()["status"] == 497
    assert failed_check(ssp) == "tls"
    assert ssp.record()["checks"][0] == {"check": "tls", "result": "fail", "expected": "TLS", "found": "plain HTTP"}
    assert provider.connections == 0


async def test_what_is_not_http_over_tls_gets_400_and_is_in_the_trail(ssp: Running, provider: StubProvider) -> None:
    wire = await ssp.wire()

    answer = await wire.ask(b"\x00\x01\x02 nonsense\r\n\r\n")

    assert answer.status == 400
    assert answer.json()["issue"][0]["diagnostics"].startswith("The request is not well-formed HTTP")
    assert await wire.is_closed()
    assert ssp.record()["status"] == 400
    assert provider.connections == 0


@pytest.mark.parametrize("suite", SUITES)
async def test_every_documented_cipher_suite_connects(
    ssp: Running, certificates: CertificateFolder, suite: str
) -> None:
    assert await handshake(ssp.port, certificates, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0") == suite


@pytest.mark.parametrize(
    "options",
    [
        ["-tls1_2", "-cipher", "AES128-SHA256:@SECLEVEL=0"],
        ["-tls1_2", "-cipher", "NULL-MD5:@SECLEVEL=0"],
        ["-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=0"],
        ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
        ["-tls1_3"],
    ],
    ids=lambda options: " ".join(options[:3]),
)
async def test_other_suites_and_protocols_fail_the_handshake(
    ssp: Running, certificates: CertificateFolder, options: list[str]
) -> None:
    assert await handshake(ssp.port, certificates, *options) is None
    assert (await ssp.ask()).status == 200  # and the next consumer is none the worse for it


async def test_the_servers_order_of_suites_wins(ssp: Running, certificates: CertificateFolder) -> None:
    wanted = "DHE-RSA-AES256-SHA:ECDHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0"

    assert await handshake(ssp.port, certificates, "-tls1_2", "-cipher", wanted) == "ECDHE-RSA-AES256-GCM-SHA384"


async def test_tls_1_3_can_be_switched_on(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    tls = {
        "certificate": str(certificates.ssp_server.certificate),
        "key": str(certificates.ssp_server.key),
        "trust": str(certificates.chain),
        "crl": str(certificates.crl),
        "tls_1_3": True,
    }
    async with running(tmp_path, certificates, provider.port, proxy={"tls": tls}) as ssp:
        good = await (await ssp.wire(minimum_version=ssl.TLSVersion.TLSv1_3)).ask(ssp.request())
        bad = await (await ssp.wire(shown=certificates.invalid("revoked"))).ask(ssp.request())

        assert good.status == 200
        assert ssp.records()[0]["client"]["tls"] == "TLSv1.3"
        assert bad.json()["issue"][0]["diagnostics"] == "SSL_CERTIFICATE_ERROR_REVOKED"


async def test_a_connection_that_says_nothing_is_closed_after_a_while(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, proxy={"handshake_timeout_s": 0.2}) as ssp:
        wire = await ssp.wire(tls=False)

        assert await wire.is_closed()


async def test_one_connection_serves_many_requests(ssp: Running) -> None:
    wire = await ssp.wire()

    answers = [await wire.ask(ssp.request()) for _ in range(5)]

    assert [answer.status for answer in answers] == [200] * 5
    assert len({record["client"]["address"] for record in ssp.records()}) == 1


async def test_a_refused_request_leaves_the_connection_open(ssp: Running) -> None:
    wire = await ssp.wire()

    refused = await wire.ask(ssp.request(Ssp_To="999999999999"))
    passed = await wire.ask(ssp.request())

    assert (refused.status, passed.status) == (400, 200)
    assert [record["sequence"] for record in ssp.records()] == [1, 2]
    assert ssp.records()[0]["to"] == {"asid": "999999999999", "ods": None}
    assert ssp.records()[1]["to"] == {"asid": setup.PROVIDER, "ods": "A20047"}


def failed_check(ssp: Running) -> str:
    """Return the check that the last request failed; those before it passed, and none after it was reached."""
    results = [check["result"] for check in ssp.record()["checks"]]
    place = results.index("fail")
    assert results == [*["pass"] * place, "fail", *["not reached"] * (len(results) - place - 1)]
    return str(ssp.record()["checks"][place]["check"])


async def handshake(port: int, certificates: CertificateFolder, *options: str) -> str | None:
    """Shake hands as the openssl tool does; return the suite that was agreed, or None where there was no agreement."""
    pair = certificates.consumer
    where = ["-connect", f"127.0.0.1:{port}", "-CAfile", str(certificates.chain), "-brief"]
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", *where, "-cert", str(pair.certificate), "-key", str(pair.key), *options),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE_S):
        said, _ = await process.communicate()
    found = [line.split(": ")[1] for line in said.decode().splitlines() if line.startswith("Ciphersuite: ")]
    return found[0] if found and b"CONNECTION ESTABLISHED" in said else None
