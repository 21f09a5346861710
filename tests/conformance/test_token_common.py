"""What every token has to be, whatever its dialect, over real TLS: its structure, header, issuer, subject and times.

Each wrong token is refused with the exact words in enforce mode, and let through and written down in record mode.

Source: GP Connect 1.6.2, "Cross-organisation audit and provenance"; the JWT scenarios of the public provider test
suite (nhsconnect/gpconnect-provider-testing); RFC 6750, 2.1; RFC 7515, 2 and 7.1; RFC 7519, 4.1 and 7.2.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.running import running
from support.tokens import (
    DIALECTS,
    FACTS,
    bearer,
    changed,
    encoded,
    gp_connect_1,
    judge,
    overlooked,
    part,
    passed,
    refused,
    without,
)

from ssp_emulator.errors import SetupError
from ssp_emulator.plan import read_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider
    from support.tokens import Claims

    from ssp_emulator.pki.folder import CertificateFolder

EVERY_DIALECT = pytest.mark.parametrize("dialect", DIALECTS)
COMMON = ["iss", "sub", "aud", "iat", "exp", "reason_for_request"]


def in_text(claims: Claims, before: str = "", after: str = "") -> bytes:
    """Return claims as JSON with more text after their opening brace and before their closing one."""
    return ("{" + before + json.dumps(claims)[1:-1] + after + "}").encode()


HEADER = part({"alg": "none", "typ": "JWT"})
SHAPE = "The header Authorization should be: Bearer, a space, and a JSON Web Token"
PARTS = "The token's JWT should have three parts joined by dots, the last may be empty; it has {}"
ONCE = "The token's JWT {} should be a JSON object, each of its keys once"
OBJECT = "The token's JWT {} should be a JSON object"
LETTERS = "The token's JWT {} should be base64url, without padding"
CUT = "The token's JWT {} should be base64url, and is cut short"
UNSIGNED = "The token's alg should be none: the token is not signed"
SIGNATURE = "The token's JWT signature should be empty, with the dot before it kept"

STRUCTURE: dict[str, tuple[Callable[[Claims], str | None], str]] = {
    "no header": (lambda _: None, "The header Authorization is missing"),
    "an empty header": (lambda _: "", "The header Authorization is empty"),
    "no scheme": (encoded, SHAPE),
    "another scheme": (lambda claims: f"Basic {encoded(claims)}", SHAPE),
    "a scheme alone": (lambda _: "Bearer", SHAPE),
    "a tab for the space": (lambda claims: f"Bearer\t{encoded(claims)}", SHAPE),
    "one part": (lambda claims: f"Bearer {part(claims)}", PARTS.format(1)),
    "the last dot missing": (lambda claims: bearer(claims)[:-1], PARTS.format(2)),
    "a dot too many": (lambda claims: f"{bearer(claims)}.", PARTS.format(4)),
    "five parts, an encrypted token": (lambda claims: f"{bearer(claims)}.x.x", PARTS.format(5)),
    "not base64 at all": (lambda _: 'Bearer {"alg":"none","typ":"JWT"}.{"iss":"x"}.', LETTERS.format("header")),
    "claims not base64": (lambda claims: f'Bearer {HEADER}.{{"iss":"x"}}.', LETTERS.format("claims")),
    "a padded header": (lambda claims: f"Bearer {HEADER}=.{part(claims)}.", LETTERS.format("header")),
    "padded claims": (lambda claims: f"Bearer {HEADER}.{part(claims)}==.", LETTERS.format("claims")),
    "a padded signature": (lambda claims: f"{bearer(claims)}eA==", LETTERS.format("signature")),
    "plain base64's letters": (lambda claims: f"Bearer {HEADER}.ey+/.", LETTERS.format("claims")),
    "a space within": (lambda claims: f"Bearer {HEADER}. {part(claims)}.", LETTERS.format("claims")),
    "a no-break space after": (lambda claims: f"{bearer(claims)}\xc2\xa0", LETTERS.format("signature")),
    "a letter short": (lambda claims: f"Bearer {HEADER}.eyJ9e.", CUT.format("claims")),
    "an empty header part": (lambda claims: f"Bearer .{part(claims)}.", ONCE.format("header")),
    "no claims": (lambda claims: f"Bearer {HEADER}..", ONCE.format("claims")),
    "claims that are no JSON": (lambda claims: bearer(in_text(claims)[:-1]), ONCE.format("claims")),
    "two JSON texts": (lambda claims: bearer(in_text(claims) * 2), ONCE.format("claims")),
    "a comma at the end": (lambda claims: bearer(in_text(claims, after=",")), ONCE.format("claims")),
    "a list": (lambda claims: bearer([claims]), OBJECT.format("claims")),
    "text": (lambda claims: bearer(json.dumps(claims)), OBJECT.format("claims")),
    "null": (lambda claims: bearer(b"null"), OBJECT.format("claims")),
    "a header that is a list": (lambda claims: bearer(claims, b'["none"]'), OBJECT.format("header")),
    "a claim twice": (lambda claims: bearer(in_text(claims, after=',"sub":"2"')), ONCE.format("claims")),
    "a claim twice, alike": (lambda claims: bearer(in_text(claims, '"iss":"https://x",')), ONCE.format("claims")),
    "an element twice": (lambda claims: bearer(in_text(claims, '"x":{"a":1,"a":2},')), ONCE.format("claims")),
    "alg twice": (lambda claims: bearer(claims, b'{"alg":"none","alg":"none"}'), ONCE.format("header")),
    "NaN": (lambda claims: bearer(in_text(claims, '"x":NaN,')), ONCE.format("claims")),
    "Infinity": (lambda claims: bearer(in_text(claims, '"x":-Infinity,')), ONCE.format("claims")),
    "a byte order mark": (lambda claims: bearer(b"\xef\xbb\xbf" + in_text(claims)), ONCE.format("claims")),
    "UTF-16": (lambda claims: bearer(in_text(claims).decode().encode("utf-16")), ONCE.format("claims")),
    "no UTF-8": (lambda claims: bearer(in_text(claims).replace(b"iss", b"\xe9ss")), ONCE.format("claims")),
    "nested too deep": (lambda claims: bearer(b'{"x":' + b"[" * 9000), ONCE.format("claims")),
    "a number too long": (lambda claims: bearer(in_text(claims, f'"x":{"9" * 9000},')), ONCE.format("claims")),
    "alg HS256": (lambda claims: bearer(claims, {"alg": "HS256", "typ": "JWT"}), UNSIGNED),
    "alg RS256 and a signature": (lambda claims: bearer(claims, {"alg": "RS256", "typ": "JWT"}, b"x"), UNSIGNED),
    "alg None": (lambda claims: bearer(claims, {"alg": "None", "typ": "JWT"}), UNSIGNED),
    "alg null": (lambda claims: bearer(claims, {"alg": None, "typ": "JWT"}), UNSIGNED),
    "no alg": (lambda claims: bearer(claims, {"typ": "JWT"}), UNSIGNED),
    "typ JWE": (lambda claims: bearer(claims, {"alg": "none", "typ": "JWE"}), "The token's typ should be JWT"),
    "typ null": (lambda claims: bearer(claims, {"alg": "none", "typ": None}), "The token's typ should be JWT"),
    "a signature": (lambda claims: bearer(claims, signature=b"signed"), SIGNATURE),
}  # fmt: skip


@pytest.mark.parametrize(("token", "text"), STRUCTURE.values(), ids=STRUCTURE.keys())
async def test_what_is_no_unsigned_token_is_refused_and_the_part_is_named(
    ssp: Running, provider: StubProvider, token: Callable[[Claims], str | None], text: str
) -> None:
    assert await judge(ssp, provider, token(gp_connect_1())) == refused(text)


async def test_two_authorization_headers_are_refused(ssp: Running, provider: StubProvider) -> None:
    answer = await ssp.ask(fields=(("authorization", bearer(gp_connect_1())),))

    assert answer.status == 400
    assert answer.json() == refused("The header Authorization came more than once").body
    assert provider.connections == 0


@pytest.mark.parametrize(
    "token",
    [
        lambda claims: bearer(claims).replace("Bearer", "bearer"),
        lambda claims: bearer(claims).replace("Bearer", "BEARER"),
        lambda claims: bearer(claims, {"alg": "none"}),
        lambda claims: bearer(claims, {"typ": "jwt", "alg": "none"}),
        lambda claims: bearer(claims, {"alg": "none", "typ": "JWT", "x": 1}),
        lambda claims: bearer(json.dumps(claims, indent=2, sort_keys=True).encode()),
        lambda claims: bearer(in_text(claims, '"nbf":0,"jti":"1","x":{"y":[null,1.5,"\\ud83d\\ude00"]},')),
    ],
    ids=["bearer", "BEARER", "no typ", "typ jwt", "more in the header", "JSON with spaces", "more claims"],
)
async def test_what_standards_leave_free_is_accepted(
    ssp: Running, provider: StubProvider, token: Callable[[Claims], str]
) -> None:
    judged = await judge(ssp, provider, token(gp_connect_1()))

    assert judged == passed("gp-connect-1")
    assert judged.claims == FACTS["gp-connect-1"]


@EVERY_DIALECT
async def test_a_valid_token_passes_and_its_claims_are_in_the_trail(
    ssp: Running, provider: StubProvider, dialect: str
) -> None:
    way = DIALECTS[dialect]

    judged = await judge(ssp, provider, bearer(way.claims()), way)

    assert judged == passed(dialect)
    assert judged.claims == FACTS[dialect]


@EVERY_DIALECT
@pytest.mark.parametrize("claim", COMMON)
async def test_each_missing_claim_is_a_400_that_names_it(
    ssp: Running, provider: StubProvider, dialect: str, claim: str
) -> None:
    way = DIALECTS[dialect]

    judged = await judge(ssp, provider, bearer(without(way.claims(), claim)), way)

    assert judged == refused(f"The token's {claim} is missing")
    assert judged.claims["dialect"] == dialect


URL = "iss should be the URL of the system that made the token"
WHOLE = "should be a whole number of Unix seconds"
LIFETIME, PASSED = "exp should be iat + 300 seconds", "exp has passed: make a new token for each request"


def at(iat: Any = 0, exp: Any = None) -> Callable[[int], dict[str, Any]]:
    """Return what makes the times of a token, each in seconds from now; `exp` is `iat` and 300 where left out."""
    return lambda now: {"iat": now + iat, "exp": now + (iat + 300 if exp is None else exp)}


def plain(**changes: Any) -> Callable[[int], dict[str, Any]]:
    return lambda _: changes


WRONG: dict[str, tuple[Callable[[int], dict[str, Any]], str]] = {
    **{f"{claim} empty": (plain(**{claim: ""}), f"{claim} is empty") for claim in COMMON},
    **{f"{claim} null": (plain(**{claim: None}), f"{claim} is empty") for claim in COMMON},
    "iss a word": (plain(iss="consumer"), URL),
    "iss a URN": (plain(iss="urn:oid:1.2"), URL),
    "iss without a host": (plain(iss="https://"), URL),
    "iss with white space": (plain(iss="https://consumer.example.nhs.uk\n"), URL),
    "iss with a space": (plain(iss=" https://consumer.example.nhs.uk"), URL),
    "iss a list": (plain(iss=["https://consumer.example.nhs.uk"]), URL),
    "sub a number": (plain(sub=1), "sub should be the id of the user"),
    "sub blank": (plain(sub=" "), "sub should be the id of the user"),
    "iat text": (lambda now: {"iat": str(now)}, f"iat {WHOLE}"),
    "iat a fraction": (lambda now: {"iat": now + 0.5}, f"iat {WHOLE}"),
    "iat true": (plain(iat=True), f"iat {WHOLE}"),
    "exp text": (lambda now: {"exp": str(now + 300)}, f"exp {WHOLE}"),
    "exp a float": (lambda now: {"exp": now + 300.0}, f"exp {WHOLE}"),
    "exp in milliseconds": (lambda now: {"exp": (now + 300) * 1000}, LIFETIME),
    "exp huge": (plain(exp=10**400), LIFETIME),
    "exp at iat + 301": (at(exp=301), LIFETIME),
    "exp at iat + 299": (at(exp=299), LIFETIME),
    "exp at iat - 1": (at(exp=-1), LIFETIME),
    "exp at iat": (at(exp=0), LIFETIME),
    "iat 600 s ago": (at(-600), PASSED),
    "iat 300 s ago": (at(-300), PASSED),
    "iat 600 s ago and exp stretched": (at(-600, 300), LIFETIME),
    "reason another": (plain(reason_for_request="notdirectcare"), "reason_for_request should be directcare"),
    "reason a list": (plain(reason_for_request=["directcare"]), "reason_for_request should be directcare"),
}
REASONS = {
    "gp-connect-1": " or migration",
    "gp-connect-0": "",
    "spine-core": " or secondaryuses or patientaccess",
}


def in_words(text: str, dialect: str) -> str:
    return text + REASONS[dialect] if text.startswith("reason_for_request should") else text


@EVERY_DIALECT
@pytest.mark.parametrize(("changes", "text"), WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_common_claim_is_a_400_that_says_what_is_right(
    ssp: Running, provider: StubProvider, dialect: str, changes: Callable[[int], dict[str, Any]], text: str
) -> None:
    way, now = DIALECTS[dialect], int(time.time())

    judged = await judge(ssp, provider, bearer(changed(way.claims(now), **changes(now))), way)

    assert judged == refused(f"The token's {in_words(text, dialect)}")
    assert judged.claims["dialect"] == dialect


@EVERY_DIALECT
@pytest.mark.parametrize("iat", [200, 86_400, -200], ids=["200 s ahead", "a day ahead", "200 s ago"])
async def test_a_clock_that_is_off_is_put_up_with(ssp: Running, provider: StubProvider, dialect: str, iat: int) -> None:
    way, now = DIALECTS[dialect], int(time.time())

    assert await judge(ssp, provider, bearer(way.claims(now + iat)), way) == passed(dialect)


async def test_the_leeway_is_configurable_and_none_by_default(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    now = time.time()
    within, beyond = bearer(gp_connect_1(now - 330)), bearer(gp_connect_1(now - 361))
    async with running(tmp_path / "60", certificates, provider.port, token={"leeway_s": 60}) as lenient:
        assert await judge(lenient, provider, within) == passed("gp-connect-1")
        assert await judge(lenient, provider, beyond) == refused(f"The token's {PASSED}")
    async with running(tmp_path / "0", certificates, provider.port) as strict:
        assert await judge(strict, provider, within) == refused(f"The token's {PASSED}")


async def test_in_record_mode_each_wrong_token_is_let_through_and_what_is_wrong_written_down(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, token={"mode": "record"}) as ssp:
        wire = await ssp.wire()
        for name, (token, text) in STRUCTURE.items():
            judged = await judge(ssp, provider, token(gp_connect_1()), wire=wire)
            assert judged == overlooked(judged.found or ""), name
            whose = ("The token's ", "The header ") if "Authorization should" in text else ("The token's ",)
            assert (judged.found or "").startswith(text.removeprefix(next(filter(text.startswith, whose), ""))), name
        for dialect, way in DIALECTS.items():
            for name, (changes, text) in WRONG.items():
                now = int(time.time())
                claims = changed(way.claims(now), **changes(now))
                judged = await judge(ssp, provider, bearer(claims), way, wire)
                assert judged == overlooked(judged.found or ""), name
                assert (judged.found or "").startswith(in_words(text, dialect)), name
                assert judged.claims["dialect"] == dialect


async def test_in_record_mode_all_that_is_wrong_is_written_down_and_a_right_token_passes(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    claims = changed(without(gp_connect_1(), "sub", "requesting_device"), iss="x", exp=0)
    async with running(tmp_path, certificates, provider.port, token={"mode": "record"}) as ssp:
        judged = await judge(ssp, provider, bearer(claims, {"alg": "x"}))
        assert judged == overlooked(
            f"alg should be none: the token is not signed; {URL}; sub is missing; {LIFETIME}; {PASSED}; "
            "requesting_device is missing"
        )
        assert judged.claims == {**FACTS["gp-connect-1"], "device": None}
        assert await judge(ssp, provider, bearer(gp_connect_1())) == passed("gp-connect-1")


def test_the_claims_cannot_be_left_unread(tmp_path: Path, certificates: CertificateFolder) -> None:
    with pytest.raises(SetupError, match=r"token\.mode.*enforce.*record"):
        read_plan(setup.write(tmp_path, certificates, 9, token={"mode": "off"}))
