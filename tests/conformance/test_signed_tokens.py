"""Signed tokens over real TLS: what passes for a sender with a key, and every forgery that does not, in both modes.

Source: the bearer token's specification, "a sender may be configured with a key"; RFC 7515; RFC 7518; RFC 8725.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import string
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support import setup
from support.running import Running

from ssp_emulator.emulator import Emulator
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from support.stub import StubProvider
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder

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

RSA_ALG = f"The token's alg should be {', '.join(RSA_ALGORITHMS[:-1])} or PS512: this sender's tokens are signed"
EC_ALG = "The token's alg should be ES256: this sender's tokens are signed"
FORGED = "The token's JWT signature should be made over this token with the key that is registered for the sender"
EMPTY = "The token's JWT signature is empty: this sender's tokens are signed"
CRIT = "The token's crit should not be there: no extension is understood"
B64 = "The token's b64 should not be there: the claims are signed as base64url"
CUT = "The token's JWT signature should be base64url, and is cut short"


def public_pem(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate_of(key: Any) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "consumer.example.nhs.uk")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    start = datetime(2001, 1, 1, tzinfo=UTC)  # what counts is the key in it, and not its dates
    dated = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=1))
    return dated.sign(KEYS["P-256"], hashes.SHA256())


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


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


@asynccontextmanager
async def running(
    folder: Path, certificates: CertificateFolder, port: int, mode: str = "enforce", pems: dict[str, str] | None = None
) -> AsyncIterator[Running]:
    """Run an emulator at which each type of key has a sender of its own, beside the consumer without one."""
    path = setup.write(folder, certificates, port, token={"mode": mode})
    registry = setup.registry(port)
    consumer = next(system for system in registry["systems"] if system["asid"] == setup.CONSUMER)
    for kind, asid in ASIDS.items():
        pem = (pems or {}).get(kind) or public_pem(KEYS[kind])
        party_key = f"A1001-{asid[-6:]}"
        registry["systems"].append({**consumer, "asid": asid, "party_key": party_key, "token_key": pem})
        agreement = {"from": asid, "to": setup.PROVIDER, "interactions": [setup.READ_BINARY]}
        registry["agreements"].append(agreement)
    (folder / "registry.yaml").write_text(yaml.safe_dump(registry, sort_keys=False))
    plan = read_plan(path)
    async with Emulator(plan) as emulator:
        made = Running(plan, emulator, certificates)
        try:
            yield made
        finally:
            for wire in made.wires:
                await wire.close()


@pytest.fixture
async def ssp(tmp_path: Path, certificates: CertificateFolder, provider: StubProvider) -> AsyncIterator[Running]:
    """That emulator, in enforce mode."""
    async with running(tmp_path, certificates, provider.port) as made:
        yield made


@pytest.fixture(params=["enforce", "record"])
async def either(
    request: pytest.FixtureRequest, tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> AsyncIterator[Running]:
    """That emulator, in each mode."""
    async with running(tmp_path, certificates, provider.port, request.param) as made:
        yield made


def claims_for(ssp: Running) -> dict[str, Any]:
    """Return good claims; the consumer without a key is of the same organisation as those with one."""
    return jwt.decode(ssp.token(), options={"verify_signature": False})


async def ask(ssp: Running, token: str, kind: str = "RSA", **changes: Any) -> Answer:
    return await ssp.ask(Ssp_From=ASIDS[kind], Authorization=f"Bearer {token}", **changes)


def token_verdict(ssp: Running) -> dict[str, Any]:
    (verdict,) = [check for check in ssp.record()["checks"] if check["check"] == "token"]
    return verdict


def bad_request(text: str) -> dict[str, Any]:
    return {
        "resourceType": "OperationOutcome",
        "meta": {"profile": ["https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-OperationOutcome-1"]},
        "issue": [
            {
                "severity": "error",
                "code": "invalid",
                "details": {
                    "coding": [
                        {
                            "system": "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1",
                            "code": "BAD_REQUEST",
                            "display": "Bad request",
                        }
                    ]
                },
                "diagnostics": text,
            }
        ],
    }


def refused(ssp: Running, provider: StubProvider, answer: Answer, text: str) -> None:
    """Hold an answer, its record and the provider against a refusal by the token's check."""
    assert (answer.status, answer.json()) == (400, bad_request(text))
    record = ssp.record()
    assert (token_verdict(ssp)["result"], token_verdict(ssp)["found"]) == ("fail", text)
    assert (record["status"], record["denial"]) == (400, {"reason": "bad-request", "text": text})
    assert record["provider"] is None
    assert provider.connections == 0


# What passes


@pytest.mark.parametrize(("kind", "algorithm"), EACH)
async def test_each_algorithm_of_a_registered_key_passes(
    kind: str, algorithm: str, ssp: Running, provider: StubProvider
) -> None:
    token = jwt.encode(claims_for(ssp), KEYS[kind], algorithm=algorithm)

    answer = await ask(ssp, token, kind)

    assert (answer.status, answer.body) == (200, b"ok")
    assert provider.received[0].all("Authorization") == [f"Bearer {token}"]
    assert token_verdict(ssp) == {"check": "token", "result": "pass", "found": "gp-connect-1"}


