"""Signed tokens: which keys are taken, for which algorithms, and what is wrong with a signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssp_emulator.token.parsing import Fault, TokenError, parse
from ssp_emulator.token.signing import VerificationKey, algorithms_of, signature_fault

if TYPE_CHECKING:
    from collections.abc import Callable

RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
KINDS: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "RSA": (lambda: rsa.generate_private_key(65537, 2048), RSA),
    "P-256": (lambda: ec.generate_private_key(ec.SECP256R1()), ("ES256",)),
    "P-384": (lambda: ec.generate_private_key(ec.SECP384R1()), ("ES384",)),
    "P-521": (lambda: ec.generate_private_key(ec.SECP521R1()), ("ES512",)),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, ("EdDSA",)),
}
EACH = [(kind, algorithm) for kind, (_, algorithms) in KINDS.items() for algorithm in algorithms]
EVERY = {*jwt.PyJWS().get_algorithms(), "ES256K", "None", "rs256", "HS256 ", "dir", ""}

SUPPORTED = "should be an RSA key of 2048 bits or more, an EC key on P-256, P-384 or P-521, or an Ed25519 key, found "
PRIVATE = (
    "should be a public key, and is a private one, which belongs nowhere but with the sender: "
    "put in what `openssl pkey -in FILE -pubout` makes of it"
)
ONE = "should be the PEM of one public key or certificate, after `|` and on lines of its own, found "
UNREADABLE = "is PEM that cannot be read: copy it again, each of its lines on a line of its own"
ANOTHER_KEY = Fault(
    "JWT signature", "should be made over this token with the key that is registered for the sender", False, True
)


@cache
def private(kind: str) -> Any:
    return KINDS[kind][0]()


def pem_of(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: Any, encoding: PrivateFormat = PrivateFormat.PKCS8, password: bytes | None = None) -> str:
    hidden = NoEncryption() if password is None else BestAvailableEncryption(password)
    return key.private_bytes(Encoding.PEM, encoding, hidden).decode()


def certificate(key: Any, *, ended: bool = False) -> str:
    end = datetime(2001, 1, 1, tzinfo=UTC) if ended else datetime(2101, 1, 1, tzinfo=UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "consumer.example.nhs.uk")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(end - timedelta(days=1))
        .not_valid_after(end)
        .sign(private("P-256"), hashes.SHA256())
    )
    return built.public_bytes(Encoding.PEM).decode()


def key_of(kind: str) -> VerificationKey:
    return VerificationKey.from_pem(pem_of(private(kind)))


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(kind: str, algorithm: str, **header: Any) -> str:
    """A token that PyJWT has signed, without the scheme."""
    return jwt.encode({"sub": "1"}, private(kind), algorithm=algorithm, headers=header)


def made(header: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token of our own making, signed over just what is written."""
    start = f"{b64(json.dumps(header).encode())}.{b64(b'{}')}"
    return f"{start}.{b64(sign(start.encode()))}"


def fault_of(token: str, kind: str = "RSA") -> Fault | None:
    return signature_fault(parse(f"Bearer {token}"), key_of(kind))


def refusal(read: Callable[[Any], object], value: object) -> str:
    """What is said of a value that is refused."""
    with pytest.raises(ValueError, match=r"should be|cannot be read") as caught:
        read(value)
    return str(caught.value)


# Keys


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text_of",
    [pem_of, certificate, lambda key: certificate(key, ended=True), lambda key: f"subject=x\n\n{pem_of(key)}\n\n"],
    ids=["public key", "certificate", "certificate that has ended", "with words around it"],
)
def test_the_keys_type_alone_decides_the_algorithms(kind: str, text_of: Callable[[Any], str]) -> None:
    key = VerificationKey.from_pem(text_of(private(kind)))
    assert key.algorithms == KINDS[kind][1]
    assert key == VerificationKey(private(kind).public_key())


