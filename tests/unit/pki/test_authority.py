from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from ssp_emulator.pki.authority import (
    AUTHORITY_LIFETIME,
    CRL_LIFETIME,
    LEAF_LIFETIME,
    LOCAL_NAMES,
    Identity,
    Purpose,
    is_issued_by,
    issue_leaf,
    make_crl,
    make_root,
    make_sub,
    reserved_serial,
    revocation_entry,
)

_DAY = timedelta(days=1)
_FQDN = "party.example.nhs.uk"


@pytest.fixture(scope="module")
def root(now: datetime) -> Identity:
    return make_root(now)


@pytest.fixture(scope="module")
def sub(root: Identity, now: datetime) -> Identity:
    return make_sub(root, now)


@pytest.fixture(scope="module")
def leaves(sub: Identity, now: datetime) -> dict[Purpose, Identity]:
    return {
        purpose: issue_leaf(sub, _FQDN, purpose, not_before=now - _DAY, not_after=now + LEAF_LIFETIME, also=LOCAL_NAMES)
        for purpose in Purpose
    }


def test_the_authorities_look_like_the_spines(root: Identity, sub: Identity, now: datetime) -> None:
    names = [
        identity.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value for identity in (root, sub)
    ]
    assert names == ["NHS Level 1D - Root Authority - Emulated", "NHS Level 1D - SubCA - Emulated"]
    for identity, path_length in ((root, 1), (sub, 0)):
        certificate = identity.certificate
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert (constraints.critical, constraints.value) == (True, x509.BasicConstraints(True, path_length))
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)
        assert identity.key.key_size == 2048
        assert certificate.not_valid_before_utc == now.replace(microsecond=0) - _DAY
        assert certificate.not_valid_after_utc == now.replace(microsecond=0) + AUTHORITY_LIFETIME


def test_a_private_key_stays_out_of_the_repr(sub: Identity) -> None:
    assert "key" not in repr(sub)


@pytest.mark.parametrize("used_as", Purpose)
@pytest.mark.parametrize("issued_for", Purpose)
def test_a_leaf_serves_its_own_purpose_only(
    issued_for: Purpose,
    used_as: Purpose,
    root: Identity,
    sub: Identity,
    leaves: dict[Purpose, Identity],
    now: datetime,
) -> None:
    policy = PolicyBuilder().store(Store([root.certificate])).time(now)
    verifier = (
        policy.build_client_verifier()
        if used_as is Purpose.CLIENT
        else policy.build_server_verifier(x509.DNSName(_FQDN))
    )
    leaf = leaves[issued_for].certificate
    if issued_for is used_as:
        verifier.verify(leaf, [sub.certificate])
    else:
        with pytest.raises(VerificationError, match="required EKU not found"):
            verifier.verify(leaf, [sub.certificate])


@pytest.mark.parametrize("name", [x509.DNSName(_FQDN), *LOCAL_NAMES])
def test_a_server_is_known_by_each_of_its_names(
    name: x509.DNSName | x509.IPAddress,
    root: Identity,
    sub: Identity,
    leaves: dict[Purpose, Identity],
    now: datetime,
) -> None:
    verifier = PolicyBuilder().store(Store([root.certificate])).time(now).build_server_verifier(name)
    verifier.verify(leaves[Purpose.SERVER].certificate, [sub.certificate])


def test_a_server_is_not_known_by_another_name(
    root: Identity, sub: Identity, leaves: dict[Purpose, Identity], now: datetime
) -> None:
    policy = PolicyBuilder().store(Store([root.certificate])).time(now)
    verifier = policy.build_server_verifier(x509.DNSName("other.example.nhs.uk"))
    with pytest.raises(VerificationError, match="leaf certificate has no matching subjectAltName"):
        verifier.verify(leaves[Purpose.SERVER].certificate, [sub.certificate])


@pytest.mark.parametrize(
    ("fqdn", "common_name"),
    [
        ("a" * 61 + ".uk", "a" * 61 + ".uk"),
        ("a" * 62 + ".uk", None),
    ],
    ids=["64 characters", "65 characters"],
)
@pytest.mark.usefixtures("quick_keys")
def test_a_name_too_long_for_a_cn_is_in_the_san_alone(
    fqdn: str, common_name: str | None, sub: Identity, now: datetime
) -> None:
    leaf = issue_leaf(sub, fqdn, Purpose.CLIENT, not_before=now, not_after=now + _DAY).certificate
    found = [name.value for name in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    assert found == ([] if common_name is None else [common_name])
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [fqdn]
    assert len(leaf.subject.rdns) > 0


def test_a_crl_names_its_issuer_its_number_and_its_times(sub: Identity, now: datetime) -> None:
    crl = make_crl(sub, [revocation_entry(77, now)], number=4, now=now)
    second = now.replace(microsecond=0)
    assert crl.issuer == sub.certificate.subject
    assert crl.is_signature_valid(sub.certificate.public_key())  # type: ignore[arg-type]
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 4
    assert (crl.last_update_utc, crl.next_update_utc) == (second - _DAY, second + CRL_LIFETIME)
    assert [(entry.serial_number, entry.revocation_date_utc) for entry in crl] == [(77, second)]


def test_a_reserved_serial_follows_from_the_key_and_can_be_in_a_certificate(
    root: Identity, sub: Identity, now: datetime
) -> None:
    serial = reserved_serial(sub.certificate)
    leaf = issue_leaf(sub, "a.test", Purpose.SERVER, not_before=now, not_after=now + _DAY, serial=serial).certificate
    assert reserved_serial(sub.certificate) == serial == leaf.serial_number
    assert reserved_serial(make_sub(root, now).certificate) != serial
    assert 0 < serial < 2**159


def test_an_issuer_is_told_by_its_key_and_not_by_its_name(
    root: Identity, sub: Identity, leaves: dict[Purpose, Identity], now: datetime
) -> None:
    leaf = leaves[Purpose.CLIENT].certificate
    same_name = make_sub(root, now).certificate
    assert same_name.subject == sub.certificate.subject
    assert is_issued_by(leaf, sub.certificate)
    assert not is_issued_by(leaf, same_name)
    assert not is_issued_by(leaf, root.certificate)
