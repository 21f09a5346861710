"""Signed tokens over real TLS: what passes for a sender with a key, and every forgery that does not, in both modes.

Source: the bearer token's specification, "a sender may be configured with a key"; RFC 7515; RFC 7518; RFC 8725.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.forgeries import FORGED, FORGERIES, OWN, RS256, RSA_ALG, THEIRS
from support.outcomes import bad_request
from support.signing import ASIDS, ATTACKERS, EACH, KEYS, MAKE, by, certificate_of, compact, good, parts_of, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder


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
