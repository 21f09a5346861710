"""Json-patch: what the patch names is changed, all else keeps its digits and order; what does not fit is left alone."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chains import FIELDS, Sent, answer, effect, firing, problem, through

from ssp_emulator.faults.effects.whole import MOST_BYTES
from ssp_emulator.message import Framing

GZIP = (b"Content-Encoding", b"gzip")


def patching(*operations: dict[str, Any]) -> Any:
    """An effect with a patch."""
    return effect("json-patch", patch=list(operations))


def adding(path: str = "/new", value: Any = 1) -> Any:
    """An effect that adds one value."""
    return patching({"op": "add", "path": path, "value": value})


@pytest.mark.parametrize(
    ("operations", "before", "after"),
    [
        ([{"op": "add", "path": "/b", "value": [1.5, None]}], '{"a": 1}', '{"a":1,"b":[1.5,null]}'),
        ([{"op": "add", "path": "/a/1", "value": True}], '{"a": [1, 2]}', '{"a":[1,true,2]}'),
        ([{"op": "add", "path": "/a/-", "value": "x"}], '{"a": [1]}', '{"a":[1,"x"]}'),
        ([{"op": "replace", "path": "/a~1b/~0", "value": "\u20ac"}], '{"a/b":{"~":1}}', '{"a/b":{"~":"\u20ac"}}'),
        ([{"op": "remove", "path": "/a"}], '{"z": 1, "a": 2, "b": 3}', '{"z":1,"b":3}'),
        ([{"op": "move", "from": "/a", "path": "/c"}], '{"a":1.10,"b":2}', '{"b":2,"c":1.10}'),
        ([{"op": "copy", "from": "/a", "path": "/c"}], '{"a":[1.10]}', '{"a":[1.10],"c":[1.10]}'),
        ([{"op": "replace", "path": "", "value": []}], '{"a":1}', "[]"),
        ([{"op": "test", "path": "/a", "value": 1.1}, {"op": "remove", "path": "/a"}], '{"a":1.10}', "{}"),
        ([{"op": "test", "path": "/a", "value": 100}, {"op": "remove", "path": "/a"}], '{"a":1E2}', "{}"),
        ([{"op": "test", "path": "/a", "value": {"b": [1]}}], '{"a":{"b":[1.0]}}', '{"a":{"b":[1.0]}}'),
        ([{"op": "add", "path": "/a", "value": 1, "unknown": 2}], "{}", '{"a":1}'),
    ],
)  # fmt: skip
async def test_the_body_is_patched(operations: list[dict[str, Any]], before: str, after: str) -> None:
    body = before.encode()

    sent, did = await through(patching(*operations), answer(body, framing=Framing.CHUNKED), body[:3], body[3:])

    assert sent.body.decode() == after
    assert (sent.length, sent.head.framing) == ([b"%d" % len(sent.body)], Framing.LENGTH)
    assert sent.head.fields[:-1] == FIELDS
    assert did == f"changed the body by {len(operations)} operation{'s' if len(operations) > 1 else ''}"


@pytest.mark.parametrize(
    "text",
    [
        "1.10", "1.0", "-0", "-0.0", "1E5", "1e-07", "0.1e+2", "123456789012345678901234567890", "1e999",
        "9" * 5000, "0." + "3" * 400, "1e-99999999999999999999",
        '"\\ud800"', '"\u20ac\\u0000\\""', "null", "true", "[]", "{}",
    ],
)  # fmt: skip
async def test_what_is_not_named_is_written_as_it_was(text: str) -> None:
    body = f'{{"b":{text},"a":[{text}]}}'

    sent, did = await through(adding(), answer(), body.encode())

    assert sent.body.decode() == f'{body[:-1]},"new":1}}'
    assert did == "changed the body by 1 operation"


NUMBERS = st.one_of(
    st.integers().map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


class Written(str):
    """A number as it stands in a text; no string is equal to it."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Written) and str(self) == str(other)

    __hash__ = str.__hash__