@pytest.mark.parametrize("kind", MAKE)
async def test_a_key_may_be_registered_as_a_certificate(
    kind: str, tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    pem = certificate_of(KEYS[kind]).public_bytes(Encoding.PEM).decode()
    algorithm = dict(EACH)[kind]

    async with running(tmp_path, certificates, provider.port, pems={kind: pem}) as ssp:
        answer = await ask(ssp, good(claims_for(ssp), kind, algorithm), kind)
        forged = compact({"alg": algorithm}, claims_for(ssp), by(algorithm, ATTACKERS[kind]))
        assert (await ask(ssp, forged, kind)).status == 400

    assert answer.status == 200


async def test_in_record_mode_a_signed_tokens_other_faults_are_written_down_only(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, "record") as ssp:
        answer = await ask(ssp, good({**claims_for(ssp), "iss": "", "requesting_device": {}}))
        verdict = token_verdict(ssp)

    assert answer.status == 200
    assert verdict["result"] == "fail"
    assert verdict["found"].startswith("iss is empty; requesting_device is not a FHIR resource")


async def test_in_enforce_mode_a_signature_makes_no_claim_right(ssp: Running, provider: StubProvider) -> None:
    answer = await ask(ssp, good({**claims_for(ssp), "iss": ""}))

    refused(ssp, provider, answer, "The token's iss is empty")


# What does not


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


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forgery_is_refused_whatever_the_mode(name: str, either: Running, provider: StubProvider) -> None:
    forgery = FORGERIES[name]

    answer = await ask(either, forgery.make(claims_for(either)), forgery.kind)

    refused(either, provider, answer, forgery.text)


@pytest.mark.parametrize(
    ("authorization", "text"),
    [
        (None, "The header Authorization is missing"),
        ("", "The header Authorization is empty"),
        ("Basic dTpw", "The header Authorization should be: Bearer, a space, and a JSON Web Token"),
        (
            "Bearer e30.e30",
            "The token's JWT should have three parts joined by dots, the last may be empty; it has 2",
        ),
        ("Bearer e30.e30.!", "The token's JWT signature should be base64url, without padding"),
        ("Bearer W10.e30.", "The token's JWT header should be a JSON object"),
    ],
    ids=["missing", "empty", "another scheme", "two parts", "no base64url", "no header"],
)
async def test_no_token_is_refused_whatever_the_mode(
    authorization: str | None, text: str, either: Running, provider: StubProvider
) -> None:
    answer = await either.ask(Ssp_From=ASIDS["RSA"], Authorization=authorization)

    refused(either, provider, answer, text)


async def test_two_good_tokens_are_refused_whatever_the_mode(either: Running, provider: StubProvider) -> None:
    token = good(claims_for(either))

    answer = await ask(either, token, fields=(("Authorization", f"Bearer {token}"),))

    refused(either, provider, answer, "The header Authorization came more than once")


@pytest.mark.parametrize("member", ["jku", "x5u"])
@pytest.mark.parametrize("genuine", [True, False], ids=["genuine", "forged"])
async def test_an_address_in_the_header_is_never_asked(
    member: str, genuine: bool, either: Running, provider: StubProvider
) -> None:
    asked: list[str] = []

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(member)
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        where = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
        header = {**RS256, member: where, "kid": "1"}
        answer = await ask(either, compact(header, claims_for(either), OWN if genuine else THEIRS))

    if genuine:
        assert answer.status == 200
    else:
        refused(either, provider, answer, FORGED)
    assert asked == []


async def test_one_senders_token_is_not_anothers(either: Running, provider: StubProvider) -> None:
    answer = await ask(either, good(claims_for(either), "P-256", "ES256"), "RSA")

    refused(either, provider, answer, RSA_ALG)


@pytest.mark.parametrize(("kind", "algorithm"), EACH)
async def test_a_sender_without_a_key_still_sends_alg_none(
    kind: str, algorithm: str, ssp: Running, provider: StubProvider
) -> None:
    signed = await ssp.ask(Authorization=f"Bearer {good(claims_for(ssp), kind, algorithm)}")
    refused(ssp, provider, signed, "The token's alg should be none: the token is not signed")

    unsigned = await ssp.ask()
    assert unsigned.status == 200


async def test_the_trail_says_what_a_forgery_claims_and_holds_no_token(ssp: Running) -> None:
    token = compact(RS256, claims_for(ssp), THEIRS)

    await ask(ssp, token)

    assert ssp.record()["claims"]["organisation"] == "A1001"
    assert not any(piece in json.dumps(ssp.records()) for piece in parts_of(token))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(EACH), st.integers(0, 5_000), st.integers(1, 255))
@example(("RSA", "RS256"), -1, 1)
@example(("P-256", "ES256"), -1, 1)
@example(("Ed25519", "EdDSA"), -1, 1)
@example(("P-521", "ES512"), 0, ord("e") ^ ord(" "))
@example(("P-384", "ES384"), 40, ord("\n"))
async def test_a_token_of_which_any_byte_is_changed_never_passes(
    ssp: Running, provider: StubProvider, which: tuple[str, str], place: int, flip: int
) -> None:
    kind, algorithm = which
    token = bytearray(good(claims_for(ssp), kind, algorithm).encode())
    token[place % len(token)] ^= flip

    answer = await ask(ssp, token.decode("latin-1"), kind)

    assert answer.status == 400
    assert provider.connections == 0
