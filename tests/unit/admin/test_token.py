from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssp_emulator import config
from ssp_emulator.admin.token import Token, read_token
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.config import Configuration

SECRET = "abcdefghij-12345"


def configured(folder: Path, text: str) -> Configuration:
    path = folder / "emulator.yaml"
    path.write_text(f"admin:\n  {text}\n")
    return config.read(path)


@pytest.mark.parametrize("written", [SECRET, f"{SECRET}\n", f"  {SECRET}\r\n\n", f"{SECRET}==", "A" * 4000])
def test_a_token_is_what_its_file_holds_without_the_white_space_around_it(tmp_path: Path, written: str) -> None:
    (tmp_path / "token").write_text(written, newline="")
    token = read_token(configured(tmp_path, "token: token"))

    assert token is not None
    assert token.authorization == f"Bearer {written.strip()}"
    assert token.is_in(token.authorization)


def test_there_is_none_where_the_configuration_names_none(tmp_path: Path) -> None:
    assert read_token(configured(tmp_path, "token:")) is None


@pytest.mark.parametrize(
    "written", ["", "\n", SECRET[:-1], f"{SECRET[:8]} {SECRET[8:]}", f"{SECRET}\n{SECRET}", f"{SECRET}é", f"={SECRET}"]
)
def test_a_token_that_no_header_can_bear_or_that_is_soon_guessed(tmp_path: Path, written: str) -> None:
    (tmp_path / "token").write_text(written, encoding="utf-8")

    with pytest.raises(InvalidFileError) as refused:
        read_token(configured(tmp_path, "token: token"))

    (line,) = refused.value.lines
    assert line == (
        f"{tmp_path}/emulator.yaml:2: admin.token: {tmp_path}/token should hold 16 or more letters, digits and any of "
        "-._~+/ and nothing else"
    )


@pytest.mark.parametrize(("name", "why"), [("nowhere", "no such file or directory"), (".", "it should be a file")])
def test_a_token_file_that_cannot_be_read(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(InvalidFileError) as refused:
        read_token(configured(tmp_path, f"token: {name}"))

    assert refused.value.lines == (f"{tmp_path}/emulator.yaml:2: admin.token: cannot read {tmp_path / name}: {why}",)


@pytest.mark.parametrize(
    "shown",
    ["", SECRET, "Bearer", "Bearer ", f"Basic {SECRET}", f"Bearer {SECRET}x", f"Bearer {SECRET} x", "Bearer \udce9"],
)
def test_nothing_else_is_the_token(shown: str) -> None:
    assert not Token(SECRET).is_in(shown)


@pytest.mark.parametrize("shown", [f"Bearer {SECRET}", f"bEARER {SECRET}", f"Bearer  {SECRET} "])
def test_the_scheme_may_be_in_any_case(shown: str) -> None:
    assert Token(SECRET).is_in(shown)


def test_a_token_is_not_shown() -> None:
    assert SECRET not in f"{Token(SECRET)!r} {Token(SECRET)}"
