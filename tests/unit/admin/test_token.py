from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from ssp_emulator import config
from ssp_emulator.admin.token import VARIABLE, Token, TokenError, make_token, read_token
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from collections.abc import Callable
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
    token = read_token(configured(tmp_path, "token: token"), {})

    assert token is not None
    assert token.authorization == f"Bearer {written.strip()}"
    assert token.is_in(token.authorization)


def test_there_is_none_where_the_configuration_names_none(tmp_path: Path) -> None:
    assert read_token(configured(tmp_path, "token:"), {}) is None


@pytest.mark.parametrize(
    "written", ["", "\n", SECRET[:-1], f"{SECRET[:8]} {SECRET[8:]}", f"{SECRET}\n{SECRET}", f"{SECRET}é", f"={SECRET}"]
)
def test_a_token_that_no_header_can_bear_or_that_is_soon_guessed(tmp_path: Path, written: str) -> None:
    (tmp_path / "token").write_text(written, encoding="utf-8")

    with pytest.raises(InvalidFileError) as refused:
        read_token(configured(tmp_path, "token: token"), {})

    (line,) = refused.value.lines
    assert line == (
        f"{tmp_path}/emulator.yaml:2: admin.token: {tmp_path}/token should hold 16 or more letters, digits and any of "
        "-._~+/ and nothing else"
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere", "no such file or directory; `ssp-emulator up` makes it"),
        (".", "it should be a file"),
    ],
)
def test_a_token_file_that_cannot_be_read(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(InvalidFileError) as refused:
        read_token(configured(tmp_path, f"token: {name}"), {})

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


@pytest.mark.parametrize("text", ["token: token", "token: nowhere", "token:"])
@pytest.mark.parametrize("get", [read_token, make_token])
def test_the_environments_token_comes_before_any_file(
    tmp_path: Path, text: str, get: Callable[[Configuration, dict[str, str]], Token | None]
) -> None:
    (tmp_path / "token").write_text("another-token-altogether")
    token = get(configured(tmp_path, text), {VARIABLE: f" {SECRET}\n"})

    assert token is not None
    assert token.authorization == f"Bearer {SECRET}"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("held", ["", " \n"])
def test_an_empty_variable_is_none(tmp_path: Path, held: str) -> None:
    assert read_token(configured(tmp_path, "token:"), {VARIABLE: held}) is None


@pytest.mark.parametrize("held", [SECRET[:-1], f"{SECRET} {SECRET}", f"{SECRET}é"])
def test_a_bad_token_in_the_environment_is_not_shown(tmp_path: Path, held: str) -> None:
    with pytest.raises(TokenError) as refused:
        read_token(configured(tmp_path, "token:"), {VARIABLE: held})

    (line,) = refused.value.lines
    assert line == (
        "the environment variable SSP_EMULATOR_ADMIN_TOKEN should hold 16 or more letters, digits and any of "
        "-._~+/ and nothing else"
    )


def test_a_token_is_made_where_there_is_none(tmp_path: Path) -> None:
    configuration = configured(tmp_path, "token: certs/token")
    made = make_token(configuration, {})

    file = tmp_path / "certs" / "token"
    assert made is not None
    assert made.authorization == f"Bearer {file.read_text().strip()}"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["token"]
    again = read_token(configuration, {})
    assert again is not None
    assert again.authorization == made.authorization


def test_each_token_that_is_made_is_another(tmp_path: Path) -> None:
    made = [make_token(configured(tmp_path, f"token: {name}"), {}) for name in "ab"]

    assert len({token.authorization for token in made if token is not None}) == 2


def test_those_who_start_together_have_one_token(tmp_path: Path) -> None:
    configuration = configured(tmp_path, "token: certs/token")
    with ThreadPoolExecutor(8) as threads:
        tokens = list(threads.map(lambda _: make_token(configuration, {}), range(32)))

    assert len({token.authorization for token in tokens if token is not None}) == 1
    assert [path.name for path in (tmp_path / "certs").iterdir()] == ["token"]


@pytest.mark.parametrize("named", [None, "token"])
def test_nothing_is_made_where_nothing_is_missing(tmp_path: Path, named: str | None) -> None:
    (tmp_path / "token").write_text(SECRET)
    token = make_token(configured(tmp_path, f"token: {named or ''}"), {})

    assert (token is None) == (named is None)
    assert (tmp_path / "token").read_text() == SECRET


def test_a_token_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, and no folder")

    with pytest.raises(InvalidFileError) as refused:
        make_token(configured(tmp_path, "token: taken/token"), {})

    assert refused.value.lines == (
        f"{tmp_path}/emulator.yaml:2: admin.token: cannot write {tmp_path}/taken/token: file exists",
    )
