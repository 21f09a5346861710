"""JSON objects read strictly, and claims that recur told from fresh ones: in no case another value than the text's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssp_emulator.token.objects import read_claims, read_object

ONCE = "should be a JSON object, each of its keys once"


def plainly(raw: bytes) -> Any:
    """The value by the standard library alone; None where a strict reader refuses it."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError
        return found

    def none(name: str) -> Any:
        raise ValueError(name)

    try:
        return json.loads(raw.decode(), object_pairs_hook=once, parse_constant=none)
    except ValueError:
        return None


def claims(**fresh: Any) -> bytes:
    standing = {"iss": "https://consumer.example.nhs.uk", "device": {"model": "m", "identifier": [{"value": "1"}]}}
    return json.dumps({**standing, **fresh, "sub": "1"}, separators=(",", ":")).encode()


def test_what_recurs_is_the_same_object_whatever_is_fresh() -> None:
    found = [
        read_claims(claims(exp=301, iat=1, jti="a")),
        read_claims(claims(exp=1_772_625_900, iat=1_772_625_600, jti="urn:uuid:9c2a4f0e-3b1d-4e57-8a60-5d1f7b2c9e34")),
        read_claims(claims(exp="soon", iat=7, jti=8)),
    ]
    (_, first), *others = found
    assert first is not None
    assert first.claims == {name: value for name, value in found[0][0].items() if name not in {"exp", "iat", "jti"}}
    assert first.fresh == {"exp", "iat", "jti"}
    assert all(recurring is first for _, recurring in others)
    assert [(read["exp"], read["iat"], read["jti"]) for read, _ in found] == [
        (301, 1, "a"),
        (1_772_625_900, 1_772_625_600, "urn:uuid:9c2a4f0e-3b1d-4e57-8a60-5d1f7b2c9e34"),
        ("soon", 7, 8),
    ]


@pytest.mark.parametrize("changed", [{"nbf": 1}, {"nonce": "a"}, {"device": {}}, {"iss": "x"}])
def test_other_claims_are_another_object(changed: dict[str, Any]) -> None:
    _, one = read_claims(claims(exp=301))
    _, another = read_claims(claims(exp=301, **changed))
    assert one is not None
    assert another is not None
    assert one is not another


@pytest.mark.parametrize(
    "raw",
    [
        b'{"exp":5,"a":1}',
        b'{"a":1,"exp":5}',
        b'{"exp":5}',
        b'{"exp": 5, "iat": 6, "a": {}}',
        b'{"jti":"x","a":"NaCl"}',
    ],
)
def test_fresh_claims_are_told_wherever_they_stand(raw: bytes) -> None:
    read, recurring = read_claims(raw)
    assert read == plainly(raw)
    assert recurring is not None
    assert {**recurring.claims, **{name: read[name] for name in recurring.fresh}} == read