def test_an_rsa_public_key_may_be_in_its_own_form() -> None:
    text = private("RSA").public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    assert text.startswith("-----BEGIN RSA PUBLIC KEY-----")
    assert VerificationKey.from_pem(text) == key_of("RSA")


@pytest.mark.parametrize("kind", KINDS)
def test_no_type_of_key_goes_with_hmac_or_with_none(kind: str) -> None:
    assert not any(name.startswith("HS") or name.lower() == "none" for name in key_of(kind).algorithms)


def test_keys_are_equal_where_they_are_the_same_and_do_not_change_or_show_themselves() -> None:
    key, same, other = key_of("P-256"), key_of("P-256"), VerificationKey(KINDS["P-256"][0]().public_key())
    assert (key, hash(key)) == (same, hash(same))
    assert key != other
    assert repr(key) == "VerificationKey(algorithms=('ES256',))"
    with pytest.raises(FrozenInstanceError):
        key.algorithms = ("HS256",)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), "an RSA key of 1024 bits"),
        (lambda: rsa.generate_private_key(65537, 2047), "an RSA key of 2047 bits"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "an EC key on secp256k1"),
        (lambda: ec.generate_private_key(ec.SECP224R1()), "an EC key on secp224r1"),
        (ed448.Ed448PrivateKey.generate, "a key of another kind"),
        (x25519.X25519PrivateKey.generate, "a key of another kind"),
        (lambda: dsa.generate_private_key(1024), "a key of another kind"),
    ],
    ids=["RSA 1024", "RSA 2047", "secp256k1", "P-224", "Ed448", "X25519", "DSA"],
)
def test_other_keys_are_refused(key: Callable[[], Any], found: str) -> None:
    other = key()
    assert refusal(VerificationKey.from_pem, pem_of(other)) == SUPPORTED + found
    assert refusal(VerificationKey, other.public_key()) == SUPPORTED + found
    assert refusal(algorithms_of, other.public_key()) == SUPPORTED + found


@pytest.mark.parametrize(
    "text",
    [
        private_pem(private("RSA")),
        private_pem(private("RSA"), PrivateFormat.TraditionalOpenSSL),
        private_pem(private("P-256"), PrivateFormat.TraditionalOpenSSL),
        private_pem(private("P-256"), password=b"changeit"),
        private_pem(private("Ed25519"), PrivateFormat.OpenSSH),
        pem_of(private("RSA")) + private_pem(private("RSA")),
        certificate(private("RSA")) + private_pem(private("RSA")),
        private_pem(private("P-256"))[:60],
        "----BEGIN PRIVATE KEY----",
    ],
    ids=[
        "PKCS #8", "PKCS #1", "SEC 1", "encrypted", "OpenSSH", "after its public half", "after its certificate", "cut",
        "in a broken label",
    ],
)  # fmt: skip
def test_a_private_key_is_refused_and_nothing_of_it_is_said(text: str) -> None:
    assert refusal(VerificationKey.from_pem, text) == PRIVATE


def of_version(version: int, text: str) -> str:
    """A certificate that says it is of another version (0 is v1); cryptography has an error of its own for that."""
    der = x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)
    changed = der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01" + bytes([version]), 1)
    assert changed != der
    return f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(changed).decode()}-----END CERTIFICATE-----\n"


