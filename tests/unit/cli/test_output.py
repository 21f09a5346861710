from __future__ import annotations

import json
import sys

import pytest

from ssp_emulator.cli.output import BAD_USAGE, console, fail, plain, print_json


@pytest.mark.parametrize(("options", "code"), [({}, 1), ({"code": BAD_USAGE}, 2)])
def test_an_error_is_one_line_on_standard_error(
    options: dict[str, int], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        fail("it broke\nin two  lines", **options)
    assert ended.value.code == code
    assert capsys.readouterr() == ("", "error: it broke in two  lines\n")


def test_where_nobody_looks_there_are_no_colours_folds_or_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    console().print("[red]" + "x" * 150, style="red")
    assert capsys.readouterr().out == "[red]" + "x" * 150 + "\n"


@pytest.mark.parametrize(("at_least", "width"), [(0, 90), (120, 120), (60, 90)])
def test_on_a_terminal_a_line_is_as_long_as_the_terminal_or_as_asked(
    at_least: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert console(at_least=at_least).width == width


def test_json_is_readable_by_people_too(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "Ysbyty Tŷ", "none": None})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"name": "Ysbyty Tŷ", "none": None}
    assert "Tŷ" in printed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("caf\xe9", "caf\xe9"),
        ("a\nb", "a\\nb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b", "\\x9b"),
        ("a\u202eb\u2028", "a\\u202eb\\u2028"),
        ("\ud800", "\\ud800"),
    ],
)
def test_nothing_in_a_cell_passes_for_something_else(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_json_keeps_what_a_stream_cannot_write_as_its_escape(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": "\ud800\x9b\n"})

    assert json.loads(capsys.readouterr().out) == {"a": "\ud800\x9b\n"}
