from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import make_mocked_request

from ssp_emulator import config
from ssp_emulator.admin.guard import examine_guard, guard_of, is_loopback
from ssp_emulator.admin.problem import CallError
from ssp_emulator.admin.token import VARIABLE, TokenError
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.config import Configuration

OPEN_TO_ALL = ["0.0.0.0", "[::]", "10.0.0.1", "ssp.example", "localhost.example", "[fe80::1]", "128.0.0.1"]


def configured(folder: Path, listen: str, token: str = "") -> Configuration:
    path = folder / "emulator.yaml"
    path.write_text(f'admin:\n  listen: "{listen}"\n  token: {token}\n' if listen else "admin: {listen: }\n")
    return config.read(path)


@pytest.mark.parametrize("host", OPEN_TO_ALL)
def test_beyond_loopback_there_has_to_be_a_token(tmp_path: Path, host: str) -> None:
    with pytest.raises(InvalidFileError) as refused:
        guard_of(configured(tmp_path, f"{host}:8440"), {})

    (line,) = refused.value.lines
    assert line == (
        f"{tmp_path}/emulator.yaml:2: admin.listen: {host.strip('[]')} can be reached from beyond this machine: "
        "name the file of a token in admin.token, or listen on 127.0.0.1"
    )


@pytest.mark.parametrize("host", [*OPEN_TO_ALL, "127.0.0.1"])
def test_with_a_token_it_may_listen_anywhere(tmp_path: Path, host: str) -> None:
    (tmp_path / "token").write_text("0123456789abcdef")

    assert guard_of(configured(tmp_path, f"{host}:8440", "token"), {}) is not None


def test_a_token_that_is_not_good_is_a_problem_on_loopback_too(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("short")

    with pytest.raises(InvalidFileError, match=r":3: admin\.token: "):
        guard_of(configured(tmp_path, "127.0.0.1:8440", "token"), {})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "LocalHost"])
def test_on_loopback_there_need_be_none(tmp_path: Path, host: str) -> None:
    assert guard_of(configured(tmp_path, f"{host}:8440"), {}) is not None
    assert is_loopback(host.strip("[]"))


def test_there_is_none_where_nothing_listens(tmp_path: Path) -> None:
    assert guard_of(configured(tmp_path, ""), {}) is None


@pytest.mark.parametrize("host", [*OPEN_TO_ALL, "127.0.0.1"])
def test_with_a_token_in_the_environment_no_file_need_be_named(tmp_path: Path, host: str) -> None:
    guard = guard_of(configured(tmp_path, f"{host}:8440"), {VARIABLE: "0123456789abcdef"})

    assert guard is not None
    with pytest.raises(CallError) as refused:
        guard.examine(make_mocked_request("GET", "/", headers={"Host": "127.0.0.1"}))
    assert refused.value.status == 401


def test_a_token_whose_file_is_not_there_is_made_with_the_guard(tmp_path: Path) -> None:
    configuration = configured(tmp_path, "0.0.0.0:8440", "made")

    examine_guard(configuration, {})
    assert not (tmp_path / "made").exists()
    assert guard_of(configuration, {}) is not None
    assert (tmp_path / "made").exists()


def test_a_bad_token_in_the_environment_is_a_problem_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(TokenError):
        examine_guard(configured(tmp_path, "127.0.0.1:8440", "made"), {VARIABLE: "short"})

    assert not (tmp_path / "made").exists()
