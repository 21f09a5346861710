"""Reading and writing the folder's files: the modes of keys, the lock, and what an unreadable file is called."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from ssp_emulator.pki.authority import Identity
from ssp_emulator.pki.errors import PkiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder, KeyPair

# Java's keytool refuses a keystore without a password, and this is the one its users try first. It protects
# nothing: the same key lies unencrypted beside it.
KEYSTORE_PASSWORD = "changeit"  # noqa: S105 - said in the README

_SECRET = 0o600
_PUBLIC = 0o644


@contextmanager
def exclusively(folder: CertificateFolder, *, create: bool = False) -> Iterator[None]:
    """Hold the folder's lock, waiting for it, and first finish a making that another process did not finish.

    With `create` it makes the folder where it is not there; without, there has to be a PKI in it.

    Raises `PkiError` if there is none, or if it is something other than a folder; `OSError` if it cannot be written.
    """
    if create:
        if folder.root.exists() and not folder.root.is_dir():
            raise PkiError(f"{folder.root} is not a folder")
        folder.root.mkdir(parents=True, exist_ok=True)
    else:
        require_pki(folder)
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _SECRET)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if folder.made.root.exists():
            move_into_place(folder)
        yield
    finally:
        os.close(descriptor)  # lets go of the lock; the file stays, or two processes could lock two different ones


def require_pki(folder: CertificateFolder) -> None:
    """Raise `PkiError` if there is no PKI in a folder, not even a broken one."""
    if not folder.chain.parent.is_dir() and not folder.made.root.is_dir():
        raise PkiError(f"there is no PKI in {folder.root}, `certs init` makes one")


def move_into_place(folder: CertificateFolder) -> None:
    """Move every file of `folder.made` to where it belongs, and remove what is then empty.

    File by file and not by sub-folders, so that files of others beside them stay. May be called again after a crash.
    """
    for new, place in zip(folder.made.files, folder.files, strict=True):
        if new.exists():
            place.parent.mkdir(exist_ok=True)
            new.replace(place)
    shutil.rmtree(folder.made.root)


def write_identity(pair: KeyPair, identity: Identity, above: Sequence[x509.Certificate] = ()) -> None:
    """Write a private key (PKCS #8, unencrypted, mode 0600) and a certificate followed by those above it."""
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(pair.key, key, _SECRET)
    write_certificates(pair.certificate, (identity.certificate, *above))


def write_keystore(path: Path, identity: Identity, above: Sequence[x509.Certificate]) -> None:
    """Write key, certificate and the certificates above it as PKCS #12, mode 0600, with `KEYSTORE_PASSWORD`."""
    name = path.name.removesuffix(".p12").encode()
    encryption = BestAvailableEncryption(KEYSTORE_PASSWORD.encode())
    content = pkcs12.serialize_key_and_certificates(name, identity.key, identity.certificate, above, encryption)
    _write(path, content, _SECRET)


def write_certificates(path: Path, certificates: Sequence[x509.Certificate]) -> None:
    """Write certificates one after the other, as PEM."""
    _write(path, b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates), _PUBLIC)


def write_crl(path: Path, crl: x509.CertificateRevocationList) -> None:
    """Write a revocation list as PEM."""
    _write(path, crl.public_bytes(Encoding.PEM), _PUBLIC)


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Read every certificate of a PEM file, at least one. Raises `PkiError` where there is none."""
    try:
        return tuple(x509.load_pem_x509_certificates(_read(path)))
    except ValueError as error:
        raise PkiError(f"{path} holds no certificate that can be read (PEM is wanted)") from error


def read_authority(folder: CertificateFolder) -> Identity:
    """Read the SubCA with its key. Raises `PkiError` if a file is missing, broken, or they are no pair."""
    pair = folder.authority_sub
    certificate = read_certificates(pair.certificate)[0]
    try:
        key = load_pem_private_key(_read(pair.key), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PkiError(f"{pair.key} holds no unencrypted private key that can be read (PEM is wanted)") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise PkiError(f"{pair.key} is not an RSA key")
    if key.public_key() != certificate.public_key():
        raise PkiError(f"{pair.key} is not the key of {pair.certificate}")
    return Identity(certificate, key)


def read_crl(folder: CertificateFolder) -> x509.CertificateRevocationList:
    """Read the revocation list. Raises `PkiError` if it is missing, broken, or not the SubCA's."""
    try:
        crl = x509.load_pem_x509_crl(_read(folder.crl))
    except ValueError as error:
        raise PkiError(f"{folder.crl} holds no revocation list that can be read (PEM is wanted)") from error
    sub = read_certificates(folder.authority_sub.certificate)[0]
    public_key = sub.public_key()
    if not isinstance(public_key, rsa.RSAPublicKey) or not crl.is_signature_valid(public_key):
        raise PkiError(f"{folder.crl} is not signed by {folder.authority_sub.certificate}")
    return crl


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PkiError(f"{path} is missing, `certs init` makes a new PKI where there is none") from error


def _write(path: Path, content: bytes, mode: int) -> None:
    """Put a file in place whole; it never exists with another mode, as a key may be read the moment it is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
