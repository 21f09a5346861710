"""Options that several commands share."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

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
