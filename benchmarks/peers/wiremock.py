"""WireMock as a proxy: the standalone jar that WIREMOCK_JAR names, and Java."""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, load_pem_private_key, pkcs12
from scenario import BenchmarkError

from peers.peer import Missing, Peer
from peers.process import free_ports, output, started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from peers.setting import Setting
    from ssp_emulator.pki.folder import KeyPair

NAME = "wiremock"
_MISSING = Missing(
    NAME, "Java 17, and WIREMOCK_JAR=/path/to/wiremock-standalone-3.x.jar (org.wiremock:wiremock-standalone)"
)
_PASSWORD = "benchmark"  # of stores that live as long as the run
_START_PATIENCE_S = 60.0
_SETTLES_AFTER = 5000  # Java compiles what has run often


@asynccontextmanager
async def running(setting: Setting, provider: Peer) -> AsyncIterator[Peer | Missing]:
    """Start it before a provider, and lend it; or say how to get it. Raises `BenchmarkError`."""
    jar, java, keytool = os.environ.get("WIREMOCK_JAR"), shutil.which("java"), shutil.which("keytool")
    if jar is None or java is None or keytool is None:
        yield _MISSING
        return
    folder = setting.folder / NAME
    folder.mkdir()
    keys = _store(setting.certificates.ssp_server, folder / "server.p12")
    trust = _store(setting.certificates.ssp_client, folder / "client.p12")
    for path in _apart(setting.certificates.chain, folder):
        await _trust(keytool, trust, path)
    (port,) = free_ports(1)
    # Whom it trusts on the way to the provider is the Java machine's, whatever its own trust store holds.
    command = [java, f"-Djavax.net.ssl.trustStore={trust}", f"-Djavax.net.ssl.trustStorePassword={_PASSWORD}"]
    command += ["-jar", jar, "--disable-http", "--https-port", str(port), "--bind-address", "127.0.0.1"]
    command += ["--https-keystore", str(keys), "--keystore-type", "PKCS12", "--keystore-password", _PASSWORD]
    command += ["--key-manager-password", _PASSWORD, "--https-require-client-cert"]
    command += ["--https-truststore", str(trust), "--truststore-type", "PKCS12", "--truststore-password", _PASSWORD]
    command += ["--proxy-all", f"https://localhost:{provider.resuming_port}", "--no-request-journal"]
    command += ["--disable-banner", "--disable-request-logging", "--root-dir", str(folder)]
    version = Path(jar).stem.rpartition("-")[2]
    async with started(NAME, command, folder / "log", [port], patience_s=_START_PATIENCE_S) as pid:
        yield Peer(NAME, port, pid, "localhost", f"WireMock {version}", settles_after=_SETTLES_AFTER, needed=False)


def _store(pair: KeyPair, path: Path) -> Path:
    """Write a key and its certificates as PKCS #12."""
    certificate, *above = x509.load_pem_x509_certificates(pair.certificate.read_bytes())
    key = load_pem_private_key(pair.key.read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise BenchmarkError(f"{pair.key} is not RSA, as the emulated PKI's are")
    encryption = BestAvailableEncryption(_PASSWORD.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"ours", key, certificate, above, encryption))
    return path


def _apart(chain: Path, folder: Path) -> list[Path]:
    """Write each certificate of a chain into a file of its own."""
    paths = []
    for place, certificate in enumerate(x509.load_pem_x509_certificates(chain.read_bytes())):
        paths.append(folder / f"trusted-{place}.crt")
        paths[-1].write_bytes(certificate.public_bytes(Encoding.PEM))
    return paths


async def _trust(keytool: str, store: Path, path: Path) -> None:
    """Put a certificate into a store as one to trust, which takes an attribute that only Java writes."""
    options = ["-noprompt", "-alias", path.stem, "-file", str(path), "-keystore", str(store), "-storepass", _PASSWORD]
    said = await output(keytool, "-importcert", *options)
    if "added" not in said:
        raise BenchmarkError(f"keytool could not import a certificate: {said}")
