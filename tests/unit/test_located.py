"""Problems in a YAML file, each with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from ssp_emulator import located
from ssp_emulator.located import InvalidFileError, Located, Problem, parse

if TYPE_CHECKING:
    from collections.abc import Callable


class Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    colour: str
    size: int = 1


class Tree(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    leaves: list[Leaf] = []
    root: Leaf | None = None
    from_: str = Field("", alias="from")


@pytest.fixture(params=[False, True], ids=["parsed", "as if long"], autouse=True)
def however_long(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is read in another way where it is long, and nobody may notice."""
    if request.param:
        monkeypatch.setattr(located, "_LONG", -1)


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidFileError) as caught:
        parse(text, "tree.yaml").validated(Tree)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("leaves:\n  - {colour: red, colour: blue}\n", "tree.yaml:2: colour: stands twice; keep one"),
        ("root: {}\nroot: {}\n", "tree.yaml:2: root: stands twice; keep one"),
        ("leaves: [\n", "tree.yaml:2: not YAML: did not find expected node content"),
        ("a: b: c\n", "tree.yaml:1: not YAML: mapping values are not allowed in this context"),
        ("\n\troot: 1\n", "tree.yaml:2: not YAML: found character that cannot start any token"),
        ("a: 1\n---\nb: 2\n", "tree.yaml:2: not YAML: but found another document"),
        ("a: *nobody\n", "tree.yaml:1: not YAML: found undefined alias"),
        ("a: !python/object:os.system x\n", None),
        ("a: 2026-02-30\n", "tree.yaml: not YAML: day is out of range for month"),
    ],
)
def test_what_is_no_yaml_is_named_with_its_line(text: str, problem: str | None) -> None:
    with pytest.raises(InvalidFileError) as caught:
        parse(text, "tree.yaml")
    if problem is not None:
        assert str(caught.value) == problem
    else:
        assert str(caught.value).startswith("tree.yaml:1: not YAML: could not determine a constructor")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rot: 1\n", ["tree.yaml:1: rot: is not a key here; did you mean root?"]),
        ("xyzzy: 1\n", ["tree.yaml:1: xyzzy: is not a key here; these are: from, leaves, root"]),
        (
            "root:\n  colour: red\n  colur: blue\n",
            ["tree.yaml:3: root.colur: is not a key here; did you mean colour?"],
        ),
        (
            "leaves:\n  - colour: red\n  - colour: red\n    siez: 2\n",
            ["tree.yaml:4: leaves[1].siez: is not a key here; did you mean size?"],
        ),
        ("frm: a\n", ["tree.yaml:1: frm: is not a key here; did you mean from?"]),
        ("leaves:\n  - size: 2\n", ["tree.yaml:2: leaves[0].colour: is missing"]),
        ("root:\n  colour: 7\n", ['tree.yaml:2: root.colour: should be text: put it in quotes, "7"']),
        (
            "root:\n  colour: red\n  size: big\n",
            ["tree.yaml:3: root.size: should be a valid integer, found 'big'"],
        ),
        ("root: red\n", ["tree.yaml:1: root: should be keys with their values, found 'red'"]),
        ("- red\n", ["tree.yaml:1: should be keys with their values, found ['red']"]),
        (
            "root:\n  size: x\nleaves: 1\n",
            [
                "tree.yaml:3: leaves: should be a valid list, found 1",
                "tree.yaml:1: root.colour: is missing",
                "tree.yaml:2: root.size: should be a valid integer, found 'x'",
            ],
        ),
    ],
)
def test_what_the_model_does_not_take_is_named_with_line_and_key(text: str, said: list[str]) -> None:
    assert problems(text) == said


def test_a_long_value_is_cut_short_in_its_problem() -> None:
    (said,) = problems(f"leaves: {'x' * 200}\n")
    assert said == f"tree.yaml:1: leaves: should be a valid list, found '{'x' * 56}..."


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"], ids=["empty", "a comment", "a document of nothing"])
def test_an_empty_file_has_every_default(text: str) -> None:
    assert parse(text, "tree.yaml").validated(Tree) == Tree()


