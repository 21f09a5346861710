"""From the Authorization header to a token, or to the part that is wrong."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssp_emulator.token.parsing import Fault, Token, TokenError, parse

if TYPE_CHECKING:
    from collections.abc import Callable

BEARER = "Authorization should be: Bearer, a space, and a JSON Web Token"
PARTS = "JWT should have three parts joined by dots, the last may be empty; it has "
ONCE = "should be a JSON object, each of its keys once"


def b64(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


HEAD, EMPTY = b64('{"alg":"none"}'), b64("{}")


def holding(claims: str | bytes) -> str:
    return f"Bearer {HEAD}.{b64(claims)}."


@pytest.mark.parametrize(
    "authorization", [f"Bearer {HEAD}.{EMPTY}.", f"bearer {HEAD}.{EMPTY}.", f"BEARER   {HEAD}.{EMPTY}.  "]
)
def test_a_token_is_read(authorization: str) -> None:
    assert parse(authorization) == Token({"alg": "none"}, {}, b"", f"{HEAD}.{EMPTY}.")


def test_a_signature_is_read_and_judged_by_others() -> None:
    assert parse(f"Bearer {HEAD}.{EMPTY}.{b64('signed')}").signature == b"signed"


def test_what_is_signed_is_what_came_and_not_what_it_says() -> None:
    spaced = b64('{ "alg" : "none" }')
    assert parse(f"bearer  {spaced}.{EMPTY}.{b64('signed')} ").signing_input == f"{spaced}.{EMPTY}".encode()
    loose = f"{HEAD[:-1]}{chr(ord(HEAD[-1]) + 1)}"  # the last letter's spare bits: other bytes, the same JSON
    token = parse(f"Bearer {loose}.{EMPTY}.")
    assert token.header == {"alg": "none"}
    assert token.signing_input == f"{loose}.{EMPTY}".encode()


@pytest.mark.parametrize(
    ("authorization", "problem"),
    [
        ("", BEARER),
        ("Bearer", BEARER),
        ("Bearer ", BEARER),
        (f"Basic {HEAD}.{EMPTY}.", BEARER),
        (f"{HEAD}.{EMPTY}.", BEARER),
        (f"Bearer\t{HEAD}.{EMPTY}.", BEARER),
        ("Bearer x", f"{PARTS}1"),
        (f"Bearer {HEAD}.{EMPTY}", f"{PARTS}2"),
        (f"Bearer {HEAD}.{EMPTY}..", f"{PARTS}4"),
        (f"Bearer {HEAD}=.{EMPTY}.", "JWT header should be base64url, without padding"),
        (f"Bearer {HEAD}.{EMPTY}=.", "JWT claims should be base64url, without padding"),
        (f"Bearer {HEAD}.not base64.", "JWT claims should be base64url, without padding"),
        (f"Bearer {HEAD}.a+/b.", "JWT claims should be base64url, without padding"),
        (f"Bearer {HEAD}.é.", "JWT claims should be base64url, without padding"),
        (f"Bearer {HEAD}.{EMPTY}.!", "JWT signature should be base64url, without padding"),
        (f"Bearer {HEAD}.{EMPTY}.a", "JWT signature should be base64url, and is cut short"),
        (f"Bearer a.{EMPTY}.", "JWT header should be base64url, and is cut short"),
        (f"Bearer .{EMPTY}.", f"JWT header {ONCE}"),
        (f"Bearer {HEAD}..", f"JWT claims {ONCE}"),
        (holding("{"), f"JWT claims {ONCE}"),
        (holding("{} {}"), f"JWT claims {ONCE}"),
        (holding("[]"), "JWT claims should be a JSON object"),
        (holding("1"), "JWT claims should be a JSON object"),
        (f"Bearer {b64('null')}.{EMPTY}.", "JWT header should be a JSON object"),
        (holding('{"a":1,"a":1}'), f"JWT claims {ONCE}"),
        (holding('{"a":{"b":1,"b":2}}'), f"JWT claims {ONCE}"),
        (holding('{"a":NaN}'), f"JWT claims {ONCE}"),
        (holding('{"a":-Infinity}'), f"JWT claims {ONCE}"),
        (holding(b'{"a":"' + bytes([255]) + b'"}'), f"JWT claims {ONCE}"),
        (holding('{"a":' + "9" * 5000 + "}"), f"JWT claims {ONCE}"),
        (holding("[" * 200_000), f"JWT claims {ONCE}"),
    ],
)
def test_what_is_no_token_is_told_which_part_is_wrong(authorization: str, problem: str) -> None:
    with pytest.raises(TokenError) as caught:
        parse(authorization)
    assert str(caught.value) == problem
    assert (caught.value.fault.unprocessable, caught.value.fault.refused_always) == (False, False)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
def test_json_in_another_encoding_than_utf_8_is_refused(encoding: str) -> None:
    with pytest.raises(TokenError, match=r"^JWT claims should be a JSON object"):
        parse(holding("{}".encode(encoding)))


def test_a_token_does_not_show_itself() -> None:
    token = parse(holding('{"sub":"secret"}'))
    assert (repr(token), str(token), f"{token}") == ("Token(…)",) * 3


def test_a_fault_names_its_claim_first() -> None:
    assert str(Fault("iss", "is empty")) == "iss is empty"


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
AUTHORIZATIONS = st.one_of(
    st.text(), st.text().map("Bearer ".__add__), st.binary().map(holding), ANY_JSON.map(json.dumps).map(holding)
)


@settings(max_examples=200, deadline=None)
@given(AUTHORIZATIONS)
def test_any_text_is_a_token_or_a_token_error(authorization: str) -> None:
    try:
        parse(authorization)
    except TokenError as error:
        part = error.fault.claim
    else:
        return
    assert part in {"Authorization", "JWT", "JWT header", "JWT claims", "JWT signature"}


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()), st.binary())
def test_what_is_written_is_read(claims: dict[str, object], signature: bytes) -> None:
    token = parse(f"Bearer {HEAD}.{b64(json.dumps(claims))}.{b64(signature)}")
    assert (token.claims, token.signature) == (claims, signature)


def test_our_own_encoder_makes_tokens(encode: Callable[..., str]) -> None:
    header = encode({"a": 1}, {"alg": "none"})
    assert parse(header) == Token({"alg": "none"}, {"a": 1}, b"", header.removeprefix("Bearer "))
