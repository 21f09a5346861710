"""The chain: the line is the record, and says its place in the same words each time."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssp_emulator.audit.chain import GENESIS, Head, Link, digest, head_of, line_of

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
LINKS = st.builds(Link, st.integers(0, 10**18 - 2), DIGESTS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=3),
    max_leaves=8,
)
FACTS = st.dictionaries(st.text(min_size=1), VALUES, min_size=1, max_size=5)
FIRST = b'{"sequence":1,"previous":"%s","worker":0,"gap":null}' % (b"0" * 64)


def test_the_line_of_a_first_record_letter_by_letter() -> None:
    assert line_of(GENESIS, 0, b'{"gap":null}') == FIRST


def test_a_digest_is_the_sha_256_of_the_line() -> None:
    # Source: FIPS 180-4, and NIST's example for "abc".
    assert digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@settings(deadline=None)
@given(LINKS, st.integers(0, 9999), FACTS)
def test_what_a_line_says_of_its_place_is_read_from_it_alone(
    previous: Link, worker: int, facts: dict[str, object]
) -> None:
    own = {key: value for key, value in facts.items() if key not in {"sequence", "previous", "worker"}} or {"a": 1}

    line = line_of(previous, worker, json.dumps(own, separators=(",", ":")).encode())

    assert head_of(line) == Head(previous.sequence + 1, previous.digest, worker)
    assert json.loads(line) == {
        "sequence": previous.sequence + 1,
        "previous": previous.digest,
        "worker": worker,
        **own,
    }


@settings(deadline=None)
@given(LINKS, st.integers(0, 9999), st.integers(1, 200))
def test_a_line_that_was_cut_off_is_no_record(previous: Link, worker: int, cut: int) -> None:
    line = line_of(previous, worker, json.dumps({"a": "x" * 100, "z": 0}).encode())

    assert head_of(line[:-cut]) is None


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_at_all_are_read_as_a_place_by_chance(line: bytes) -> None:
    assert head_of(line) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"sequence":1,', b'{"sequence":0,'),
        (b'{"sequence":1,', b'{"sequence":01,'),
        (b'{"sequence":1,', b'{"sequence":-1,'),
        (b'{"sequence":1,', b'{"sequence":"1",'),
        (b'{"sequence":1,', b'{"sequence":1' + b"0" * 18 + b","),
        (b'{"sequence"', b'{ "sequence"'),
        (b'{"sequence"', b' {"sequence"'),
        (b'"previous":"0', b'"previous":"'),
        (b'"previous":"0', b'"previous":"00'),
        (b'"previous":"0', b'"previous":"A'),
        (b'"worker":0,', b'"worker":00,'),
        (b'"worker":0,', b'"worker":10000,'),
        (b'"worker":0,', b'"worker":null,'),
        (b'"sequence":1,', b""),
        (b"}", b"}\n"),
        (b"}", b"} "),
    ],
)  # fmt: skip
def test_a_line_in_any_other_form_says_nothing(old: bytes, new: bytes) -> None:
    assert head_of(FIRST) == Head(1, GENESIS.digest, 0)

    assert head_of(FIRST.replace(old, new, 1)) is None


@settings(deadline=None)
@given(FACTS, st.integers(0), st.integers(1, 255))
def test_a_digest_is_another_when_any_byte_is(facts: dict[str, object], place: int, change: int) -> None:
    line = line_of(GENESIS, 0, json.dumps(facts).encode())
    altered = bytearray(line)
    altered[place % len(line)] ^= change

    assert digest(line) == hashlib.sha256(line).hexdigest() != digest(bytes(altered))
