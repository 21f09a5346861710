"""Body: from the rule or from a file, which has to lie where the configuration says, and is read once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.chains import answer, effect, problem, through

from ssp_emulator.faults.effects.effect import Context
from ssp_emulator.message import Framing

if TYPE_CHECKING:
    from pathlib import Path

MOST = 64 * 1024 * 1024


@pytest.fixture
def bodies(tmp_path: Path) -> Path:
    folder = tmp_path / "bodies"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.json").write_bytes(b"from a file \xff")
    (folder / "deep" / "b.json").write_bytes(b"deep")
    (tmp_path / "secret").write_bytes(b"secret")
    return folder


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        ({"text": "h\xe9llo \u20ac"}, "h\xe9llo \u20ac".encode()),
        ({"text": ""}, b""),
        ({"base64": "AP8="}, b"\x00\xff"),
        ({"base64": ""}, b""),
        ({"file": "a.json"}, b"from a file \xff"),
        ({"file": "deep/b.json"}, b"deep"),
        ({"file": "deep/../a.json"}, b"from a file \xff"),
        ({"text": "x" * 200_000}, b"x" * 200_000),
    ],
    ids=["text", "no text", "base64", "no base64", "file", "deep", "up and down", "more than a piece"],
)
@pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED, Framing.CLOSE])
async def test_the_body_is_replaced(bodies: Path, parameters: dict[str, str], body: bytes, framing: Framing) -> None:
    made = effect("body", Context(bodies), **parameters)

    sent, did = await through(made, answer(b"old", framing=framing), b"o", b"", b"ld")

    assert (sent.body, sent.length, sent.head.framing) == (body, [b"%d" % len(body)], Framing.LENGTH)
    assert sent.head.all(b"Content-Type") == [b"application/fhir+json"]
    assert did == f"replaced the body by one of {len(body)} bytes"


async def test_the_type_is_changed_where_it_is_said_and_the_coding_goes() -> None:
    made = effect("body", text="{}", content_type="text/html")

    sent, _ = await through(made, answer(b"old", (b"Content-Encoding", b"gzip"), (b"ETag", b"1")), b"old")

    assert sent.head.fields == [
        (b"Content-Type", b"text/html"),
        (b"Server", b"gp"),
        (b"ETag", b"1"),
        (b"Content-Length", b"2"),
    ]


async def test_an_answer_without_a_body_stays_one() -> None:
    head = answer(framing=Framing.NONE)

    sent, did = await through(effect("body", text="new", content_type="text/html"), head)

    assert (sent.head, sent.body, did) == (head, b"", "nothing: the answer has no body")


async def test_a_file_is_read_when_the_rule_is_and_never_again(bodies: Path) -> None:
    made = effect("body", Context(bodies), file="a.json")
    (bodies / "a.json").unlink()

    sent, _ = await through(made, answer(b"old"), b"old")

    assert sent.body == b"from a file \xff"


def test_what_is_written_down_is_the_name_and_not_the_content(bodies: Path) -> None:
    made = effect("body", Context(bodies), file="a.json")

    assert made.written() == {"kind": "body", "file": "a.json"}


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "should have one of text, base64 and file, found none"),
        ({"text": "a", "base64": "YQ=="}, "should have one of text, base64 and file, found text and base64"),
        ({"text": "a", "file": "a.json"}, "should have one of text, base64 and file, found text and file"),
        ({"text": 1}, "text: Input should be a valid string"),
        ({"text": "\ud800"}, "text: Input should be a valid string"),
        ({"base64": "YQ"}, "base64: Value error, should be base64 with its padding, found 'YQ'"),
        ({"base64": "Y Q=="}, "base64: Value error, should be base64 with its padding, found 'Y Q=='"),
        ({"base64": "\xe9" * 50}, "found '" + "\xe9" * 40 + "...'"),
        ({"text": "a" * (1024 * 1024 + 1)}, "text: String should have at most 1048576 characters"),
        ({"base64": "a" * (1024 * 1024 + 1)}, "base64: String should have at most 1048576 characters"),
        ({"file": ""}, "file: String should have at least 1 character"),
        ({"file": "a" * 1001}, "file: String should have at most 1000 characters"),
        ({"text": "a", "content_type": ""}, "content_type: String should have at least 1 character"),
        ({"text": "a", "content_type": "a\nb"}, "content_type: Value error, should be characters of ISO 8859-1"),
        ({"file": "none.json"}, "cannot read none.json: no such file"),
        ({"file": "deep/none.json"}, "cannot read deep/none.json: no such file"),
        ({"file": "a.json/b"}, "cannot read a.json/b: not a directory"),
        ({"file": "a\0b"}, r"cannot read 'a\x00b': no such file"),
        ({"file": "deep"}, "cannot read deep: it should be a regular file"),
        ({"file": "."}, "cannot read .: it should be a regular file"),
        ({"file": "../secret"}, "cannot read ../secret: it should lie in "),
        ({"file": "deep/../../secret"}, "cannot read deep/../../secret: it should lie in "),
        ({"file": "/etc/hostname"}, "cannot read /etc/hostname: it should lie in "),
        ({"file": "link-out"}, "cannot read link-out: it should lie in "),
        ({"file": "folder-out/secret"}, "cannot read folder-out/secret: it should lie in "),
        ({"file": "circle"}, "cannot read circle: "),
        ({"file": "pipe"}, "cannot read pipe: it should be a regular file"),
    ],
)
def test_what_cannot_be_had_is_refused(bodies: Path, parameters: dict[str, object], told: str) -> None:
    (bodies / "link-out").symlink_to(bodies.parent / "secret")
    (bodies / "folder-out").symlink_to(bodies.parent)
    (bodies / "circle").symlink_to(bodies / "circle")
    os.mkfifo(bodies / "pipe")

    assert told in problem("body", Context(bodies), **parameters)


async def test_a_link_that_stays_within_is_followed(bodies: Path) -> None:
    (bodies / "link").symlink_to("deep/b.json")

    sent, _ = await through(effect("body", Context(bodies), file="link"), answer(b"old"), b"old")

    assert sent.body == b"deep"


@pytest.mark.parametrize(("size", "fits"), [(MOST, True), (MOST + 1, False)])
def test_a_file_has_64_mib_at_most(bodies: Path, size: int, fits: bool) -> None:
    with (bodies / "large").open("wb") as large:
        large.truncate(size)

    if fits:
        effect("body", Context(bodies), file="large")
    else:
        told = problem("body", Context(bodies), file="large")
        assert "cannot read large: it should have at most 67108864 bytes" in told


def test_a_file_without_a_folder_for_it_is_refused() -> None:
    assert "file should stand only in rules that are read beside a folder of scenarios" in problem("body", file="a")


def test_a_folder_that_is_not_there_is_no_place_for_a_file(tmp_path: Path) -> None:
    assert "cannot read a: no such file" in problem("body", Context(tmp_path / "none"), file="a")
