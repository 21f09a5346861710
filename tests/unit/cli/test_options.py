"""Options that several commands share."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from ssp_emulator.cli import cli
from ssp_emulator.cli.smoke import smoke
from ssp_emulator.cli.waiting import wait


@pytest.mark.parametrize(("command", "longest"), [(smoke, "3600"), (wait, "86400")], ids=["smoke", "wait"])
@pytest.mark.parametrize(
    ("timeout", "said"),
    [
        ("nan", "--timeout should be a number of seconds, found nan"),
        ("inf", "inf is not in the range 0<=x<={longest}"),
        ("-1", "-1.0 is not in the range 0<=x<={longest}"),
        ("soon", "'soon' is not a valid float"),
    ],
)
def test_a_timeout_that_is_none_is_refused_before_anything_is_done(
    command: object, longest: str, timeout: str, said: str
) -> None:
    ended = CliRunner().invoke(command, ["--timeout", timeout, "--config", "/nowhere/emulator.yaml"])  # type: ignore[arg-type]

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert said.replace("{longest}", longest) in ended.stderr


READ = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["wait", "--admin", ""], "--admin should be as in \"http://127.0.0.1:8440\", found ''"),
        (["health", "--admin", ""], "--admin: should be as in"),
        (["fault", "list", "--admin", ""], "--admin should be as in \"http://127.0.0.1:8440\", found ''"),
        (["smoke", "--proxy", ""], '--proxy: should be "host:port"'),
        (["postman", "--proxy", ""], '--proxy: should be "host:port"'),
        (["postman", "--output", ""], "--output should name a file, found an empty text"),
        (["send", READ, "--proxy", ""], '--proxy: should be "host:port"'),
        (["send", READ, "--via-sds", "--sds", ""], '--sds: should be "host:port"'),
        (["send", READ, "--output", ""], "--output should name a file, found an empty text"),
        (["registry", "ldif", "--output", ""], "--output should name a file, found an empty text"),
        (["diagnose", "--output", ""], "--output should name a file, found an empty text"),
        (["diagnose", "--output", "."], "is a directory"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_an_empty_text_is_not_taken_for_an_option_that_was_left_out(arguments: list[str], said: str) -> None:
    ended = CliRunner().invoke(cli, arguments)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert said in ended.stderr