NO_PLAIN_ONE = [
    b'{"a":1}',
    b'{"x\\"exp":5,"a":1}',  # the end of another name
    b'{"x\\"exp":5,"exp":6}',
    b'{"a":{"exp":5}}',
    b'{"a":{"exp":5},"exp":6}',
    b'{"a":[{"iat":5}],"exp":6}',
    b'{"a":"NaN","exp":5}',
    b'{"NaN":1,"exp":5}',
    b'{"\\u0065xp":5,"a":1}',
    b'{"exp" :5,"a":1}',
    b'{"exp":\n5,"a":1}',
    b'{"exp":5.0,"a":1}',
    b'{"exp":-5,"a":1}',
]
LOOK_ALIKES = [
    *NO_PLAIN_ONE,
    b'{"a":"\\"exp\\":5,","iat":6}',
    b'{"exp":-5,"iat":6}',
    b'{"exp":0,"a":1}',
    b'{"exp":5e3,"a":1}',
    b'{"exp":null,"a":1}',
    b'{"exp":[5],"a":1}',
    b'{"jti":"\\u0041"}',
    b'{"jti":"\xc3\xa9"}',
    b'{"jti":""}',
    b'{"exp":9999999999999999999,"a":1}',
    b'{"exp":5,"a":"' + b"x" * 4096 + b'"}',
]
REFUSED = [
    b'{"exp":5,"exp":5}',
    b'{"exp":5,"exp":6,"a":1}',
    b'{"\\u0065xp":5,"exp":6}',
    b'{"exp":5,"a":{"b":1,"b":1}}',
    b'{"exp":NaN}',
    b'{"exp":NaN,"iat":5}',
    b'{"exp":5,"a":NaN}',
    b'{"exp":5,"a":Infinity}',
    b'{"exp":05,"a":1}',
    b'{"exp":5,"a":1',
    b'{"exp":5,}',
    b'{,"exp":5}',
    b'{"a":1"exp":5,"b":1}',
    b'{"a":"b\n","exp":5}',
    b'{"exp":5,"a":' + b"9" * 5000 + b"}",
    b'{"exp":5,"a":' + b"[" * 100_000,
    b'{"exp":5}\xff',
]


@pytest.mark.parametrize("raw", LOOK_ALIKES, ids=lambda raw: raw[:40].decode())
def test_what_only_looks_like_a_fresh_claim_is_read_as_it_stands(raw: bytes) -> None:
    for again in (raw, raw):  # from its text, and from what is remembered
        assert read_claims(again)[0] == read_object(raw) == plainly(raw) is not None


@pytest.mark.parametrize("raw", NO_PLAIN_ONE, ids=lambda raw: raw[:40].decode())
def test_nothing_recurs_in_a_text_whose_fresh_claims_are_not_plain(raw: bytes) -> None:
    assert read_claims(raw)[1] is None


@pytest.mark.parametrize(("letters", "remembered"), [(4096, True), (4097, False)])
def test_only_so_long_a_text_is_remembered(letters: int, remembered: bool) -> None:
    frame = len('{"exp":5,"a":""}')
    read, recurring = read_claims(b'{"exp":5,"a":"' + b"x" * (letters - frame) + b'"}')
    assert read == {"exp": 5, "a": "x" * (letters - frame)}
    assert (recurring is not None) == remembered


@pytest.mark.parametrize("raw", REFUSED, ids=lambda raw: raw[:40].decode("latin-1"))
def test_what_is_no_object_is_refused_also_where_its_like_is_remembered(raw: bytes) -> None:
    read_claims(b'{"exp":5,"iat":5}')
    for _ in range(2):
        with pytest.raises(ValueError, match=rf"\A{ONCE}\Z"):
            read_claims(raw)


@pytest.mark.parametrize("raw", [b"[]", b"1", b"null", b'"exp"', b'[{"exp":5,"a":1}]'])
def test_what_is_another_value_is_no_object(raw: bytes) -> None:
    for read in (read_object, read_claims):
        with pytest.raises(ValueError, match=r"\Ashould be a JSON object\Z"):
            read(raw)


PIECES = [
    *('"exp":5', '"iat": 6', '"jti":"x"', '"a":1', '"x\\"exp":7', '"\\u0065xp":8', '"b":NaN', '"exp":NaN', '"c":"NaN"'),
    *('"d":{"exp":5}', '"e":["iat"]', '"f":{"g":{"jti":"y","h":2}}', '"exp":05', '"i":"\\"exp\\":5"', '"exp" :9', ""),
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=6), st.sampled_from([",", ", ", ",,", " , "]))
@example(['"x\\"exp":7'], ",")
@example(['"exp":NaN', '"iat": 6'], ",")
def test_whatever_stands_beside_them_the_value_is_that_of_the_text(pieces: list[str], comma: str) -> None:
    raw = ("{" + comma.join(pieces) + "}").encode()
    try:
        read = read_claims(raw)[0]
    except ValueError:
        read = None
    assert read == plainly(raw)
