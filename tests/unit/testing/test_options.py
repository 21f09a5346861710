"""Options: what is said on the command line and in the ini file, and what is wrong with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ssp_emulator.testing import options
from ssp_emulator.testing.options import TOKEN_VARIABLE

INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"


@pytest.fixture(autouse=True)
def ini(pytester: pytest.Pytester) -> None:
    """An ini file as every suite with asynchronous tests has one."""
    pytester.makeini(INI)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--ssp-emulator-admin", "localhost"], '--ssp-emulator-admin should be a URL such as "http://127.0.0.1:8440"'),
        (["-o", "ssp_emulator_admin=https://localhost:1"], "ssp_emulator_admin should be a URL such as"),
        (["--ssp-emulator-admin", "http://localhost:70000"], "--ssp-emulator-admin should be a URL such as"),
        (["--ssp-emulator-admin", "http://localhost:1", "--ssp-emulator-proxy", "x"], "-proxy should be an address"),
        (
            ["--ssp-emulator-admin", "http://localhost:1", "--ssp-emulator-provider", "x:99999"],
            "--ssp-emulator-provider should be an address",
        ),
        (["--ssp-emulator-proxy", "localhost:1"], "--ssp-emulator-proxy only goes with --ssp-emulator-admin"),
        (["--ssp-emulator-clear-faults"], "--ssp-emulator-clear-faults only goes with --ssp-emulator-admin"),
        (
            ["--ssp-emulator-registry", "nowhere.yaml"],
            "--ssp-emulator-registry should be a file, found '/*nowhere.yaml'",
        ),
        (["--ssp-emulator-scenarios", "nowhere"], "--ssp-emulator-scenarios should be a folder, found '/*nowhere'"),
        (
            ["--ssp-emulator-admin", "http://localhost:1", "--ssp-emulator-registry", "x"],
            "--ssp-emulator-registry does not go with --ssp-emulator-admin",
        ),
        (
            ["--ssp-emulator-admin", "http://localhost:1", "-o", "ssp_emulator_certificates=nowhere"],
            "ssp_emulator_certificates should be a folder, found '/*nowhere'",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_would_be_right(
    pytester: pytest.Pytester, arguments: list[str], why: str
) -> None:
    with pytest.raises(pytest.UsageError, match=re.escape(why).replace("/\\*", "/.*")):
        pytester.parseconfigure(*arguments)


def test_nothing_said_is_an_emulator_of_ours(pytester: pytest.Pytester) -> None:
    read = options.read(pytester.parseconfig())

    assert (read.admin, read.registry, read.scenarios, read.clear_faults) == (None, None, None, False)


def test_an_option_goes_before_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makeini(f"{INI}ssp_emulator_admin = http://127.0.0.1:1\nssp_emulator_proxy = spine.test:1")

    read = options.read(pytester.parseconfig("--ssp-emulator-admin", "http://[::1]:2/"))

    assert (read.admin, read.proxy) == ("http://[::1]:2", "spine.test:1")


def test_a_path_of_the_ini_file_is_beside_it_and_one_of_the_command_line_is_here(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = pytester.mkdir("here")
    for folder in (pytester.path, here):
        (folder / "scenarios").mkdir()
    pytester.makeini(f"{INI}ssp_emulator_scenarios = scenarios")
    monkeypatch.chdir(here)

    of_ini = options.read(pytester.parseconfig("-c", str(pytester.path / "tox.ini")))
    said = options.read(
        pytester.parseconfig("-c", str(pytester.path / "tox.ini"), "--ssp-emulator-scenarios", "scenarios")
    )

    assert of_ini.scenarios == pytester.path / "scenarios"
    assert said.scenarios == here / "scenarios"


@pytest.mark.parametrize(("variable", "file", "token"), [("a", "b", "a"), (" ", "b\n", "b"), (None, None, None)])
def test_the_token_is_the_variable_s_or_the_file_s(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
    file: str | None,
    token: str | None,
) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(TOKEN_VARIABLE, variable)
    said = ["--ssp-emulator-admin", "http://127.0.0.1:1"]
    if file is not None:
        Path("token").write_text(file)
        said += ["--ssp-emulator-token-file", "token"]

    assert options.token(options.read(pytester.parseconfig(*said))) == token
