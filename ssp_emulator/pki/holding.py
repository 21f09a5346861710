"""Reading what one side of TLS holds, as far as it can be read: what is missing or broken others have said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ssp_emulator.files import unreadable
from ssp_emulator.pki.consistency import Held

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from ssp_emulator.pki.folder import CertificateFolder

_CERTIFICATE = (b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----")
_LIST = (b"-----BEGIN X509 CRL-----", b"-----END X509 CRL-----")
_ANY_CERTIFICATE = re.compile(rb"-----BEGIN ([A-Z0-9]+ )?CERTIFICATE-----")  # X509 and TRUSTED: OpenSSL's other names
_LARGEST_BYTES = 16 << 20


def hold(certificate: Path, key: Path, trust: Path, crl: Path | None, *, folder: CertificateFolder | None) -> Held:
    """Read PEM files; `folder` is the emulated PKI, which counts where certificate and trust are both of its own.

    Whoever puts files of their own into a sub-folder of their own there may trust whom they like.
    """
    inside = (
        folder is not None
        and trust.parent == folder.chain.parent
        and any(place in certificate.parents for place in folder.leaf_folders)
    )
    sub = folder.authority_sub if inside and folder is not None else None
    authority = certificates_of(sub.certificate)[:1] if sub is not None else ()
    return Held(
        certificate=certificate,
        chain=_all_of(certificate),
        key=key,
        key_is=public_half(key),
        trust=trust,
        trusted=_all_of(trust),
        crl=crl,
        lists=lists_of(crl) if crl is not None else (),
        own_authority=inside,
        sub=sub.certificate if sub is not None else None,
        sub_is=authority[0] if authority else None,
        sub_key=sub.key if sub is not None else None,
        sub_key_is=public_half(sub.key) if sub is not None else None,
    )


def certificates_of(path: Path) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a file that can be read, in its order."""
    found = []
    for piece in _pieces(path, *_CERTIFICATE):
        try:
            found.append(x509.load_pem_x509_certificate(piece))
        except ValueError:  # OpenSSL takes some that are not as RFC 5280 has them
            continue
    return tuple(found)


def _all_of(path: Path) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a file, or none where one of them cannot be read: what is left would mislead."""
    found = certificates_of(path)
    return found if len(found) == len(_ANY_CERTIFICATE.findall(_read(path))) else ()


def lists_of(path: Path) -> tuple[x509.CertificateRevocationList, ...]:
    """Return the revocation lists of a file that can be read, in its order."""
    found = []
    for piece in _pieces(path, *_LIST):
        try:
            found.append(x509.load_pem_x509_crl(piece))
        except ValueError:
            continue
    return tuple(found)


def public_half(path: Path) -> PublicKeyTypes | None:
    """Return the public half of a private key without a password; None where there is none that can be read."""
    try:
        # Whether its primes are primes takes 60 ms to find out, at each start; whoever signs with it is OpenSSL.
        return load_pem_private_key(_read(path), None, unsafe_skip_rsa_key_validation=True).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _pieces(path: Path, begin: bytes, end: bytes) -> list[bytes]:
    parts = _read(path).split(begin)[1:]
    return [begin + part.partition(end)[0] + end + b"\n" for part in parts]


def _read(path: Path) -> bytes:
    if unreadable(path) is not None:
        return b""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_BYTES)
    except OSError:
        return b""
