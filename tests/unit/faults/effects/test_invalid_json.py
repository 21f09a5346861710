"""Invalid-json: the last bracket is missing, and the length fits what is left."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chains import answer, effect, problem, through

from ssp_emulator.faults.effects.invalid_json import unclosed
from ssp_emulator.message import Framing

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
INNER = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (b'{"a": {"b": 1}}', b'{"a": {"b": 1}'),
        (b"{}", b"{"),
        (b"[1, [2]]", b"[1, [2]"),
        (b' {"a": "}"} \r\n\t', b' {"a": "}"'),
        (b"[" + b"9" * 5000 + b"]", b"[" + b"9" * 5000),
    ],
)
@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED])
async def test_the_last_bracket_is_left_out(body: bytes, left: bytes, framing: Framing) -> None:
    sent, did = await through(effect("invalid-json"), answer(body, framing=framing), body[:1], body[1:])

    assert (sent.body, sent.length, sent.head.framing) == (left, [b"%d" % len(left)], Framing.LENGTH)
    assert did == "left out the last closing bracket of the body"


@given(st.lists(INNER) | st.dictionaries(st.text(), INNER))
def test_what_is_left_is_never_json(document: object) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(unclosed(json.dumps(document).encode()))


async def test_what_is_in_gzip_is_in_gzip_again() -> None:
    packed = gzip.compress(b'{"a":1}')

    sent, _ = await through(effect("invalid-json"), answer(packed, (b"Content-Encoding", b"gzip")), packed)

    assert gzip.decompress(sent.body) == b'{"a":1'


@pytest.mark.parametrize("body", [b"", b"1", b'"}"', b"%PDF }", b"{} {}", b"{]", b"[\xff]", b"[" * 100_000 + b"]"])
async def test_what_is_no_object_or_array_goes_on_as_it_was(body: bytes) -> None:
    head = answer(body)

    sent, did = await through(effect("invalid-json"), head, body)

    assert (sent.head, sent.body, did) == (head, body, "nothing: the body is no JSON object or array")


async def test_an_answer_without_a_body_stays_one() -> None:
    head = answer(framing=Framing.NONE)

    sent, did = await through(effect("invalid-json"), head)

    assert (sent.head, did) == (head, "nothing: the answer has no body")


def test_it_takes_no_parameters() -> None:
    assert "after_bytes: Extra inputs are not permitted" in problem("invalid-json", after_bytes=1)
