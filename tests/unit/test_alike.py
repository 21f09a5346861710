"""Long YAML files, read by the forms of their entries: the same data as a parser's, or a doubt."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ssp_emulator import alike, located
from ssp_emulator.located import InvalidFileError, parse

PEM = "-----BEGIN PUBLIC KEY-----\n      MIIB+abc/d=\n      -----END PUBLIC KEY-----\n"


class Judge:
    """Parses parts as `located` does, and counts them."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def __call__(self, part: str) -> Any:
        self.parts.append(part)
        try:
            return parse(part, "part").data
        except InvalidFileError as error:
            raise alike.DoubtError from error


def system(number: int) -> str:
    return f'  - asid: "{number}"\n    fqdn: gp-{number}.example.nhs.uk\n    sends: ["urn:a:{number}:*", urn:b:*]\n'


@pytest.mark.parametrize(
    "text",
    [
        "# something\n\na:\n",
        "systems:\n" + "".join(map(system, range(50))),
        "systems:\n" + "".join(map(system, range(50))).rstrip("\n"),
        "systems:  # who\n\n  # the first\n" + "".join(map(system, range(3))),
        "# who\n\nsystems:\n" + "\n".join(f"{system(n)}  # number {n}" for n in range(9)) + "\n\n# the end",
        "systems:\n- {a: b}\n- {a: c}\nothers:\n    - {a: b}\n\n\n    - {a: c}\n",
        "none:\nempty: []\none: {a: [b,\n  c]}\ntext: |\n  # no comment\n\n  more\nsystems:\n  - a\n  - b c\n",
        "systems:\n  - a: |\n      # one\n  - a: |\n      # two\n",
        f"systems:\n  - key: |\n      {PEM}    asid: \"1\"\n  - key: |\n      {PEM}    asid: \"2\"\n",
        'systems:\n  - {a: "é # no comment, [x]: y"}\n  - {a: "\'"}\n  - {a: ""}\n  - {a: \'x\'}\n',
        "systems:\n  - a: Smith & Co\n  - a: St Mary's (North), Leeds\n  - a: a, 'n' b\n  - a: 5QE\n",
        "systems:\n  - a: yes\n  - a: Null\n  - a: no one\n  - a: norma\n  - a: off]\n  - a: 0x1F\n",
        "systems:\n  - a: 2026-01-01\n  - a: 12:30\n  - a: ~\n  - a: '1'\n  - a: .5\n  - a: 1_0\n",
        "systems:\n  - a: b #c\n  - a: b#c\n  - a: 1e3\n  - a: 7\n",
        "systems:\n  - a: one\n      two\n  - a: one\n      three\n  - a:\n      - b\n      - [c, {d: e}]\n",
        "systems:\n  - a: x\n    zqvalue0z: y\n  - 'zqvalue0z': x\n    b: y\n  - a: x\n    b: 'zqvalue0z'\n",
        "systems:\n" + "".join(f"  - {{k{n}: v}}\n" for n in range(100)),
        'systems:\n  - ? a\n    : b\n  - ? "c"\n    : d\n  - {? e : f}\n',
        'systems:\n  - "a\\n # b"\n  - "c\\n # d"\n  - !!int "3"\n  - !!int "4"\n  - <<: {a: b}\n    c: d\n',
    ],
)  # fmt: skip
def test_it_reads_what_a_parser_does(text: str) -> None:
    assert alike.read(text, Judge()) == yaml.safe_load(text)


def test_a_parser_judges_a_form_once() -> None:
    judge = Judge()
    entries = "".join(f'{system(n)}  # {n}\n  - {{from: a{n}, to: "{n}"}}\n  - b{n}\n' for n in range(1000))
    assert len(alike.read(f"systems:\n{entries}", judge)["systems"]) == 3000
    assert len(judge.parts) == 3


def test_a_very_long_entry_has_no_form_and_is_parsed() -> None:
    """A pattern of so many values would take longer to make than it saves."""
    judge = Judge()
    text = "systems:\n" + 3 * f"  - [{', '.join(['value'] * 5000)}]\n"
    assert alike.read(text, judge) == {"systems": [["value"] * 5000] * 3}
    assert len(judge.parts) == 3


def test_entries_without_a_form_are_read_one_by_one_and_not_without_end() -> None:
    """Beyond some thousands of them, the whole is parsed in less time."""
    judge = Judge()
    few, many = ("systems:\n" + "".join(f"  - {n}\n" for n in range(count)) for count in (100, 6000))
    assert alike.read(few, judge) == {"systems": list(range(100))}
    with pytest.raises(alike.DoubtError):
        alike.read(many, judge)