def test_a_key_that_is_not_there_has_the_line_of_what_should_hold_it() -> None:
    document = parse("\n\nroot:\n  colour: red\nleaves:\n  - colour: red\n", "tree.yaml")
    assert document.line(()) == 3
    assert document.line(("root", "colour")) == 4
    assert document.line(("root", "size")) == 3
    assert document.line(("leaves", 0)) == 6
    assert document.line(("leaves", 9)) == 5
    assert document.line(("nobody",)) == 3
    assert Located("tree.yaml", None, None).line(("root",)) is None


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("a.yaml", 3, "b.c", "is wrong"), "a.yaml:3: b.c: is wrong"),
        (Problem("a.yaml", None, "b.c", "is wrong"), "a.yaml: b.c: is wrong"),
        (Problem("a.yaml", 3, "", "is wrong"), "a.yaml:3: is wrong"),
        (Problem("a.yaml", None, "", "is wrong"), "a.yaml: is wrong"),
    ],
)
def test_a_problem_says_where(problem: Problem, text: str) -> None:
    assert str(problem) == text


@pytest.mark.parametrize(
    "text",
    ["{[a]: b}", "? {a: b}\n: c\n", '!!int ""', "!!bool perhaps", "!!timestamp soon", "[" * 5000],
    ids=["a list as key", "a mapping as key", "no int", "no bool", "no timestamp", "too deep"],
)
def test_odd_yaml_is_a_problem_of_the_file(text: str) -> None:
    with pytest.raises(InvalidFileError, match=r"^f(:\d+)?: "):
        parse(text, "f")


TEXT = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            ["a", ": ", "- ", "\n", "  ", "{", "}", "[", "]", ",", "&x ", "*x", "? ", "!!int ", "!!str ", '"', "'",
             "|", ">", "#", "---\n", "<<", "1", "2026-01-01", ".nan", "\t", "%YAML 9\n", "!", "\x00", "=", "~"]
        )
    ).map("".join),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(TEXT)
@example("&a [*a]")
@example("&a {b: *a}")
def test_any_text_is_read_or_named_as_a_problem(text: str) -> None:
    try:
        document = parse(text, "f")
        document.line(("a", 0))
        document.validated(Tree)
    except InvalidFileError as error:
        said = [str(problem) for problem in error.problems]
    else:
        return
    assert said
    assert all(problem.startswith("f:") for problem in said)


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 70, "- " * 100_000])
def test_a_file_that_is_nested_too_deep_is_named_and_not_followed(text: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        parse(text, "deep.yaml")
    assert str(caught.value) == "deep.yaml:1: is nested more than 64 deep"


def laughs(levels: int) -> str:
    """A document in which each list holds the one before it ten times, by aliases."""
    first = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n"
    return first + "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, levels))


def test_aliases_that_stand_for_too_much_are_not_followed() -> None:
    with pytest.raises(InvalidFileError) as caught:
        parse(laughs(9), "laughs.yaml")
    assert str(caught.value) == "laughs.yaml:5: repeats more than 100000 values by aliases"
    assert len(parse(laughs(4), "laughs.yaml").data["l3"]) == 10
    assert parse("a: &a [1, 2]\nb: [*a, *a]\nc: &c {d: *a}\ne: *c", "fine.yaml").data["e"] == {"d": [1, 2]}


KINDS = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("wrap", "said"),
    [
        (lambda key: {"root": {"colour": "red", "size": key}}, "root.size: should be a valid integer, found"),
        (lambda key: {"root": key}, "root: should be keys with their values, found"),
        (lambda key: {"leaves": [key]}, "leaves[0]: should be keys with their values, found"),
        (lambda key: {"from": [key]}, "from: should be a valid string, found ["),
        (lambda key: {"from": {key: 1}}, "from: should be a valid string, found {"),
        (lambda key: {key: 1}, ""),
        (lambda key: {"root": {"colour": "red", key: 1}}, "root."),
    ],
    ids=["a value", "a mapping's place", "an entry", "within a list", "within a mapping", "a key", "a key below"],
)
def test_a_private_key_in_the_wrong_place_is_not_shown(kind: str, wrap: Callable[[str], object], said: str) -> None:
    key = f"-----BEGIN {kind}-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END {kind}-----\n"
    (problem,) = problems(yaml.safe_dump(wrap(key)))
    where, _, rest = problem.partition(": ")
    assert where.startswith("tree.yaml:")
    shown = f"{said} a private key".replace("[ ", "[").replace("{ ", "{").replace(". ", ".").strip()
    assert rest.startswith(shown)
    assert not any(line in problem for line in key.splitlines())


def test_a_private_key_that_stands_twice_as_a_key_is_not_shown() -> None:
    key = '"-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkq"'
    with pytest.raises(InvalidFileError) as caught:
        parse(f"{key}: 1\n{key}: 2\n", "tree.yaml")
    assert str(caught.value) == "tree.yaml:2: a private key"
