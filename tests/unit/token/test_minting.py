"""Tokens as we make them are tokens as we read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ssp_emulator.directory.model import Organisation
from ssp_emulator.token.minting import Purpose, claims_for, signed, unsigned
from ssp_emulator.token.reading import read
from ssp_emulator.token.signing import VerificationKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.token.rules import Expected

HOSPITAL = Organisation("A1001", "Example Hospital")


def moment(expected: Expected) -> datetime:
    return datetime.fromtimestamp(expected.now, UTC)


@pytest.mark.parametrize("reason", ["directcare", "migration"])
def test_a_minted_token_has_no_fault(reason: str, expected: Expected) -> None:
    purpose = Purpose(expected.root, "patient/*.read", reason)
    token = unsigned(claims_for(purpose, HOSPITAL, "https://consumer.example.nhs.uk", moment(expected)))
    reading = read(f"Bearer {token}", expected)
    assert reading.faults == ()
    assert reading.claims is not None
    assert (reading.claims.organisation, reading.claims.reason) == ("A1001", reason)


def test_a_minted_token_is_read_by_others_too_and_ends_with_its_dot(expected: Expected) -> None:
    claims = claims_for(Purpose(expected.root, "patient/*.read"), HOSPITAL, "https://c", moment(expected))
    token = unsigned(claims)
    assert token.endswith(".")
    assert token.count(".") == 2
    assert jwt.get_unverified_header(token) == {"alg": "none", "typ": "JWT"}
    assert jwt.decode(token, options={"verify_signature": False}) == claims


def test_its_times_are_whole_seconds_whatever_the_time_zone(expected: Expected) -> None:
    elsewhere = moment(expected).astimezone(timezone(timedelta(hours=5, minutes=30)))
    claims = claims_for(Purpose(expected.root, "patient/*.read"), HOSPITAL, "https://c", elsewhere)
    assert (claims["iat"], claims["exp"]) == (int(expected.now), int(expected.now) + 300)


def test_for_another_purpose_it_is_refused(expected: Expected) -> None:
    purpose = Purpose("https://other.example.nhs.uk", "patient/*.write")
    token = unsigned(claims_for(purpose, HOSPITAL, "https://c", moment(expected)))
    faults = read(f"Bearer {token}", expected._replace(now=expected.now + 300)).faults
    assert [fault.claim for fault in faults] == ["exp", "aud", "requested_scope"]


RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
KINDS: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "RSA": (lambda: rsa.generate_private_key(65537, 2048), RSA),
    "P-256": (lambda: ec.generate_private_key(ec.SECP256R1()), ("ES256",)),
    "P-384": (lambda: ec.generate_private_key(ec.SECP384R1()), ("ES384",)),
    "P-521": (lambda: ec.generate_private_key(ec.SECP521R1()), ("ES512",)),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, ("EdDSA",)),
}
NO_KEY = "should be a private key (PEM), such as `openssl genpkey` makes"
PASSWORD = "should have no password: `openssl pkey -in FILE` prints it without"
SUPPORTED = "should be an RSA key of 2048 bits or more, an EC key on P-256, P-384 or P-521, or an Ed25519 key, found "


@cache
def private(kind: str) -> Any:
    return KINDS[kind][0]()


def pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8, password: bytes | None = None) -> bytes:
    hidden = NoEncryption() if password is None else BestAvailableEncryption(password)
    return key.private_bytes(Encoding.PEM, form, hidden)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("named", [False, True], ids=["the usual algorithm", "each that goes with the key"])
def test_a_signed_token_has_no_fault_for_a_sender_with_its_key(kind: str, named: bool, expected: Expected) -> None:
    claims = claims_for(Purpose(expected.root, "patient/*.read"), HOSPITAL, "https://c", moment(expected))
    key = VerificationKey(private(kind).public_key())
    for algorithm in KINDS[kind][1] if named else (None,):
        token = signed(claims, pem(private(kind)), algorithm)
        assert jwt.get_unverified_header(token) == {"alg": algorithm or KINDS[kind][1][0], "typ": "JWT"}
        assert jwt.decode(token, options={"verify_signature": False}) == claims
        assert read(f"Bearer {token}", expected._replace(key=key)).faults == ()


@pytest.mark.parametrize("kind", ["RSA", "P-256"])
def test_a_key_may_be_in_its_older_form(kind: str) -> None:
    token = signed({"sub": "1"}, pem(private(kind), PrivateFormat.TraditionalOpenSSL))
    assert jwt.decode(token, private(kind).public_key(), [KINDS[kind][1][0]], options={"verify_exp": False})


@pytest.mark.parametrize(
    ("kind", "algorithm", "problem"),
    [
        ("P-256", "RS256", "should be a key for RS256, found one for ES256"),
        ("P-256", "ES384", "should be a key for ES384, found one for ES256"),
        ("RSA", "HS256", f"should be a key for HS256, found one for {', '.join(RSA)}"),
        ("Ed25519", "none", "should be a key for none, found one for EdDSA"),
        ("P-384", "", "should be a key for , found one for ES384"),
    ],
)
def test_a_key_signs_with_its_own_algorithms_only(kind: str, algorithm: str, problem: str) -> None:
    assert refusal(pem(private(kind)), algorithm) == problem


@pytest.mark.parametrize(
    ("key_pem", "problem"),
    [
        (b"", NO_KEY),
        (b"secret", NO_KEY),
        (b"\xff\xfe", NO_KEY),
        (pem(private("P-256"))[:90], NO_KEY),
        (private("RSA").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), NO_KEY),
        (pem(private("RSA"), password=b"changeit"), PASSWORD),
        (pem(private("P-256"), PrivateFormat.TraditionalOpenSSL, b"changeit"), PASSWORD),
        (pem(rsa.generate_private_key(65537, 1024)), f"{SUPPORTED}an RSA key of 1024 bits"),
        (pem(ec.generate_private_key(ec.SECP256K1())), f"{SUPPORTED}an EC key on secp256k1"),
        (pem(x25519.X25519PrivateKey.generate()), f"{SUPPORTED}a key of another kind"),
    ],
    ids=[
        "nothing", "text", "bytes", "cut", "a public key", "a password", "a password, older form", "RSA 1024",
        "secp256k1", "X25519",
    ],
)  # fmt: skip
def test_what_cannot_sign_is_told_why(key_pem: bytes, problem: str) -> None:
    assert refusal(key_pem, None) == problem


def refusal(key_pem: bytes, algorithm: str | None) -> str:
    with pytest.raises(ValueError, match="should") as caught:
        signed({"sub": "1"}, key_pem, algorithm)
    return str(caught.value)
