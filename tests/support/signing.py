"""Senders with keys of their own: the keys, tokens signed with them or wrong in any way, an emulator that knows them.

Source: RFC 7515, 3.1 and 7.1 (compact serialization); RFC 7518, 3.1 (algorithms).
"""

from __future__ import annotations

import base64
import hmac
import json
import string
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support import setup
from support.running import running as running_with
from support.tokens import part

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder
    from support.running import Running

    Sign = Callable[[bytes], bytes]

# One sender for each type of key; the attacker's keys are of the same types, and nobody has registered them.
MAKE: dict[str, Callable[[], Any]] = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}
KEYS = {kind: make() for kind, make in MAKE.items()}
ATTACKERS = {kind: make() for kind, make in MAKE.items()}
ASIDS = {kind: f"20000000020{place}" for place, kind in enumerate(MAKE)}
RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
EACH = [
    *(("RSA", algorithm) for algorithm in RSA_ALGORITHMS),
    ("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512"), ("Ed25519", "EdDSA"),
]  # fmt: skip


def public_pem(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate_of(key: Any) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "consumer.example.nhs.uk")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    start = datetime(2001, 1, 1, tzinfo=UTC)  # what counts is the key in it, and not its dates
    dated = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=1))
    return dated.sign(KEYS["P-256"], hashes.SHA256())


def compact(header: dict[str, Any], claims: Any, sign: Sign) -> str:
    """Write a token by hand, so that it can be wrong in any way."""
    start = f"{part(header)}.{part(claims)}"
    return f"{start}.{part(sign(start.encode()))}"


def by(algorithm: str, key: Any) -> Sign:
    return lambda data: jwt.get_algorithm_by_name(algorithm).sign(data, key)


def mac(digest: str, secret: bytes) -> Sign:
    return lambda data: hmac.digest(secret, data, digest)


def nothing(_: bytes) -> bytes:
    return b""


def good(claims: dict[str, Any], kind: str = "RSA", algorithm: str = "RS256", **header: Any) -> str:
    return compact({"alg": algorithm, "typ": "JWT", **header}, claims, by(algorithm, KEYS[kind]))


def parts_of(token: str) -> list[str]:
    return token.split(".")


def with_header(token: str, **changes: Any) -> str:
    header, claims, signature = parts_of(token)
    said = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    return f"{part({**said, **changes})}.{claims}.{signature}"


def with_spare_bit(token: str) -> str:
    """Change the last letter, and none of the bytes that it stands for: RSA's 256 leave four bits to spare."""
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    changed = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]
    assert base64.urlsafe_b64decode(changed[-342:] + "==") == base64.urlsafe_b64decode(token[-342:] + "==")
    return changed


def with_claims(token: str, claims: Any) -> str:
    header, _, signature = parts_of(token)
    return f"{header}.{part(claims)}.{signature}"


def running(
    folder: Path, certificates: CertificateFolder, port: int, mode: str = "enforce", pems: dict[str, str] | None = None
) -> AbstractAsyncContextManager[Running]:
    """Run an emulator at which each type of key has a sender of its own, beside the consumer without one."""
    registry = setup.registry(port)
    consumer = next(system for system in registry["systems"] if system["asid"] == setup.CONSUMER)
    for kind, asid in ASIDS.items():
        pem = (pems or {}).get(kind) or public_pem(KEYS[kind])
        party_key = f"A1001-{asid[-6:]}"
        registry["systems"].append({**consumer, "asid": asid, "party_key": party_key, "token_key": pem})
        agreement = {"from": asid, "to": setup.PROVIDER, "interactions": [setup.READ_BINARY]}
        registry["agreements"].append(agreement)
    return running_with(folder, certificates, port, registry=registry, token={"mode": mode})
