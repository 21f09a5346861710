from __future__ import annotations

import shutil
import ssl
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from ssp_emulator.pki import initialising
from ssp_emulator.pki.errors import PkiError
from ssp_emulator.pki.files import read_certificates
from ssp_emulator.pki.folder import INVALID_NAMES, CertificateFolder, KeyPair
from ssp_emulator.pki.initialising import ensure, initialise
from ssp_emulator.pki.listing import list_leaves
from ssp_emulator.pki.names import Names

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_STATUSES = {
    "ssp/client.crt": "valid",
    "ssp/server.crt": "valid",
    "consumer/consumer.crt": "valid",
    "provider/provider.crt": "valid",
    "invalid/expired.crt": "expired",
    "invalid/not-yet-valid.crt": "not yet valid",
    "invalid/revoked.crt": "revoked",
    "invalid/untrusted.crt": "untrusted",
    "invalid/wrong-fqdn.crt": "valid",
}


def statuses(folder: CertificateFolder, now: datetime) -> dict[str, str]:
    return {leaf.path: leaf.status.value for leaf in list_leaves(folder, now=now)}


def pairs(folder: CertificateFolder) -> list[KeyPair]:
    leaves = [folder.ssp_server, folder.ssp_client, folder.consumer, folder.provider]
    return [*leaves, *map(folder.invalid, INVALID_NAMES)]


def without_hidden(folder: CertificateFolder) -> set[Path]:
    return {path for path in folder.root.rglob("*") if path.is_file() and path != folder.lock}


def test_it_makes_the_whole_layout_and_nothing_else(shared: CertificateFolder) -> None:
    assert without_hidden(shared) == set(shared.files)


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (lambda f: f.ssp_server, None),
        (lambda f: f.ssp_client, None),
        (lambda f: f.consumer, None),
        (lambda f: f.provider, None),
        (lambda f: f.invalid("wrong-fqdn"), None),
        (lambda f: f.invalid("expired"), "certificate has expired"),
        (lambda f: f.invalid("not-yet-valid"), "certificate is not yet valid"),
        (lambda f: f.invalid("untrusted"), "unable to get local issuer certificate"),
        (lambda f: f.invalid("revoked"), "certificate revoked"),
    ],
)
def test_openssl_finds_each_leaf_as_it_is_meant(
    leaf: Callable[[CertificateFolder], KeyPair],
    expected: str | None,
    shared: CertificateFolder,
    refusal: Callable[..., str | None],
) -> None:
    found = refusal(shared, leaf(shared))
    assert found is None if expected is None else (found or "").startswith(expected)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (timedelta(hours=-23), None),
        (timedelta(hours=-25), "not yet valid"),
        (timedelta(days=5 * 365), None),
        (timedelta(days=5 * 365 + 2), "expired"),
    ],
)
def test_a_leaf_is_good_from_a_day_before_to_five_years_after(
    later: timedelta,
    expected: str | None,
    shared: CertificateFolder,
    refusal: Callable[..., str | None],
    now: datetime,
) -> None:
    found = refusal(shared, shared.consumer, at=now + later)
    assert found is None if expected is None else expected in (found or "")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl command")
@pytest.mark.parametrize(("purpose", "good"), [("sslclient", True), ("sslserver", False)])
def test_the_openssl_command_agrees_on_the_consumer(
    purpose: str, good: bool, shared: CertificateFolder, now: datetime
) -> None:
    at, leaf = str(int(now.timestamp())), str(shared.consumer.certificate)
    command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-attime", at, "-crl_check"]
    command += ["-CAfile", str(shared.chain), "-CRLfile", str(shared.crl), leaf]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is good
    assert good or "unsuitable certificate purpose" in done.stderr


def test_each_pair_loads_as_the_chain_and_key_of_a_tls_peer(shared: CertificateFolder) -> None:
    for pair in pairs(shared):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(pair.certificate, pair.key)
        assert len(read_certificates(pair.certificate)) == 2


def test_every_key_is_another(shared: CertificateFolder) -> None:
    keys = {path.read_bytes() for path in shared.files if path.suffix == ".key"}
    assert len(keys) == 11


