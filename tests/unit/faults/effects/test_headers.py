"""Headers: set, added and removed, whatever their case; those of the connection are not for a rule to touch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chains import answer, effect, problem, through

from ssp_emulator.faults.effects.headers import OF_THE_CONNECTION
from ssp_emulator.message import Framing, Head
from ssp_emulator.proxy import heads

FIELDS = [(b"Server", b"gp"), (b"X-Many", b"1"), (b"ETag", b"W/1"), (b"x-many", b"2")]
NAMES = st.text(st.sampled_from("abcXYZ-09_"), min_size=1, max_size=8).map("X-".__add__)
VALUES = st.text(st.characters(max_codepoint=0xFF, exclude_characters="\r\n\0"), max_size=20)


@pytest.mark.parametrize(
    ("parameters", "fields", "did"),
    [
        (
            {"set": {"SERVER": "other"}},
            [(b"SERVER", b"other"), *FIELDS[1:]],
            "set SERVER",
        ),
        (
            {"set": {"X-Many": "3"}},
            [FIELDS[0], (b"X-Many", b"3"), FIELDS[2]],
            "set X-Many",
        ),
        ({"set": {"New": "n"}}, [*FIELDS, (b"New", b"n")], "set New"),
        ({"add": {"x-many": "3"}}, [*FIELDS, (b"x-many", b"3")], "added x-many"),
        ({"remove": ["X-MANY"]}, [FIELDS[0], FIELDS[2]], "removed X-MANY"),
        ({"remove": ["None-Such"]}, FIELDS, "removed None-Such"),
        (
            {"add": {"A": "a"}, "set": {"ETag": "\xe9", "B": ""}, "remove": ["etag", "Server"]},
            [FIELDS[1], FIELDS[3], (b"ETag", b"\xe9"), (b"B", b""), (b"A", b"a")],
            "removed etag, Server, set ETag, B, added A",
        ),
    ],
    ids=["set", "set one of many", "set a new one", "add", "remove", "remove what is not there", "all three"],
)
async def test_fields_are_changed(parameters: dict[str, object], fields: list[tuple[bytes, bytes]], did: str) -> None:
    head = Head(200, b"OK", list(FIELDS), Framing.CHUNKED)

    sent, told = await through(effect("headers", **parameters), head, b"body")

    assert sent.head.fields == fields
    assert (sent.head.framing, sent.closes, sent.body, told) == (Framing.CHUNKED, False, b"body", did)
    assert head.fields == FIELDS


async def test_what_the_proxy_adds_can_be_removed() -> None:
    sent, _ = await through(effect("headers", remove=["Strict-Transport-Security", "Vary"]), answer())
    additions = [(b"Vary", b"Origin"), (b"X-Rate-Limit-Limit", b"1")]

    written = heads.answer_head(200, b"OK", [], Framing.LENGTH, None, additions, sent.head.omit)

    assert written == b"HTTP/1.1 200 OK\r\nX-Rate-Limit-Limit: 1\r\n\r\n"


async def test_two_rules_remove_what_the_proxy_adds_and_none_undoes_the_other() -> None:
    effects = [effect("headers", remove=["Vary"]), effect("headers", remove=["X-Rate-Limit-Limit"], set={"A": "1"})]
    additions = [(b"Vary", b"Origin"), (b"X-Rate-Limit-Limit", b"1"), (b"Ssp-More", b"1")]

    for one, other in (effects, reversed(effects)):
        sent, _ = await through([one, other], answer())
        assert sent.head.omit == {b"vary", b"x-rate-limit-limit"}
        written = heads.answer_head(200, b"OK", [], Framing.LENGTH, None, additions, sent.head.omit)
        assert b"Vary" not in written
        assert b"X-Rate-Limit-Limit" not in written
        assert b"\r\nSsp-More: 1\r\n" in written


@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED, Framing.CLOSE])
@pytest.mark.parametrize(
    ("parameters", "length"),
    [
        ({"set": {"content-LENGTH": "100"}}, [b"100"]),
        ({"remove": ["Content-length"]}, []),
    ],
)
async def test_a_length_of_ones_own_is_the_last_word_and_ends_the_connection(
    parameters: dict[str, object], length: list[bytes], framing: Framing
) -> None:
    sent, _ = await through(effect("headers", **parameters), answer(b"body", framing=framing), b"body")

    assert (sent.length, sent.closes, sent.head.framing) == (length, True, Framing.LENGTH)


async def test_a_length_where_there_is_no_body_is_a_field_like_any_other() -> None:
    sent, _ = await through(effect("headers", set={"Content-Length": "5"}), answer(framing=Framing.NONE))

    assert (sent.length, sent.head.framing) == ([b"5"], Framing.NONE)


async def test_a_second_length_stands_beside_the_first() -> None:
    sent, _ = await through(effect("headers", add={"Content-Length": "5"}), answer(b"body"), b"body")

    assert (sent.length, sent.closes) == ([b"4", b"5"], True)


@given(
    set=st.dictionaries(NAMES, VALUES, min_size=1, max_size=5).filter(
        lambda said: len({name.lower() for name in said}) == len(said)
    ),
    there=st.lists(st.tuples(NAMES, VALUES), max_size=8),
)
def test_whatever_is_set_is_there_once_and_the_rest_is_as_it_was(
    set: dict[str, str],  # noqa: A002 - the parameter's name
    there: list[tuple[str, str]],
) -> None:
    head = Head(200, b"OK", [(name.encode(), value.encode("latin-1")) for name, value in there], Framing.LENGTH)

    changed = effect("headers", set=set).changed(head)

    hit = {name.lower() for name in set}
    assert all(changed.all(name.encode()) == [value.encode("latin-1")] for name, value in set.items())
    rest = [field for field in changed.fields if field[0].decode().lower() not in hit]
    assert rest == [field for field in head.fields if field[0].decode().lower() not in hit]


@pytest.mark.parametrize("name", sorted(OF_THE_CONNECTION))
@pytest.mark.parametrize("key", ["set", "add", "remove"])
def test_a_field_of_the_connection_is_refused_with_the_effects_to_use(name: str, key: str) -> None:
    shown = name.title()
    told = problem("headers", **{key: [shown] if key == "remove" else {shown: "x"}})

    assert "should be a field of the answer, and not of its connection" in told
    assert "truncate, reset, slow-close and malformed-chunk" in told
    assert f"found {shown!r}" in told


def test_every_field_that_would_be_lost_on_the_way_is_refused() -> None:
    assert {name.encode() for name in OF_THE_CONNECTION} | {b"x-ssp-emulator-fault"} == heads._STAYS


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "should have set, add or remove, with at least one field"),
        ({"set": {}, "add": {}, "remove": []}, "should have set, add or remove, with at least one field"),
        ({"set": {"A": "1", "a": "2"}}, "set should name each field once, in whatever case, found 'a' again"),
        ({"remove": ["A", "a"]}, "remove should name each field once, in whatever case, found 'a' again"),
        ({"set": {"A b": "1"}}, "should be the name of a header field, found 'A b'"),
        ({"set": {"": "1"}}, "should be the name of a header field, found ''"),
        ({"remove": ["A:"]}, "remove.0: Value error, should be the name of a header field, found 'A:'"),
        ({"set": {"A": "1\r\nB: 2"}}, r"set.A: Value error, should be characters of ISO 8859-1, and no line break"),
        ({"add": {"A": "1\n"}}, r"found '\n'"),
        ({"add": {"A": "\0"}}, r"found '\x00'"),
        ({"set": {"A": "\u20ac"}}, "found '\u20ac'"),
        ({"set": {"A": 1}}, "set.A: Input should be a valid string"),
        ({"set": {"A": "a" * 65_537}}, "set.A: String should have at most 65536 characters"),
        ({"set": {"a" * 257: "a"}}, "String should have at most 256 characters"),
        ({"set": {f"A{n}": "" for n in range(101)}}, "set: Dictionary should have at most 100 items"),
        ({"remove": [f"A{n}" for n in range(101)]}, "remove: List should have at most 100 items"),
        ({"set": {"X-Ssp-Emulator-Fault": "a"}}, "should be a field that goes on to the consumer, found"),
    ],
)
def test_what_is_out_of_range_is_refused(parameters: dict[str, object], told: str) -> None:
    assert told in problem("headers", **parameters)