P256 = pem_of(private("P-256"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", f"{ONE}none"),
        ("secret", f"{ONE}none"),
        ("/etc/token.pem", f"{ONE}none"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI", f"{ONE}none"),
        ('{"kty":"oct","k":"c2VjcmV0"}', f"{ONE}none"),
        (P256 + P256, f"{ONE}2 of them"),
        (P256 + certificate(private("P-256")), f"{ONE}2 of them"),
        (P256.replace("PUBLIC KEY", "CERTIFICATE REQUEST"), f"{ONE}another kind of PEM"),
        (P256.replace("PUBLIC KEY", "DSA PARAMETERS"), f"{ONE}another kind of PEM"),
        (P256.replace("PUBLIC KEY", "CERTIFICATE"), UNREADABLE),
        (certificate(private("P-256")).replace("CERTIFICATE", "PUBLIC KEY"), UNREADABLE),
        (P256.replace("M", "N", 1), UNREADABLE),
        ("\n".join(P256.splitlines()[:-1]), UNREADABLE),
        ("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", UNREADABLE),
        (P256.replace("M", "é", 1), UNREADABLE),
        (of_version(3, certificate(private("P-256"))), UNREADABLE),
    ],
    ids=[
        "empty", "a secret", "a file", "OpenSSH", "a JSON Web Key", "two", "two kinds", "a request", "parameters",
        "a key called certificate", "a certificate called key", "broken DER", "no end", "nothing between", "no ASCII",
        "a certificate of version 4",
    ],
)  # fmt: skip
def test_what_is_no_key_is_told_what_would_be_one(text: str, problem: str) -> None:
    assert refusal(VerificationKey.from_pem, text) == problem


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # cryptography goes on to read such a certificate
@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([P256, certificate(private("P-256")), pem_of(private("RSA"))]),
    st.integers(0, 2000),
    st.characters(max_codepoint=255),
)
def test_a_damaged_key_is_another_key_or_a_value_error(text: str, place: int, letter: str) -> None:
    place %= len(text)
    try:
        key = VerificationKey.from_pem(text[:place] + letter + text[place + 1 :])
    except ValueError as error:
        said = str(error)
    else:
        said = " or ".join(key.algorithms)
    assert said in (UNREADABLE, "ES256", " or ".join(RSA)) or said.startswith((SUPPORTED, ONE))


# Signatures


@pytest.mark.parametrize(("kind", "algorithm"), EACH)
def test_a_signature_by_the_registered_key_is_good(kind: str, algorithm: str) -> None:
    assert fault_of(signed(kind, algorithm), kind) is None


@pytest.mark.parametrize(("kind", "algorithm"), EACH)
def test_a_signature_by_another_key_of_the_type_is_not(kind: str, algorithm: str) -> None:
    token = jwt.encode({"sub": "1"}, KINDS[kind][0](), algorithm=algorithm)
    assert fault_of(token, kind) == ANOTHER_KEY


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("algorithm", sorted(EVERY))
def test_an_algorithm_that_is_not_the_keys_is_refused_before_any_arithmetic(kind: str, algorithm: str) -> None:
    permitted = KINDS[kind][1]
    fault = fault_of(made({"alg": algorithm}, lambda _: b"x"), kind)
    one_of = f"{', '.join(RSA[:-1])} or PS512" if kind == "RSA" else permitted[0]
    wrong = Fault("alg", f"should be {one_of}: this sender's tokens are signed", False, True)
    assert fault == (ANOTHER_KEY if algorithm in permitted else wrong)
    if algorithm not in permitted:
        assert key_of(kind).verifies(algorithm, b"", b"") is False


