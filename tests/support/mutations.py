"""Ways to change a valid token: in its claims, their elements, its text, its base64url, its parts, or around it.

Each takes hypothesis's `draw` and the claims, and returns the value of an `Authorization` header.

Source: RFC 7515, 7.1; RFC 9110, 5.5 (what a field's value may hold).
"""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

from support import setup
from support.oracle import is_text
from support.tokens import (
    AUTHORIZE,
    HEADER,
    OLD_PATIENT,
    PATIENT,
    SYSTEM,
    Claims,
    bearer,
    encoded,
    gp_connect_0,
    gp_connect_1,
    part,
    spine_core,
)

TELLING = [
    "", " ", "1", "2", "UNK", "none", "Device", "Patient", "directcare", "migration", "patientaccess",
    "patient/*.read", "patient/*.read conf/N", "organization/*.read", "|", "a|b", "https://[", "https://x", "https://x\n",
    AUTHORIZE, setup.ROOT, SYSTEM, PATIENT, OLD_PATIENT,
    "\ud800", "\udfff\ud83d", "\0", "\u202e", "\ufeff", "e\u0301", "\U0010ffff",
]  # fmt: skip
NAMES = [
    "resourceType", "identifier", "system", "value", "name", "family", "given", "id", "telecom", "invalidField", "",
]  # fmt: skip
TELLING_JSON = [None, True, False, 0, 1, -1, 2**63, -(10**30), 10**400, 0.5, -0.0, 1e308, [], {}, [{}], *TELLING]
LEAVES = st.one_of(
    st.sampled_from(TELLING_JSON),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(), max_size=5),
)
DEEP = st.integers(2, 90).map(lambda depth: json.loads('[{"identifier":' * depth + "1" + "}]" * depth))
JUNK = LEAVES | DEEP | st.lists(LEAVES, max_size=3) | st.dictionaries(st.sampled_from(NAMES), LEAVES, max_size=4)
STRANGE = st.sampled_from([
    b"\xef\xbb\xbf", b"\xff", b"\xed\xa0\x80", b"\0", b"\n", b" ", b'"', b"\\", b"\\ud800", b"{", b"}", b"[", b"]",
    b",", b":", b"NaN", b"-Infinity", b"1e999", b"null,", b"/**/",
]) | st.binary(min_size=1, max_size=3)  # fmt: skip
MEMBERS = st.sampled_from([
    b'"sub":"1",', b'"x":1,"x":1,', b'"x":{"a":1,"a":1},', b'"x":NaN,', b'"x":[-Infinity],', b'"x":1e999,',
    b'"x":' + b"9" * 5000 + b",", b'"x":' + b"[" * 3000 + b"]" * 3000 + b",", b'"x":' + b"[" * 3000, b'"x":01,',
    b'"x":-0,', b"x:1,",
])  # fmt: skip
BEARERS = {**gp_connect_1(0), **gp_connect_0(0), **spine_core(0), "requesting_patient": PATIENT}
SOME_CLAIM = st.sampled_from([*BEARERS, "nbf", "jti", "", "\ud800"])