DOCUMENTS = st.recursive(
    st.one_of(NUMBERS.map(Written), st.text(), st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def written(value: Any) -> str:
    """Write a document in another way than the effect does."""
    if isinstance(value, Written):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{written(member)}" for key, member in value.items()) + "}"
    return "[" + ",".join(map(written, value)) + "]" if isinstance(value, list) else json.dumps(value)


@given(DOCUMENTS)
async def test_any_document_comes_out_with_its_numbers_and_its_order(document: Any) -> None:
    text = written([document, 0])

    sent, _ = await through(patching({"op": "remove", "path": "/1"}), answer(), text.encode())

    assert reread(sent.body.decode()) == reread(written([document]))


def reread(text: str) -> Any:
    """Read a text with its numbers as they are written, and its objects as lists of pairs."""
    return json.loads(text, parse_int=Written, parse_float=Written, object_pairs_hook=lambda pairs: ("object", pairs))


@pytest.mark.parametrize(
    ("operations", "body", "why"),
    [
        ([{"op": "replace", "path": "/b", "value": 1}], b'{"a": 1}', "operation 1 (replace /b) does not fit the body"),
        ([{"op": "add", "path": "/b", "value": 1}, {"op": "remove", "path": "/c"}], b"{}", "operation 2 (remove /c)"),
        ([{"op": "add", "path": "/a/9", "value": 1}], b'{"a": []}', "operation 1 (add /a/9) does not fit the body"),
        ([{"op": "add", "path": "/a/b", "value": 1}], b'{"a": 1.5}', "operation 1 (add /a/b) does not fit the body"),
        ([{"op": "add", "path": "/a/b", "value": 1}], b'{"a": "text"}', "operation 1 (add /a/b) does not fit the body"),
        ([{"op": "add", "path": "/a/x", "value": 1}], b'{"a": []}', "operation 1 (add /a/x) does not fit the body"),
        ([{"op": "test", "path": "/a", "value": 2}], b'{"a": 1}', "operation 1 (test /a) does not fit the body"),
        ([{"op": "test", "path": "/a", "value": "1"}], b'{"a": 1}', "operation 1 (test /a) does not fit the body"),
        ([{"op": "test", "path": "/a", "value": True}], b'{"a": 1}', "operation 1 (test /a) does not fit the body"),
        ([{"op": "test", "path": "/a", "value": 1}], b'{"a": 1e-99999999999999999999}', "operation 1 (test /a) does"),
        ([{"op": "remove", "path": ""}], b"{}", "operation 1 (remove ) does not fit the body"),
        ([{"op": "copy", "from": "/a/-", "path": "/b"}], b'{"a": []}', "operation 1 (copy /b) does not fit the body"),
        ([{"op": "move", "from": "/a", "path": "/a/b"}], b'{"a": {}}', "operation 1 (move /a/b) does not fit the body"),
        ([{"op": "add", "path": "/a", "value": 1}], b"%PDF-1.4", "the body is not JSON in UTF-8"),
        ([{"op": "add", "path": "/a", "value": 1}], b"", "the body is not JSON in UTF-8"),
        ([{"op": "add", "path": "/a", "value": 1}], b"{} {}", "the body is not JSON in UTF-8"),
        ([{"op": "add", "path": "/a", "value": 1}], b'{"a": "\xff"}', "the body is not JSON in UTF-8"),
        ([{"op": "add", "path": "/a", "value": 1}], b'{"a": NaN}', "the body has NaN in it, which is not JSON"),
        ([{"op": "add", "path": "/a", "value": 1}], b'{"a": 1, "a": 2}', "the body has an object with a key that"),
        ([{"op": "add", "path": "/a", "value": 1}], b"[" * 100_000, "the body is nested too deeply"),
    ],
)  # fmt: skip
async def test_a_body_that_it_does_not_fit_goes_on_as_it_was(
    operations: list[dict[str, Any]], body: bytes, why: str
) -> None:
    head = answer(body)

    sent, did = await through(patching(*operations), head, body)

    assert did.startswith(f"nothing: {why}")
    assert (sent.head, sent.body) == (head, body)


async def test_what_is_in_gzip_is_in_gzip_again() -> None:
    packed = gzip.compress(b'{"a": ') + gzip.compress(b"1.10}")

    sent, did = await through(adding(), answer(packed, GZIP), packed)

    assert gzip.decompress(sent.body) == b'{"a":1.10,"new":1}'
    assert sent.head.all(b"Content-Encoding") == [b"gzip"]
    assert sent.length == [b"%d" % len(sent.body)]
    assert did == "changed the body by 1 operation"


@pytest.mark.parametrize(
    ("coding", "body", "why"),
    [
        (b"br", b"{}", "the body is in a content coding other than gzip"),
        (b"gzip, gzip", b"{}", "the body is in a content coding other than gzip"),
        (b"gzip", b"{}", "the body is not in gzip, though its Content-Encoding says so"),
        (b"GZip", gzip.compress(b"{}" * 99)[:-5], "the body is not whole in gzip"),
        (b"gzip", gzip.compress(b"{}") + b"rubbish", "the body is not in gzip, though its Content-Encoding says so"),
        (
            b"x-gzip",
            gzip.compress(bytes(MOST_BYTES + 1)),
            "the body is longer than 33554432 bytes when it is taken out",
        ),
        (
            b"gzip",
            gzip.compress(bytes(MOST_BYTES)) + gzip.compress(b"1"),
            "the body is longer than 33554432 bytes when",
        ),
    ],
    ids=["another coding", "twice", "not gzip", "cut off", "rubbish behind", "a bomb", "a bomb in two parts"],
)
async def test_what_cannot_be_unpacked_goes_on_as_it_was(coding: bytes, body: bytes, why: str) -> None:
    sent, did = await through(adding(), answer(body, (b"content-encoding", coding)), body)

    assert did.startswith(f"nothing: {why}")
    assert sent.body == body


@pytest.mark.parametrize("coding", [b"identity", b"", b" , Identity"])
async def test_no_coding_is_none(coding: bytes) -> None:
    sent, _ = await through(adding(), answer(b"{}", (b"Content-Encoding", coding)), b"{}")

    assert sent.body == b'{"new":1}'


async def test_a_large_body_is_patched_and_one_that_is_too_large_goes_on() -> None:
    large = b'{"a":"' + b"x" * (MOST_BYTES - 8) + b'"}'
    assert len(large) == MOST_BYTES

    fits, did = await through(adding(), answer(large), large[:5], large[5:])
    too_large, told = await through(adding(), answer(large + b" "), large, b"", b" ", b"")

    assert (fits.body, did) == (large[:-1] + b',"new":1}', "changed the body by 1 operation")
    assert too_large.body == large + b" "
    assert too_large.head.all(b"Content-Length") == [b"%d" % (MOST_BYTES + 1)]
    assert told == "nothing: the body is longer than 33554432 bytes"


async def test_copies_cannot_fill_the_memory() -> None:
    doubling = [{"op": "copy", "from": "", "path": "/-"} for _ in range(60)]
    body = b'[ "' + b"x" * (1 << 15) + b'"]'

    sent, did = await through(patching(*doubling), answer(body), body)

    assert sent.body == body
    assert did == "nothing: operation 6 (copy /-) would copy more than 1048576 bytes in all"


async def test_an_answer_that_begins_anew_is_the_one_that_counts() -> None:
    sent, noted = Sent(), firing()
    way = adding().around(sent, None, noted)

    await way.begin(answer(b'{"a"'), closes=False)
    await way.write(b'{"a"', last=False)
    assert sent.heads == []
    await way.begin(answer(b"{}", status=502), closes=True)
    await way.write(b"{}", last=True)

    assert (len(sent.heads), sent.head.status, sent.closes, sent.body) == (1, 502, True, b'{"new":1}')


async def test_an_answer_without_a_body_stays_one() -> None:
    head = answer(framing=Framing.NONE)

    sent, did = await through(adding(), head)

    assert (sent.head, did) == (head, "nothing: the answer has no body")


async def test_a_patch_is_not_changed_by_what_it_was_applied_to() -> None:
    made = patching({"op": "add", "path": "/a", "value": {"b": 1}}, {"op": "replace", "path": "/a/b", "value": 2})

    bodies = [(await through(made, answer(b"{}"), b"{}"))[0].body for _ in range(2)]

    assert bodies == [b'{"a":{"b":2}}'] * 2
    assert made.written()["patch"][0]["value"] == {"b": 1}


async def test_several_changes_come_one_upon_the_other() -> None:
    first, second = adding("/a"), patching({"op": "move", "from": "/a", "path": "/b"})
    length = effect("headers", set={"Content-Length": "1", "X-Made": "yes"})

    sent, _ = await through([first, second, length], answer(b"{}"), b"{}")

    assert (sent.body, sent.length, sent.closes) == (b'{"b":1}', [b"1"], True)
    assert sent.head.all(b"X-Made") == [b"yes"]


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        (None, "patch: Input should be a valid list"),
        ([], "patch: List should have at least 1 item"),
        ([{"op": "remove", "path": "/a"}] * 1001, "patch: List should have at most 1000 items"),
        ([1], "patch.0: Input should be a valid dictionary"),
        ([{}], "patch.0: Value error, op should be one of add, remove, replace, move, copy, test, found None"),
        ([{"op": "append", "path": "/a", "value": "b"}], "copy, test, found 'append'"),
        ([{"op": [], "path": "/a"}], "op should be one of add, remove, replace, move, copy, test, found []"),
        ([{"op": "remove"}], 'path should be a JSON Pointer of up to 2000 characters, as in "/entry/0/id", found None'),
        ([{"op": "remove", "path": 1}], "path should be a JSON Pointer of up to 2000 characters"),
        ([{"op": "remove", "path": "a"}], "found 'a'"),
        ([{"op": "remove", "path": "/a~2"}], "found '/a~2'"),
        ([{"op": "remove", "path": "/" + "a" * 2000}], "path should be a JSON Pointer of up to 2000 characters"),
        ([{"op": "remove", "path": "/a"}, {"op": "add", "path": "/a"}], "patch.1: Value error, value should"),
        ([{"op": "replace", "path": "/a"}], "value should stand beside replace"),
        ([{"op": "test", "path": "/a"}], "value should stand beside test"),
        ([{"op": "move", "path": "/a"}], "from should be a JSON Pointer of up to 2000 characters"),
        ([{"op": "copy", "path": "/a", "from": "b"}], "from should be a JSON Pointer"),
        ([{"op": "add", "path": "/a", "value": float("inf")}], "patch.0.value.float: Input should be a finite number"),
        ([{"op": "add", "path": "/a", "value": Decimal("1.10")}], "patch.0.value: input was not a valid JSON value"),
    ],
)  # fmt: skip
def test_a_patch_that_is_not_well_formed_is_refused(patch: Any, told: str) -> None:
    assert told in problem("json-patch", patch=patch)


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}])
def test_any_value_is_one(value: Any) -> None:
    assert adding(value=value).written()["patch"] == [{"op": "add", "path": "/new", "value": value}]