@pytest.mark.parametrize("header", [{}, {"alg": None}, {"alg": ["RS256"]}, {"alg": {}}, {"alg": 256}, {"alg": True}])
def test_alg_is_there_and_is_text(header: dict[str, Any]) -> None:
    fault = fault_of(made(header, lambda data: jwt.get_algorithm_by_name("RS256").sign(data, private("RSA"))))
    assert fault is not None
    assert (fault.claim, fault.refused_always) == ("alg", True)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize(
    "secret",
    [
        pem_of(private("RSA")).encode(),
        pem_of(private("RSA")).strip().encode(),
        private("RSA").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        certificate(private("RSA")).encode(),
        b"",
    ],
    ids=["PEM", "PEM stripped", "DER", "certificate", "empty"],
)
def test_the_public_key_is_no_shared_secret(secret: bytes, digest: str) -> None:
    token = made({"alg": f"HS{digest[3:]}"}, lambda data: hmac.digest(secret, data, digest))
    fault = fault_of(token)
    assert fault is not None
    assert str(fault) == ("alg should be RS256, RS384, RS512, PS256, PS384 or PS512: this sender's tokens are signed")


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ({"crit": ["exp"]}, "crit should not be there: no extension is understood"),
        ({"crit": []}, "crit should not be there: no extension is understood"),
        ({"crit": None}, "crit should not be there: no extension is understood"),
        ({"crit": ["b64"], "b64": False}, "crit should not be there: no extension is understood"),
        ({"b64": False}, "b64 should not be there: the claims are signed as base64url"),
        ({"b64": "false"}, "b64 should not be there: the claims are signed as base64url"),
        ({"b64": 1}, "b64 should not be there: the claims are signed as base64url"),
        ({"b64": True}, None),
        ({"kid": "../../dev/null", "jku": "https://attacker.example/jwks.json"}, None),
    ],
)
def test_what_the_header_may_ask_for(header: dict[str, Any], fault: str | None) -> None:
    sign = jwt.get_algorithm_by_name("ES256").sign
    found = fault_of(made({"alg": "ES256", **header}, lambda data: sign(data, private("P-256"))), "P-256")
    assert (str(found) if found is not None else None) == fault
    assert found is None or found.refused_always


def test_an_empty_signature_is_told_apart() -> None:
    fault = fault_of(made({"alg": "RS256"}, lambda _: b""))
    assert fault == Fault("JWT signature", "is empty: this sender's tokens are signed", False, True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_letters_spare_bits_are_zero(kind: str) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = signed(kind, KINDS[kind][1][0])
    others = [token[:-1] + letter for letter in alphabet if letter != token[-1]]
    assert {fault_of(other, kind) for other in others} == {ANOTHER_KEY}


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521"])
def test_an_ecdsa_signature_is_two_numbers_of_full_length_and_no_der(kind: str) -> None:
    algorithm = KINDS[kind][1][0]
    chosen = {"ES256": hashes.SHA256(), "ES384": hashes.SHA384(), "ES512": hashes.SHA512()}[algorithm]
    assert (
        fault_of(made({"alg": algorithm}, lambda data: private(kind).sign(data, ec.ECDSA(chosen))), kind) == ANOTHER_KEY
    )
    raw = jwt.get_algorithm_by_name(algorithm).sign
    for longer in (lambda s: s + b"\0", lambda s: b"\0" + s, lambda s: bytes(len(s))):
        token = made({"alg": algorithm}, lambda data, longer=longer: longer(raw(data, private(kind))))
        assert fault_of(token, kind) == ANOTHER_KEY


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(EACH), st.binary(max_size=600))
def test_no_signature_brings_the_arithmetic_down(which: tuple[str, str], signature: bytes) -> None:
    kind, algorithm = which
    assert key_of(kind).verifies(algorithm, b"e30.e30", signature) is False


TOKENS = {algorithm: (kind, signed(kind, algorithm)) for kind, algorithm in EACH}


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(sorted(TOKENS)), st.integers(0, 10_000), st.integers(1, 255))
@example("RS256", -1, 1)
@example("ES256", -1, 1)
@example("EdDSA", -1, 1)
def test_a_token_of_which_any_byte_is_changed_never_passes(algorithm: str, place: int, flip: int) -> None:
    kind, good = TOKENS[algorithm]
    raw = bytearray(good.encode())
    raw[place % len(raw)] ^= flip
    assert fault_of(good, kind) is None
    try:
        fault = fault_of(raw.decode("latin-1"), kind)
    except TokenError:
        return  # no longer a token
    assert fault is not None
    assert fault.refused_always


def test_a_hash_of_the_same_length_is_no_signature() -> None:
    assert fault_of(made({"alg": "EdDSA"}, lambda data: hashlib.sha512(data).digest()), "Ed25519") == ANOTHER_KEY
