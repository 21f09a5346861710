from __future__ import annotations

from typing import Any

import pytest

from ssp_emulator.strict_json import JsonError, loads


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        (' {"a": [1, 2.5, null, true, "x"]}\n', {"a": [1, 2.5, None, True, "x"]}),
        ('{"a": {"a": 1}, "b": {"a": 1}}', {"a": {"a": 1}, "b": {"a": 1}}),
        ("1e3", 1000.0),
        ('"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
    ],
)
def test_json_is_read(text: str, value: Any) -> None:
    assert loads(text) == value


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "Expecting value, at line 1, column 1", 1),
        ('{\n"a" 1}', "Expecting ':' delimiter, at line 2, column 5", 2),
        ('{"a": 1, "a": 1}', "the key 'a' stands twice; keep one", None),
        ('[{"b": {"a": 1, "c": 2, "a": 3}}]', "the key 'a' stands twice; keep one", None),
        ("NaN", "NaN is not JSON", None),
        ("[-Infinity]", "-Infinity is not JSON", None),
        ("1" * 5000, "a number is too long", None),
        ("[" * 100_000, "nested more than 64 deep", None),
    ],
)
def test_what_is_not_json_is_refused(text: str, message: str, line: int | None) -> None:
    with pytest.raises(JsonError) as refused:
        loads(text)

    assert (str(refused.value), refused.value.line) == (message, line)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_it_may_be_64_deep_and_no_deeper(opening: str, closing: str) -> None:
    inner = "[]" if opening == "[" else "{}"

    loads(opening * 63 + inner + closing * 63)
    with pytest.raises(JsonError, match=r"\Anested more than 64 deep\Z"):
        loads(opening * 64 + inner + closing * 64)