def test_the_untrusted_one_is_told_from_the_others_by_its_signature_alone(shared: CertificateFolder) -> None:
    good, good_sub = read_certificates(shared.consumer.certificate)
    bad, bad_sub = read_certificates(shared.invalid("untrusted").certificate)
    assert (bad.subject, bad.issuer) == (good.subject, good.issuer)
    assert (bad_sub.subject, bad_sub.issuer) == (good_sub.subject, good_sub.issuer)
    assert bad_sub.public_key() != good_sub.public_key()


def test_private_files_are_for_their_owner_and_certificates_for_everyone(shared: CertificateFolder) -> None:
    modes = {path.suffix: set[int]() for path in shared.files}
    for path in shared.files:
        modes[path.suffix].add(path.stat().st_mode & 0o777)
    assert modes == {".key": {0o600}, ".p12": {0o600}, ".crt": {0o644}, ".pem": {0o644}}


def test_the_keystore_opens_with_its_password_and_holds_the_chain(shared: CertificateFolder) -> None:
    store = pkcs12.load_pkcs12(shared.consumer.keystore.read_bytes(), b"changeit")
    leaf, sub = read_certificates(shared.consumer.certificate)
    assert store.cert is not None
    assert store.cert.certificate == leaf
    root = read_certificates(shared.authority_root.certificate)[0]
    assert [extra.certificate for extra in store.additional_certs] == [sub, root]
    assert store.key is not None
    assert (
        store.key.public_key()
        == load_pem_private_key(shared.consumer.key.read_bytes(), None).public_key()  # same as the .key
    )


@pytest.mark.parametrize("password", [b"Changeit", None])
def test_the_keystore_does_not_open_with_another_password(password: bytes | None, shared: CertificateFolder) -> None:
    with pytest.raises(ValueError, match="Invalid password"):
        pkcs12.load_pkcs12(shared.consumer.keystore.read_bytes(), password)


@pytest.mark.usefixtures("quick_keys")
def test_what_is_there_is_not_overwritten_and_is_named(tmp_path: Path, now: datetime) -> None:
    folder = CertificateFolder(tmp_path)
    folder.provider.key.parent.mkdir()
    folder.provider.key.write_text("mine")
    with pytest.raises(PkiError, match=r"provider\.key would be overwritten, `certs init --force`"):
        initialise(folder, Names(), now=now)
    assert without_hidden(folder) == {folder.provider.key}
    assert folder.provider.key.read_text() == "mine"


def test_a_whole_pki_is_not_overwritten(own: CertificateFolder, now: datetime) -> None:
    before = {path: path.read_bytes() for path in own.files}
    with pytest.raises(PkiError, match=r"server\.crt and 24 more would be overwritten"):
        initialise(own, Names(), now=now)
    assert {path: path.read_bytes() for path in own.files} == before


@pytest.mark.usefixtures("quick_keys")
def test_force_replaces_the_pki_and_leaves_the_files_of_others(own: CertificateFolder, now: datetime) -> None:
    before = {path: path.read_bytes() for path in own.files if path.suffix != ".key"}
    others = [own.root / "README.md", own.root / "consumer" / "notes.txt"]
    for path in others:
        path.write_text("not yours")
    assert initialise(own, Names(), now=now, force=True) == own.files
    assert [path for path, content in before.items() if path.read_bytes() == content] == []
    assert [path.read_text() for path in others] == ["not yours"] * 2
    assert statuses(own, now) == _STATUSES


@pytest.mark.usefixtures("quick_keys")
def test_the_parties_names_are_in_their_certificates(tmp_path: Path, now: datetime) -> None:
    folder = CertificateFolder(tmp_path)
    initialise(folder, Names("proxy.test", "asker.test", "holder.test"), now=now)
    assert {leaf.path: (leaf.common_name, leaf.names) for leaf in list_leaves(folder, now=now)} == {
        "ssp/client.crt": ("proxy.test", ("proxy.test",)),
        "ssp/server.crt": ("proxy.test", ("proxy.test", "localhost", "127.0.0.1", "::1")),
        "consumer/consumer.crt": ("asker.test", ("asker.test",)),
        "provider/provider.crt": ("holder.test", ("holder.test",)),
        "invalid/expired.crt": ("asker.test", ("asker.test",)),
        "invalid/not-yet-valid.crt": ("asker.test", ("asker.test",)),
        "invalid/revoked.crt": ("asker.test", ("asker.test",)),
        "invalid/untrusted.crt": ("asker.test", ("asker.test",)),
        "invalid/wrong-fqdn.crt": ("other.example.nhs.uk", ("other.example.nhs.uk",)),
    }


