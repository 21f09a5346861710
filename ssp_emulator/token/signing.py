"""Signed tokens: the key that a sender is registered with, and what is wrong with the signature of its token.

PyJWT does the arithmetic; what it is asked to do is decided here, by the registered key and never by the token.

Source: RFC 7515, 4.1 and 5.2; RFC 7518, 3; RFC 8037, 3.1; RFC 8725, 3.1 to 3.3.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ssp_emulator.token.parsing import Fault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from ssp_emulator.token.parsing import Token

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_LEAST_RSA_BITS = 2048
_BY_CURVE = {"secp256r1": ("ES256",), "secp384r1": ("ES384",), "secp521r1": ("ES512",)}
_ED25519 = ("EdDSA",)

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
_CERTIFICATE = "CERTIFICATE"
_PUBLIC = frozenset({_CERTIFICATE, "PUBLIC KEY", "RSA PUBLIC KEY"})


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A sender's public key; `algorithms` are those that go with its type, and the only ones it is used for.

    HMAC is not among them for any type: a token cannot turn a public key into a shared secret by naming HS256.

    Takes a key of `cryptography`. Raises `ValueError`, a sentence on a value, where its type is none of these: RSA of
    2048 bits or more, EC on P-256, P-384 or P-521, Ed25519.

    Source: RFC 7518, 3.1, 3.3 (2048 bits), 3.4 (one algorithm a curve) and 3.5; RFC 8037, 3.1; RFC 8725, 3.1 and 3.2.
    """

    key: PublicKeyTypes = field(repr=False, hash=False)  # cryptography's keys have no hash
    algorithms: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Let the key's type decide the algorithms."""
        object.__setattr__(self, "algorithms", algorithms_of(self.key))

    @classmethod
    def from_pem(cls, text: str) -> Self:
        """Read a key out of the PEM of one public key, or of one X.509 certificate.

        Of a certificate only the key counts: who registers it vouches for it, and its dates and issuer are not looked
        at. Raises `ValueError`, a sentence on a value that holds nothing of the text, where it is anything else.

        Source: RFC 7468, 5 and 13; RFC 8017, A.1.1 (`RSA PUBLIC KEY`).
        """
        return cls(_public_key(text))

    def verifies(self, algorithm: str, signing_input: bytes, signature: bytes) -> bool:
        """Tell whether a signature was made over some bytes, by an algorithm, with this key's private half.

        False too where the algorithm is not one of this key's. Source: RFC 7515, 5.2.
        """
        if algorithm not in self.algorithms:
            return False
        return jwt.get_algorithm_by_name(algorithm).verify(signing_input, self.key, signature)


def algorithms_of(key: PublicKeyTypes) -> tuple[str, ...]:
    """Return the algorithms that go with a public key's type, the most usual one first.

    Raises `ValueError`, a sentence on a value, where the type is not supported. Source: RFC 7518, 3.1; RFC 8037, 3.1.
    """
    match key:
        case RSAPublicKey() if key.key_size >= _LEAST_RSA_BITS:
            return _RSA
        case RSAPublicKey():
            found = f"an RSA key of {key.key_size} bits"
        case EllipticCurvePublicKey() if key.curve.name in _BY_CURVE:
            return _BY_CURVE[key.curve.name]
        case EllipticCurvePublicKey():
            found = f"an EC key on {key.curve.name}"
        case Ed25519PublicKey():
            return _ED25519
        case _:
            found = "a key of another kind"
    raise _unsupported(found)


def signature_fault(token: Token, key: VerificationKey) -> Fault | None:
    """Return what is wrong with a token's signature or with what its header says of it; None where it is good.

    Keys that a token brings or points to (`jwk`, `jku`, `x5c`, `x5u`, `kid`) are not looked at: there is one key, the
    registered one.

    Source: RFC 7515, 4.1.1 (`alg`), 4.1.11 (`crit`), 5.2; RFC 7797, 3 (`b64`); RFC 8725, 3.1, 3.3 and 3.10.
    """
    header, algorithm = token.header, token.header.get("alg")
    if algorithm not in key.algorithms:  # compared with each of them: what is no text equals none
        return _fault("alg", f"should be {_one_of(key.algorithms)}: this sender's tokens are signed")
    if "crit" in header:
        return _fault("crit", "should not be there: no extension is understood")
    if header.get("b64", True) is not True:
        return _fault("b64", "should not be there: the claims are signed as base64url")
    if not token.signature:
        return _fault("JWT signature", "is empty: this sender's tokens are signed")
    if not (_is_canonical(token) and key.verifies(algorithm, token.signing_input, token.signature)):
        return _fault("JWT signature", "should be made over this token with the key that is registered for the sender")
    return None


def _fault(part: str, problem: str) -> Fault:
    return Fault(part, problem, refused_always=True)


def _is_canonical(token: Token) -> bool:
    # The last letter may have bits to spare, and no signature covers them. Source: RFC 4648, 3.5.
    return token.text.endswith("." + base64.urlsafe_b64encode(token.signature).rstrip(b"=").decode("ascii"))


def _one_of(names: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _public_key(text: str) -> PublicKeyTypes:
    if "PRIVATE KEY" in text:  # in a label that is broken too
        raise ValueError(
            "should be a public key, and is a private one, which belongs nowhere but with the sender: "
            "put in what `openssl pkey -in FILE -pubout` makes of it"
        )
    labels = _BLOCK.findall(text)
    if len(labels) != 1 or labels[0] not in _PUBLIC:
        found = "none" if not labels else f"{len(labels)} of them" if len(labels) > 1 else "another kind of PEM"
        raise ValueError(
            f"should be the PEM of one public key or certificate, after `|` and on lines of its own, found {found}"
        )
    try:
        pem = text.encode("ascii")
        if labels[0] == _CERTIFICATE:
            return x509.load_pem_x509_certificate(pem).public_key()
        return load_pem_public_key(pem)
    except UnsupportedAlgorithm as error:
        raise _unsupported("a key of another kind") from error
    except (ValueError, x509.InvalidVersion) as error:
        raise ValueError("is PEM that cannot be read: copy it again, each of its lines on a line of its own") from error


def _unsupported(found: str) -> ValueError:
    right = "an RSA key of 2048 bits or more, an EC key on P-256, P-384 or P-521, or an Ed25519 key"
    return ValueError(f"should be {right}, found {found}")
