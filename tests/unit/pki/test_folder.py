from __future__ import annotations

from pathlib import Path

from ssp_emulator.pki.authority import Role
from ssp_emulator.pki.folder import INVALID_NAMES, CertificateFolder, KeyPair

_FOLDER = CertificateFolder(Path("certs"))


def test_the_layout_is_what_the_documentation_says() -> None:
    invalid = ("expired", "not-yet-valid", "untrusted", "revoked", "wrong-fqdn")
    expected = {
        *("certs/ca/root.crt", "certs/ca/root.key", "certs/ca/sub.crt", "certs/ca/sub.key"),
        *("certs/ca/chain.pem", "certs/ca/crl.pem"),
        *("certs/ssp/server.crt", "certs/ssp/server.key", "certs/ssp/client.crt", "certs/ssp/client.key"),
        *("certs/consumer/consumer.crt", "certs/consumer/consumer.key", "certs/consumer/consumer.p12"),
        *("certs/provider/provider.crt", "certs/provider/provider.key"),
        *(f"certs/invalid/{name}.{ending}" for name in invalid for ending in ("crt", "key")),
    }
    assert {path.as_posix() for path in _FOLDER.files} == expected
    assert invalid == INVALID_NAMES
    assert len(_FOLDER.files) == len(expected)


def test_the_authority_comes_last_as_it_says_that_all_is_there() -> None:
    assert {path.parent.name for path in _FOLDER.files[-6:]} == {"ca"}
    assert "ca" not in {path.parent.name for path in _FOLDER.files[:-6]}


def test_each_pair_is_known_by_name() -> None:
    assert _FOLDER.ssp_server == KeyPair(Path("certs/ssp/server.crt"), Path("certs/ssp/server.key"))
    assert _FOLDER.ssp_client.certificate == Path("certs/ssp/client.crt")
    assert _FOLDER.consumer.keystore == Path("certs/consumer/consumer.p12")
    assert _FOLDER.provider.key == Path("certs/provider/provider.key")
    assert _FOLDER.invalid("wrong-fqdn").key == Path("certs/invalid/wrong-fqdn.key")


def test_the_dots_of_a_name_are_kept_in_its_files() -> None:
    pair = _FOLDER.issued(Role.CONSUMER, "lab.example.nhs.uk")
    assert pair.certificate == Path("certs/consumer/lab.example.nhs.uk.crt")
    assert pair.keystore == Path("certs/consumer/lab.example.nhs.uk.p12")