@pytest.mark.usefixtures("quick_keys")
def test_ensure_makes_a_pki_once(tmp_path: Path, now: datetime) -> None:
    folder = CertificateFolder(tmp_path / "new" / "certs")
    assert ensure(folder, Names(), now=now) is True
    before = {path: path.read_bytes() for path in folder.files}
    assert ensure(folder, Names(), now=now) is False
    assert {path: path.read_bytes() for path in folder.files} == before


def test_ensure_only_looks_at_a_whole_pki(own: CertificateFolder, now: datetime) -> None:
    own.lock.unlink()
    assert ensure(own, Names(), now=now) is False
    assert not own.lock.exists()


@pytest.mark.parametrize("name", ["ca/crl.pem", "consumer/consumer.p12", "invalid/expired.key"])
def test_ensure_refuses_a_half_made_folder(name: str, own: CertificateFolder, now: datetime) -> None:
    (own.root / name).unlink()
    with pytest.raises(PkiError, match=rf"{name} is missing .* put it back, or `certs init --force`"):
        ensure(own, Names(), now=now)
    assert not (own.root / name).exists()


@pytest.mark.usefixtures("quick_keys")
def test_a_making_that_fails_leaves_nothing(tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    folder = CertificateFolder(tmp_path)
    monkeypatch.setattr(initialising, "write_crl", no_space)
    with pytest.raises(OSError, match="No space left"):
        ensure(folder, Names(), now=now)
    assert sorted(tmp_path.iterdir()) == [folder.lock]


@pytest.mark.usefixtures("quick_keys")
def test_what_a_dead_process_was_still_making_is_made_anew(tmp_path: Path, now: datetime) -> None:
    folder = CertificateFolder(tmp_path)
    folder.making.ssp_server.key.parent.mkdir(parents=True)
    folder.making.ssp_server.key.write_text("half a key")
    assert ensure(folder, Names(), now=now) is True
    assert without_hidden(folder) == set(folder.files)
    assert statuses(folder, now) == _STATUSES


@pytest.mark.parametrize("moves", [0, 1, 12, 24])
@pytest.mark.parametrize("over_another", [False, True])
@pytest.mark.usefixtures("quick_keys")
def test_what_a_dead_process_had_made_is_put_in_place(
    moves: int,
    over_another: bool,
    own: CertificateFolder,
    tmp_path: Path,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = own if over_another else CertificateFolder(tmp_path / "fresh")
    moved = 0
    replace = Path.replace

    def dying(self: Path, target: Path) -> Path:
        nonlocal moved
        if folder.made.root in self.parents:
            if moved == moves:
                raise KeyboardInterrupt
            moved += 1
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dying)
        with pytest.raises(KeyboardInterrupt):
            initialise(folder, Names(consumer="new.test"), now=now, force=True)
    assert ensure(folder, Names(), now=now) is False
    assert without_hidden(folder) == set(folder.files)
    assert statuses(folder, now) == _STATUSES
    assert {leaf.common_name for leaf in list_leaves(folder, now=now)} >= {"new.test"}


def test_processes_that_start_together_end_with_one_pki(
    tmp_path: Path, now: datetime, refusal: Callable[..., str | None]
) -> None:
    code = """
import sys
from datetime import datetime
from pathlib import Path
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.pki.initialising import ensure
from ssp_emulator.pki.names import Names

sys.stdin.readline()
print(ensure(CertificateFolder(Path(sys.argv[1])), Names(), now=datetime.fromisoformat(sys.argv[2])))
"""
    folder = CertificateFolder(tmp_path / "certs")
    command = [sys.executable, "-c", code, str(folder.root), now.isoformat()]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = sorted(process.communicate()[0].strip() for process in processes)
    assert answers == ["False", "False", "True"]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert without_hidden(folder) == set(folder.files)
    assert statuses(folder, now) == _STATUSES
    assert refusal(folder, folder.consumer) is None
    for pair in pairs(folder):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(pair.certificate, pair.key)