@pytest.mark.parametrize(
    "text",
    [
        "", "# nothing\n\n", "a: &x b\n", "systems:\n  - &x {a: b}\n  - *x\n", "systems:\n  - {a: &x b, c: *x}\n",
        'a: {"b":*x}\n', "a: b\na: c\n", "systems:\n  - a\nsystems:\n  - b\n", "systems:\n  - {a: b, a: c}\n",
        "a: {b: c, b: d}\n", "%YAML 1.1\n---\na: b\n", "---\na: b\n", "systems:\n  - a\n...\n",
        "a: 1\n---\nb: 2\n", "\ufeffa: b\n",
        "- a\n", "a\n", "{a: b}\n", "Systems:\n  - a\n", " a: b\n", "yes:\n  - a\n", "no: a\nno: b\n",
        "systems:\n  - a\n   - b: c\n", "systems:\n  - [a\n  - b]\n", 'systems:\n  - "a\n  - b"\n',
        'systems:\n  - a: "b\nc: d"\n', "systems:\n  - a: b\n  c: d\n", "systems:\n  - a\n - b\n",
        "systems:\n\t- a\n", "systems:\n  - a: b\n\tc: d\n", "systems:\n  - \x00\n", "# \x07\na: b\n",
        "systems:\n  - a: b: c\n", "systems:\n  - !!int x\n", f"systems:\n  - {'[' * 70}{']' * 70}\n",
    ],
)  # fmt: skip
def test_what_only_the_whole_can_tell_is_a_doubt(text: str) -> None:
    with pytest.raises(alike.DoubtError):
        alike.read(text, Judge())


LINE = st.sampled_from(
    [
        "systems:\n", "others:\n", "none: []\n", "  - ", "    ", "  ", "- ", "a: ", "b: ", "c", "d-1", '"e"', '"f g"',
        "h i", "{a: ", "b: c}", "[", "]", ", ", "}", "\n", "\n", "\n", "# x\n", " # y\n", "#", '"', "'", "|\n",
        "|+\n", ">-\n", "yes", "no ", "1", "2026-01-01", "0x1F", "5QE", "12:30", "&x ", "*x", "!!str ", "? ", ": ",
        "<<: ", "*", "urn:a:*", "\t", "é", "\x85", "\u2028", "\\n", "---\n", "zqvalue0z", "=", "~", "https://a.b:1/c",
        "...\n",
    ]
)  # fmt: skip
ENTRY = st.sampled_from(
    [system(7), system(8), '  - {from: "1", to: x, b: [c, d]}\n', '  - {from: "2", to: y, b: [e, f]}\n', "- a: b\n",
     "  - a: |\n      b\n", "  - a\n", "  - b\n", "# x\n", "\n", f"  - key: |\n      {PEM}"]
)  # fmt: skip
TEXT = st.one_of(
    st.lists(LINE, max_size=40).map("".join),
    st.lists(st.one_of(ENTRY, ENTRY, ENTRY, LINE), max_size=12).map(lambda some: "systems:\n" + "".join(some)),
    st.tuples(st.lists(ENTRY, max_size=8), st.integers(0, 400), st.integers(0, 3), LINE).map(
        lambda drawn: (text := "systems:\n" + "".join(drawn[0]))[: drawn[1]] + drawn[3] + text[drawn[1] + drawn[2] :]
    ),
)


@settings(max_examples=500, deadline=None)
@given(TEXT)
def test_whatever_it_reads_a_parser_reads_alike(text: str) -> None:
    try:
        data = alike.read(text, Judge())
    except alike.DoubtError:
        return
    assert repr(data) == repr(parse(text, "whole").data)  # a NaN is not equal to itself


@settings(max_examples=500, deadline=None)
@given(st.from_regex(re.compile(alike._PLAIN), fullmatch=True))
def test_a_plain_value_is_text_that_stands_for_itself(value: str) -> None:
    for text in (f"k:\n  - a: {value}\n", f"k:\n  - {value}", f"k:\n  - {{a: {value}, b: [{value}]}}\n"):
        found = yaml.safe_load(text)["k"][0]
        assert found in (value, {"a": value}, {"a": value, "b": [value]})


@settings(max_examples=200, deadline=None)
@given(st.from_regex(re.compile(alike._QUOTED), fullmatch=True))
def test_a_quoted_value_is_text_that_stands_for_itself(value: str) -> None:
    assert yaml.safe_load(f'k: ["{value}"]') == {"k": [value]}


def test_a_long_document_is_read_by_its_forms_and_knows_its_lines() -> None:
    entries = "".join(map(system, range(10_000)))
    document = parse(f"# who\nsystems:\n{entries}", "f")
    assert len(entries) > located._LONG
    systems = [
        {"asid": str(n), "fqdn": f"gp-{n}.example.nhs.uk", "sends": [f"urn:a:{n}:*", "urn:b:*"]} for n in range(10_000)
    ]
    assert document.data == {"systems": systems}
    assert document.line(("systems", 9_999, "fqdn")) == 3 + 3 * 9_999 + 1
