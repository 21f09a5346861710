"""The TLS contexts of both sides: what we speak, whom we trust, and who we are.

Source: GP Connect 1.6.2, "Security guidance" (TLS 1.2, the cipher list and its order); RFC 7919 (ffdhe2048).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto

from ssp_emulator.proxy.acquaintances import Acquaintances
from ssp_emulator.proxy.openssl import ConsumerContext, note_error

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.clock import Clock
    from ssp_emulator.faults.effects.old_protocol import OldVersion
    from ssp_emulator.pki.faulty import FaultyServer

# In this order of preference, and nothing else.
CIPHERS = "AESGCM+EECDH:AESGCM+EDH:AES256+EECDH:AES256+EDH"

_SESSIONS_OF = b"ssp-emulator"

# OpenSSL keeps anything older for those who ask for no security at all. Source: SSL_CTX_set_security_level(3).
_WITH_OLD_ONES = f"{CIPHERS}:@SECLEVEL=0"
_OLD_VERSIONS: dict[OldVersion, int] = {"TLSv1": SSL.TLS1_VERSION, "TLSv1.1": SSL.TLS1_1_VERSION}


class TlsFileError(Exception):
    """A certificate, key, trust or revocation file cannot be used; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class ConsumerTls:
    """The PEM files of the listener: certificate with its chain, key, whom to trust, and who is revoked if known."""

    certificate: Path
    key: Path
    trust: Path
    crl: Path | None = None
    tls_1_3: bool = False


def for_consumers(
    tls: ConsumerTls,
    clock: Clock,
    *,
    shown: FaultyServer | None = None,
    only: OldVersion | None = None,
) -> ConsumerContext:
    """Make the listener's context, which asks for a client certificate and finishes the handshake whatever it is.

    For fault rules it can show another certificate, or speak an old protocol only.
    Raises `TlsFileError`.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    lowest, highest = SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION if tls.tls_1_3 else SSL.TLS1_2_VERSION
    if only is not None:
        lowest = highest = _OLD_VERSIONS[only]
    context.set_min_proto_version(lowest)
    context.set_max_proto_version(highest)
    context.set_cipher_list((CIPHERS if only is None else _WITH_OLD_ONES).encode())
    context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    # Sessions are resumed by tickets alone, which take no memory here. Their key is the context's, so that they are
    # worth nothing to the next one, with other certificates, trust or revocation lists.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_session_id(_SESSIONS_OF)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    with as_file(files("ssp_emulator.proxy") / "ffdhe2048.pem") as parameters:
        context.load_tmp_dh(str(parameters))
    if shown is None:
        _identify(context, tls.certificate, tls.key)
    else:
        _show(context, shown)
    # No list of authorities goes to the client: some would then keep a certificate back, and be told 496, not 495.
    context.set_verify(SSL.VERIFY_PEER, note_error)
    _trust(context, tls.trust, tls.crl)
    return ConsumerContext(context, clock.monotonic, Acquaintances(clock.now))


def for_providers(certificate: Path, key: Path, trust: Path) -> ssl.SSLContext:
    """Make the context of the leg to providers: our client certificate, their certificate and host name checked.

    Takes PEM files. Raises `TlsFileError`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=str(trust))
    except (ssl.SSLError, OSError) as error:
        raise TlsFileError(f"{trust} does not hold certificates to trust") from error
    try:
        context.load_cert_chain(str(certificate), str(key), password=_no_password)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise TlsFileError(f"{certificate} and {key} are not a certificate and its key, in PEM") from error
    return context


def _identify(context: SSL.Context, certificate: Path, key: Path) -> None:
    try:
        context.use_certificate_chain_file(str(certificate))
    except SSL.Error as error:
        raise TlsFileError(f"{certificate} does not hold a certificate in PEM") from error
    try:
        loaded = load_pem_private_key(key.read_bytes(), None)
        if not isinstance(loaded, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise TlsFileError(f"{key} should be an RSA or elliptic-curve key")
        context.use_privatekey(loaded)
        context.check_privatekey()
    except (SSL.Error, ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: it has a password
        raise TlsFileError(f"{key} is not the key of {certificate}, in PEM and with no password") from error


def _show(context: SSL.Context, shown: FaultyServer) -> None:
    context.use_certificate(shown.identity.certificate)
    context.use_privatekey(shown.identity.key)
    for certificate in shown.above:
        context.add_extra_chain_cert(certificate)


def _trust(context: SSL.Context, trust: Path, crl: Path | None) -> None:
    try:
        context.load_verify_locations(str(trust))
    except SSL.Error as error:
        raise TlsFileError(f"{trust} does not hold certificates to trust") from error
    if crl is None:
        return
    store = context.get_cert_store()
    if store is None:
        raise TlsFileError(f"{trust} does not hold certificates to trust")
    for revoked in _revocation_lists(crl):
        store.add_crl(revoked)
    store.set_flags(crypto.X509StoreFlags.CRL_CHECK)


def _revocation_lists(path: Path) -> list[x509.CertificateRevocationList]:
    end = b"-----END X509 CRL-----"
    pieces = [piece + end for piece in path.read_bytes().split(end)[:-1]]
    try:
        lists = [x509.load_pem_x509_crl(piece) for piece in pieces]
    except ValueError as error:
        raise TlsFileError(f"{path} does not hold certificate revocation lists in PEM") from error
    if not lists:
        raise TlsFileError(f"{path} does not hold certificate revocation lists in PEM")
    return lists


def _no_password() -> str:
    """Answer for a key with a password, so that OpenSSL does not ask for one at the terminal."""
    return ""
