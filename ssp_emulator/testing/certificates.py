"""Certificates: the files that a consumer needs, and the throwaway PKI that they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509

from ssp_emulator.pki.authority import CLOCK_SKEW, LEAF_LIFETIME, Purpose, issue_leaf
from ssp_emulator.pki.files import KEYSTORE_PASSWORD, read_authority, write_identity
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.initialising import initialise
from ssp_emulator.pki.names import Names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from ssp_emulator.pki.folder import InvalidName, KeyPair


@dataclass(frozen=True)
class Certificates:
    """Where the consumer's files are: PEM, and the same as PKCS #12; `trust` is the chain that the SSP leads up to."""

    certificate: Path
    key: Path
    trust: Path
    keystore: Path
    keystore_password: str
    folder: CertificateFolder

    @classmethod
    def of(cls, folder: CertificateFolder) -> Certificates:
        """Return those of a folder."""
        consumer = folder.consumer
        return cls(consumer.certificate, consumer.key, folder.chain, consumer.keystore, KEYSTORE_PASSWORD, folder)

    def invalid(self, name: InvalidName) -> KeyPair:
        """Return a certificate of the consumer's, and its key, that the SSP has to refuse.

        Takes `expired`, `not-yet-valid`, `untrusted`, `revoked` or `wrong-fqdn`.
        """
        return self.folder.invalid(name)


def throwaway(root: Path, consumer: str, hosts: Sequence[str], now: datetime) -> CertificateFolder:
    """Make a PKI in a folder: for a consumer's FQDN, and for a provider that is reached by these host names.

    `now` is an aware UTC time.
    """
    folder = CertificateFolder(root)
    first, *others = hosts
    initialise(folder, Names(consumer=consumer, provider=first), now=now)
    if others:
        sub = read_authority(folder)
        also = [x509.DNSName(host) for host in others]
        begin, end = now - CLOCK_SKEW, now + LEAF_LIFETIME
        leaf = issue_leaf(sub, first, Purpose.SERVER, not_before=begin, not_after=end, also=also)
        write_identity(folder.provider, leaf, (sub.certificate,))
    return folder
