"""Forged tokens, each with how it is refused: wrong in algorithm, key, header or signature, or in what was signed.

Source: RFC 7515, 4.1 (header parameters) and 5.2; RFC 7518, 3.1; RFC 7797; RFC 8725, 2.1, 3.1 and 3.10.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.signing import (
    ASIDS,
    ATTACKERS,
    KEYS,
    RSA_ALGORITHMS,
    by,
    certificate_of,
    compact,
    good,
    mac,
    nothing,
    parts_of,
    public_pem,
    with_claims,
    with_header,
    with_spare_bit,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.signing import Sign

RSA_ALG = f"The token's alg should be {', '.join(RSA_ALGORITHMS[:-1])} or PS512: this sender's tokens are signed"
EC_ALG = "The token's alg should be ES256: this sender's tokens are signed"
FORGED = "The token's JWT signature should be made over this token with the key that is registered for the sender"
EMPTY = "The token's JWT signature is empty: this sender's tokens are signed"
CRIT = "The token's crit should not be there: no extension is understood"
B64 = "The token's b64 should not be there: the claims are signed as base64url"
CUT = "The token's JWT signature should be base64url, and is cut short"


@dataclass(frozen=True)
class Forgery:
    """A token made out of good claims, the sender who shows it, and how it is refused."""

    make: Callable[[dict[str, Any]], str]
    text: str
    kind: str = "RSA"


OWN, OWN_EC = by("RS256", KEYS["RSA"]), by("ES256", KEYS["P-256"])
THEIRS, THEIRS_EC = by("RS256", ATTACKERS["RSA"]), by("ES256", ATTACKERS["P-256"])
RS256 = {"alg": "RS256", "typ": "JWT"}
ES256 = {"alg": "ES256", "typ": "JWT"}
PEM = public_pem(KEYS["RSA"]).encode()
DER = KEYS["RSA"].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
SECRETS = {
    "PEM": PEM,
    "PEM stripped": PEM.strip(),
    "PEM in one line": PEM.replace(b"\n", b""),
    "DER": DER,
    "certificate": certificate_of(KEYS["RSA"]).public_bytes(Encoding.PEM),
    "nothing": b"",
}


def named(header: dict[str, Any], sign: Sign, text: str, kind: str = "RSA") -> Forgery:
    return Forgery(lambda claims: compact(header, claims, sign), text, kind)


def jwk_of(key: Any) -> dict[str, Any]:
    return json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))


FORGERIES: dict[str, Forgery] = {
    # RFC 8725, 2.1 and 3.1: the algorithm is the registered key's, and not the token's choice
    "none": named({"alg": "none", "typ": "JWT"}, nothing, RSA_ALG),
    "none, with a good signature": named({"alg": "none", "typ": "JWT"}, OWN, RSA_ALG),
    "none, for an EC key": named({"alg": "none", "typ": "JWT"}, nothing, EC_ALG, "P-256"),
    **{
        f"{name!r} as alg": named({"alg": name}, nothing, RSA_ALG)
        for name in ("None", "nOnE", "NONE", "none ", "", "rs256", "RS256 ", "RS257", "dir")
    },
    "no alg": named({"typ": "JWT"}, OWN, RSA_ALG),
    "no header": named({}, nothing, RSA_ALG),
    **{
        f"{alg!r} as alg": named({"alg": alg}, OWN, RSA_ALG) for alg in (None, ["RS256"], {"RS256": 1}, 256, True)
    },
    # RFC 8725, 2.1: the public key as a shared secret
    **{
        f"HS{digest[3:]} keyed with the public key: {name}": named(
            {"alg": f"HS{digest[3:]}", "typ": "JWT"}, mac(digest, secret), RSA_ALG
        )
        for digest in ("sha256", "sha384", "sha512")
        for name, secret in SECRETS.items()
    },
    "an HMAC that is said to be RS256": named(RS256, mac("sha256", PEM), FORGED),
    "HS256 keyed with the EC public key": named(
        {"alg": "HS256"}, mac("sha256", public_pem(KEYS["P-256"]).encode()), EC_ALG, "P-256"
    ),
    # RFC 7518, 3.1: another family, another length, another curve
    "ES256 for an RSA key": named(ES256, OWN_EC, RSA_ALG),
    "EdDSA for an RSA key": named({"alg": "EdDSA"}, by("EdDSA", KEYS["Ed25519"]), RSA_ALG),
    "RS256 for an EC key": named(RS256, OWN, EC_ALG, "P-256"),
    "ES384 for a P-256 key": named({"alg": "ES384"}, by("ES384", KEYS["P-384"]), EC_ALG, "P-256"),
    "ES256 of P-256 for a P-384 key": named(
        ES256, OWN_EC, "The token's alg should be ES384: this sender's tokens are signed", "P-384"
    ),
    "ES521, which no standard knows": named(
        {"alg": "ES521"}, by("ES512", KEYS["P-521"]),
        "The token's alg should be ES512: this sender's tokens are signed", "P-521",
    ),
    "RS512 that is said to be RS256": named(RS256, by("RS512", KEYS["RSA"]), FORGED),
    "PS256 that is said to be RS256": named(RS256, by("PS256", KEYS["RSA"]), FORGED),
    "RS256 that is said to be PS256": named({"alg": "PS256"}, OWN, FORGED),
    # RFC 7515, 5.2: the key that is registered for this sender, and none else
    "another RSA key": named(RS256, THEIRS, FORGED),
    "another EC key": named(ES256, THEIRS_EC, FORGED, "P-256"),
    "another Ed25519 key": named({"alg": "EdDSA"}, by("EdDSA", ATTACKERS["Ed25519"]), FORGED, "Ed25519"),
    # RFC 7515, 4.1.2 to 4.1.6, and RFC 8725, 3.10: keys that the token brings, or points to
    "jwk": named({**RS256, "jwk": jwk_of(ATTACKERS["RSA"])}, THEIRS, FORGED),
    "x5c": named(
        {**RS256, "x5c": [base64.b64encode(certificate_of(ATTACKERS["RSA"]).public_bytes(Encoding.DER)).decode()]},
        THEIRS, FORGED,
    ),
    "kid": named({**RS256, "kid": "../../../../dev/null"}, mac("sha256", b""), FORGED),
    "kid of another sender": named({**RS256, "kid": ASIDS["P-256"]}, OWN_EC, FORGED),
    # RFC 7515, 4.1.11, and RFC 7797
    "crit": named({**RS256, "crit": ["exp"], "exp": 1}, OWN, CRIT),
    "crit, empty": named({**RS256, "crit": []}, OWN, CRIT),
    "crit, no list": named({**RS256, "crit": None}, OWN, CRIT),
    "crit with b64": named({**RS256, "crit": ["b64"], "b64": False}, OWN, CRIT),
    "b64 without crit": named({**RS256, "b64": False}, OWN, B64),
    "b64, no boolean": named({**RS256, "b64": 0}, OWN, B64),
    # The signature's bytes
    "no signature": named(RS256, nothing, EMPTY),
    "a signature cut by a letter": Forgery(lambda claims: good(claims)[:-1], CUT),
    "a signature cut by a byte": named(RS256, lambda data: OWN(data)[:-1], FORGED),
    "a signature with a spare bit set": Forgery(lambda claims: with_spare_bit(good(claims)), FORGED),
    "a signature cut in half": named(RS256, lambda data: OWN(data)[:128], FORGED),
    "a signature with a byte more": named(RS256, lambda data: OWN(data) + b"\0", FORGED),
    "a signature over something else": named(RS256, lambda data: OWN(data + b"."), FORGED),
    "a signature of zeros": named(ES256, lambda _: bytes(64), FORGED, "P-256"),
    "a signature in DER": named(
        ES256, lambda data: KEYS["P-256"].sign(data, ec.ECDSA(hashes.SHA256())), FORGED, "P-256"
    ),
    # What was signed, changed afterwards
    "other claims": Forgery(lambda claims: with_claims(good(claims), {**claims, "sub": "2"}), FORGED),
    "the same claims, written otherwise": Forgery(
        lambda claims: with_claims(good(claims), json.dumps(claims, indent=1).encode()), FORGED
    ),
    "another header": Forgery(lambda claims: with_header(good(claims), kid="2"), FORGED),
    "another algorithm of the key": Forgery(lambda claims: with_header(good(claims), alg="RS512"), FORGED),
    "none, and the signature kept": Forgery(lambda claims: with_header(good(claims), alg="none"), RSA_ALG),
    "none, and the signature taken off": Forgery(
        lambda claims: ".".join([*parts_of(with_header(good(claims), alg="none"))[:2], ""]), RSA_ALG
    ),
    # More wrong than the signature
    "claims that are no resources": Forgery(
        lambda claims: compact(RS256, {**claims, "requesting_device": {}}, THEIRS), FORGED
    ),
}  # fmt: skip
