"""What is read of the files of one side of TLS, and when they count as the emulated PKI's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssp_emulator.pki.holding import certificates_of, hold

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder


@pytest.mark.parametrize(
    ("certificate", "trust", "counts"),
    [
        ("ssp/server.crt", "ca/chain.pem", True),
        ("ssp/another.example.crt", "ca/root.crt", True),
        ("own/server.crt", "own/ca.pem", False),
        ("own/server.crt", "ca/chain.pem", False),
        ("ssp/server.crt", "own/ca.pem", False),
    ],
)
def test_files_of_ones_own_beside_the_emulated_pki_are_none_of_its(
    certificates: CertificateFolder, certificate: str, trust: str, *, counts: bool
) -> None:
    root = certificates.root

    held = hold(root / certificate, root / "ssp/server.key", root / trust, None, folder=certificates)

    assert held.own_authority is counts
    assert (held.sub_is is not None) is counts


@pytest.mark.parametrize("label", [b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE", b"CERTIFICATE"])
def test_of_a_file_that_cannot_be_read_wholly_nothing_is_told(
    certificates: CertificateFolder, tmp_path: Path, label: bytes
) -> None:
    text = certificates.ssp_server.certificate.read_bytes()
    shown = tmp_path / "server.crt"
    shown.write_bytes(text.replace(b" CERTIFICATE-", b" " + label + b"-", 2))

    held = hold(shown, certificates.ssp_server.key, shown, None, folder=None)

    whole = len(certificates_of(certificates.ssp_server.certificate)) if label == b"CERTIFICATE" else 0
    assert (len(held.chain), len(held.trusted)) == (whole, whole)
