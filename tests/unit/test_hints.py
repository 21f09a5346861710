"""Patterns as JSON Schema has them, and what stands beside them."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel

from ssp_emulator.hints import ecma, hint

FORMS = [
    (r"[0-9]{1,3}\Z", "^[0-9]{1,3}$", ["1", "123"], ["", "1234", "a1", "1a"]),
    (r"\*\Z|a+\Z", r"^(?:\*$|a+$)$", ["*", "aa"], ["**", "a*", "*a", "b"]),
    (r"(?P<host>[a-z]+):(?P<port>[0-9]+)\Z", "^([a-z]+):([0-9]+)$", ["a:1"], ["a", "a:", "a:1:2"]),
]


@pytest.mark.parametrize(("form", "written", "good", "bad"), FORMS, ids=["plain", "either", "groups"])
def test_a_pattern_means_the_same_where_it_is_searched_for(
    form: str, written: str, good: list[str], bad: list[str]
) -> None:
    pattern = re.compile(form)

    assert ecma(pattern) == written
    for text in (*good, *bad):
        assert (re.search(written, text) is not None) == (pattern.match(text) is not None) == (text in good), text


def test_what_would_be_right_and_examples_stand_beside_it() -> None:
    class Model(BaseModel):
        number: str = hint(re.compile(r"[0-9]+\Z"), "should be digits", ["1"])
        word: str = hint(re.compile(r"[a-z]+\Z"), "should be letters")

    made = Model.model_json_schema()["properties"]
    assert (made["number"]["pattern"], made["number"]["patternErrorMessage"]) == ("^[0-9]+$", "should be digits")
    assert made["number"]["examples"] == ["1"]
    assert "examples" not in made["word"]
