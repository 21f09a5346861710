from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.pki.errors import PkiError
from ssp_emulator.pki.files import (
    exclusively,
    read_authority,
    read_certificates,
    read_crl,
    write_identity,
    write_keystore,
)
from ssp_emulator.pki.folder import CertificateFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def careless_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("careless_umask")
def test_a_key_is_never_readable_by_others_not_even_for_a_moment(
    shared: CertificateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = read_authority(shared)
    seen: dict[str, int] = {}
    replace = Path.replace

    def spy(self: Path, target: Path) -> Path:
        seen[target.name] = self.stat().st_mode & 0o777
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", spy)
    pair = CertificateFolder(tmp_path).consumer
    write_identity(pair, identity)
    write_keystore(pair.keystore, identity, ())
    assert seen == {"consumer.key": 0o600, "consumer.crt": 0o644, "consumer.p12": 0o600}
    assert pair.key.stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    own: CertificateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = read_authority(own)
    before = own.consumer.key.read_bytes()
    listing = sorted(own.consumer.key.parent.iterdir())

    def no_space(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_space)
    with pytest.raises(OSError, match="No space left"):
        write_identity(own.consumer, identity)
    assert own.consumer.key.read_bytes() == before
    assert sorted(own.consumer.key.parent.iterdir()) == listing


_READERS: list[tuple[Callable[[CertificateFolder], Path], Callable[[CertificateFolder], object], str]] = [
    (
        lambda f: f.chain,
        lambda f: read_certificates(f.chain),
        "chain.pem holds no certificate that can be read",
    ),
    (
        lambda f: f.authority_sub.key,
        read_authority,
        "sub.key holds no unencrypted private key that can be read",
    ),
    (lambda f: f.crl, read_crl, "crl.pem holds no revocation list that can be read"),
]


@pytest.mark.parametrize(("path", "read", "reason"), _READERS)
def test_a_file_that_holds_something_else_is_named(
    path: Callable[[CertificateFolder], Path],
    read: Callable[[CertificateFolder], object],
    reason: str,
    own: CertificateFolder,
) -> None:
    path(own).write_bytes(b"\xff not PEM at all")
    with pytest.raises(PkiError, match=reason):
        read(own)


@pytest.mark.parametrize(("path", "read", "reason"), _READERS)
def test_a_file_that_is_missing_is_named_with_the_way_out(
    path: Callable[[CertificateFolder], Path],
    read: Callable[[CertificateFolder], object],
    reason: str,
    own: CertificateFolder,
) -> None:
    path(own).unlink()
    with pytest.raises(PkiError, match=rf"{path(own).name} is missing, `certs init`"):
        read(own)


def test_a_key_of_another_certificate_is_refused(own: CertificateFolder) -> None:
    own.authority_sub.key.write_bytes(own.authority_root.key.read_bytes())
    with pytest.raises(PkiError, match=r"sub\.key is not the key of .*sub\.crt"):
        read_authority(own)


def test_a_crl_of_another_authority_is_refused(own: CertificateFolder) -> None:
    own.authority_sub.certificate.write_bytes(own.authority_root.certificate.read_bytes())
    with pytest.raises(PkiError, match=r"crl\.pem is not signed by .*sub\.crt"):
        read_crl(own)


def test_a_folder_without_a_pki_is_not_even_locked(own: CertificateFolder, tmp_path: Path) -> None:
    empty = CertificateFolder(tmp_path / "empty")
    empty.root.mkdir()
    with pytest.raises(PkiError, match=r"there is no PKI in .*empty, `certs init` makes one"), exclusively(empty):
        pass
    assert list(empty.root.iterdir()) == []


def test_something_other_than_a_folder_is_refused(own: CertificateFolder, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(PkiError, match="file is not a folder"), exclusively(CertificateFolder(file), create=True):
        pass
