"""Where each file of the PKI lies: paths alone, nothing is read or written here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.pki.authority import Role

InvalidName = Literal["expired", "not-yet-valid", "untrusted", "revoked", "wrong-fqdn"]
INVALID_NAMES: tuple[InvalidName, ...] = get_args(InvalidName)


@dataclass(frozen=True)
class KeyPair:
    """The files of one leaf: the certificate with the SubCA after it, and the private key; both PEM."""

    certificate: Path
    key: Path

    @property
    def keystore(self) -> Path:
        """The PKCS #12 file beside them; only consumers have one."""
        return self.certificate.with_name(self.certificate.name.removesuffix(".crt") + ".p12")


@dataclass(frozen=True)
class CertificateFolder:
    """The layout of a certificate folder; `root` is the folder itself, usually `certs`."""

    root: Path

    @property
    def authority_root(self) -> KeyPair:
        """The Root CA."""
        return self._pair("ca", "root")

    @property
    def authority_sub(self) -> KeyPair:
        """The SubCA, which issues every leaf."""
        return self._pair("ca", "sub")

    @property
    def chain(self) -> Path:
        """The SubCA's and the Root CA's certificates: what a peer has to trust."""
        return self.root / "ca" / "chain.pem"

    @property
    def crl(self) -> Path:
        """The SubCA's revocation list, PEM."""
        return self.root / "ca" / "crl.pem"

    @property
    def ssp_server(self) -> KeyPair:
        """What the SSP shows to consumers."""
        return self._pair("ssp", "server")

    @property
    def ssp_client(self) -> KeyPair:
        """What the SSP shows to providers."""
        return self._pair("ssp", "client")

    @property
    def consumer(self) -> KeyPair:
        """What the consumer shows to the SSP."""
        return self._pair("consumer", "consumer")

    @property
    def provider(self) -> KeyPair:
        """What the provider shows to the SSP."""
        return self._pair("provider", "provider")

    def invalid(self, name: InvalidName) -> KeyPair:
        """One of the consumer's certificates that the SSP has to refuse, for negative tests."""
        return self._pair("invalid", name)

    def issued(self, role: Role, name: str) -> KeyPair:
        """A leaf that is issued on top; `name` is a valid FQDN, with a suffix perhaps."""
        return self._pair(role.value, name)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of a whole PKI, the authority's last."""
        leaves = (self.ssp_server, self.ssp_client, self.consumer, self.provider)
        authorities = (self.authority_root, self.authority_sub)
        return (
            *(path for pair in leaves for path in (pair.certificate, pair.key)),
            self.consumer.keystore,
            *(path for name in INVALID_NAMES for path in (self.invalid(name).certificate, self.invalid(name).key)),
            *(path for pair in authorities for path in (pair.certificate, pair.key)),
            self.crl,
            self.chain,
        )

    @property
    def leaf_folders(self) -> tuple[Path, ...]:
        """The sub-folders in which leaves lie."""
        return tuple(self.root / name for name in ("ssp", "consumer", "provider", "invalid"))

    @property
    def lock(self) -> Path:
        """The file whose lock a process holds while it changes the folder."""
        return self.root / ".lock"

    @property
    def making(self) -> CertificateFolder:
        """A new PKI that is still being made; one that is left over is worth nothing."""
        return CertificateFolder(self.root / ".making")

    @property
    def made(self) -> CertificateFolder:
        """A new PKI that is whole and whose files are being moved into place; one that is left over still counts."""
        return CertificateFolder(self.root / ".made")

    def _pair(self, folder: str, name: str) -> KeyPair:
        return KeyPair(self.root / folder / f"{name}.crt", self.root / folder / f"{name}.key")