def claims_changed(draw: Any, claims: Claims) -> str:
    name = draw(st.sampled_from(sorted(claims)))
    match draw(st.sampled_from(["remove", "replace", "replace", "swap", "shift", "add", "borrow"])):
        case "remove":
            del claims[name]
        case "replace":
            claims[name] = draw(JUNK)
        case "swap":
            other = draw(st.sampled_from(sorted(claims)))
            claims[name], claims[other] = claims[other], claims[name]
        case "shift":
            by = draw(st.integers(-10_000, 10_000).filter(lambda seconds: not -320 < seconds < -280))
            for time_claim in draw(st.sampled_from([["iat"], ["exp"], ["iat", "exp"]])):
                claims[time_claim] += by
        case "add":
            claims[draw(SOME_CLAIM)] = draw(JUNK)
        case _:
            borrowed = draw(st.sampled_from(sorted(BEARERS.keys() - {"iat", "exp"})))
            claims[borrowed] = BEARERS[borrowed]
    return bearer(claims)


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Return every place within a value, as what holds it and where."""
    places = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [spot for key, inner in places for spot in ((value, key), *spots(inner))]


def elements_changed(draw: Any, claims: Claims) -> str:
    holder, key = draw(
        st.sampled_from([spot for spot in spots(claims) if spot[0] is not claims or is_text(spot[0][spot[1]])])
    )
    match draw(st.sampled_from(["remove", "replace", "add", "edit", "repeat"])):
        case "remove":
            del holder[key]
        case "add" if isinstance(holder, dict):
            holder[draw(st.sampled_from(NAMES) | SOME_CLAIM)] = draw(LEAVES)
        case "edit" if isinstance(holder[key], str):
            at, text = draw(st.integers(0, len(holder[key]))), holder[key]
            holder[key] = text[:at] + draw(st.sampled_from([*TELLING, "|", "/"])) + text[at + draw(st.integers(0, 2)) :]
        case "repeat":
            holder[key] = [copy.deepcopy(holder[key]) for _ in range(draw(st.integers(0, 3)))]
        case _:
            holder[key] = draw(JUNK)
    return bearer(claims)


def text_changed(draw: Any, claims: Claims) -> str:
    raw = json.dumps(claims, separators=draw(st.sampled_from([(",", ":"), (", ", ": ")]))).encode()
    at = draw(st.integers(0, len(raw) - 1))
    match draw(st.sampled_from(["flip", "flip", "cut", "insert", "member", "outside", "delete", "repeat"])):
        case "flip":
            raw = raw[:at] + bytes([raw[at] ^ draw(st.integers(1, 255))]) + raw[at + 1 :]
        case "cut":
            raw = raw[:at]
        case "insert":
            raw = raw[:at] + draw(STRANGE) + raw[at:]
        case "member":
            raw = b"{" + draw(MEMBERS) + raw[1:]
        case "outside":
            raw = draw(st.sampled_from([b"", b" ", b"\xef\xbb\xbf"])) + raw + draw(st.just(b"") | STRANGE)
        case "delete":
            raw = raw[:at] + raw[at + draw(st.integers(1, 12)) :]
        case _:
            name = draw(st.sampled_from(sorted(claims)))
            raw = raw[:-1] + b"," + json.dumps({name: draw(st.just(claims[name]) | JUNK)})[1:].encode()
    return bearer(raw)


LETTERS = st.sampled_from([*"ABCXYZabcxyz0189-_", *'+/=,;:!~ \t."%', "==", "A==", "\xe9", "\xff", "\xc3\xa9"])


def base64_changed(draw: Any, claims: Claims) -> str:
    pieces = encoded(claims).split(".")
    which = draw(st.sampled_from([0, 1, 1, 2]))
    text, at = pieces[which], draw(st.integers(0, len(pieces[which])))
    match draw(st.sampled_from(["replace", "insert", "delete", "cut", "append", "case"])):
        case "replace":
            text = text[:at] + draw(LETTERS) + text[at + 1 :]
        case "insert":
            text = text[:at] + draw(LETTERS) + text[at:]
        case "delete":
            text = text[:at] + text[at + draw(st.integers(1, 5)) :]
        case "cut":
            text = text[:at]
        case "append":
            text += "".join(draw(st.lists(LETTERS, min_size=1, max_size=4)))
        case _:
            text = text[:at] + text[at:].swapcase()
    pieces[which] = text
    return "Bearer " + ".".join(pieces)


def dots_changed(draw: Any, claims: Claims) -> str:
    pieces = encoded(claims).split(".")
    some = st.sampled_from([*pieces, "e30", "W10", "bnVsbA", "A", "AA", "="]) | st.binary(max_size=8).map(part)
    match draw(st.sampled_from(["sign", "any", "add", "drop", "order"])):
        case "sign":
            pieces[2] = draw(st.binary(min_size=1, max_size=64).map(part))
        case "any":
            pieces = draw(st.lists(some, max_size=6))
        case "add":
            pieces.insert(draw(st.integers(0, 3)), draw(some))
        case "drop":
            del pieces[draw(st.integers(0, 2))]
        case _:
            pieces = draw(st.permutations(pieces))
    return "Bearer " + draw(st.sampled_from([".", ".", ".", "..", " .", ",", ""])).join(pieces)


def header_changed(draw: Any, claims: Claims) -> str:
    header = dict(HEADER)
    algorithms = st.sampled_from(["None", "NONE", "none ", "nonE", "HS256", "RS256", "ES256", "EdDSA", "none"])
    match draw(st.sampled_from(["alg", "typ", "remove", "add", "text", "value"])):
        case "alg":
            header["alg"] = draw(algorithms | JUNK)
        case "typ":
            header["typ"] = draw(st.sampled_from(["jwt", "Jwt", "JWE", "JOSE", "at+jwt", "JWT "]) | JUNK)
        case "remove":
            del header[draw(st.sampled_from(["alg", "typ"]))]
        case "add":
            header[draw(st.sampled_from(["kid", "jku", "jwk", "x5c", "crit", "b64", "cty", "zip", "enc", ""]))] = draw(
                JUNK
            )
        case "text":
            raw = json.dumps(header).encode()
            at = draw(st.integers(0, len(raw)))
            return bearer(claims, raw[:at] + draw(STRANGE) + raw[at + draw(st.integers(0, 2)) :])
        case _:
            return bearer(claims, draw(JUNK.map(json.dumps)).encode(), draw(st.sampled_from([b"", b"x"])))
    return bearer(claims, header)


FIELD = st.text(st.sampled_from([*" \t!#$%&'()*+,-./:;<=>?@[]^_`{|}~AZaz09\"\\\x80\xa0\xc2\xe9\xff"]), max_size=8)
GAP = st.text(st.sampled_from(" \t,="), max_size=6)


def field_changed(draw: Any, claims: Claims) -> str:
    token = encoded(claims)
    schemes = st.sampled_from(["bearer", "BEARER", "Bearer", "Bearer:", "Basic", "Bearer Bearer", "Token", "", "\xff"])
    match draw(st.sampled_from(["scheme", "gap", "around", "within", "any", "twice"])):
        case "scheme":
            return f"{draw(schemes)} {token}{draw(FIELD)}"
        case "gap":
            return f"Bearer{draw(GAP)}{token}"
        case "around":
            return f"{draw(FIELD)}Bearer {token}{draw(FIELD)}"
        case "within":
            at = draw(st.integers(0, len(token)))
            return f"Bearer {token[:at]}{draw(FIELD)}{token[at:]}"
        case "any":
            return draw(FIELD) + draw(schemes) + draw(FIELD)
        case _:
            return f"Bearer {token}{draw(st.sampled_from([', ', ' ', ',', ';', '.']))}Bearer {token}"
