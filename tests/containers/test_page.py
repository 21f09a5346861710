"""docs/containers.md, whose commands are run as they are printed, in their order."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from support.containers import PATIENCE_S, TOP, Project, compose_command

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (TOP / "docs" / "containers.md").read_text()
FENCES = re.findall(r"^```(\w+)( example)?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [text for language, example, text in FENCES if language == "sh" and not example]
PORTS = ("SSP_PROXY_PORT", "SSP_ADMIN_PORT", "SSP_SDS_PORT", "SSP_PROVIDER_PORT")


def free_ports() -> dict[str, str]:
    """Find a port of this machine for each that is published."""
    with ExitStack() as taken:
        sockets = [taken.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in PORTS]
        return {name: str(each.getsockname()[1]) for name, each in zip(PORTS, sockets, strict=True)}


def test_the_commands_of_the_page_are_good_as_they_are_printed(image: str, tmp_path: Path) -> None:
    if compose_command() != ("docker-compose",) or shutil.which("curl") is None:
        pytest.skip("the page's commands are docker-compose's and curl's")
    project = Project({**free_ports(), "COMPOSE_FILE": str(TOP / "docker-compose.yml")})
    try:
        ended = subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", "\n".join(COMMANDS)],
            cwd=tmp_path,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=3 * PATIENCE_S,
            check=False,
        )
    finally:
        project.down()

    assert ended.returncode == 0, f"{ended.stdout[-4000:]}{ended.stderr[-4000:]}"
    assert "Smoke test passed." in ended.stdout
    assert '"id": "07a6483f-732b-461e-86b6-edb665c45510"' in ended.stdout.replace('":"', '": "')
    assert "10001:10001 0." in ended.stdout
    assert project.left() == []


def test_every_command_that_is_not_run_is_said_to_be_an_example() -> None:
    before = [page.split("\n\n")[-2] for page in re.split(r"^```\w+ example\n", PAGE, flags=re.MULTILINE)[:-1]]

    assert len(before) >= 3
    assert [paragraph for paragraph in before if "(example: " not in paragraph] == []


def test_the_page_names_every_variable_of_the_compose_file() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+):-", (TOP / "docker-compose.yml").read_text()))
    (table,) = re.findall(r"^\| variable .*?\n\n", PAGE, re.MULTILINE | re.DOTALL)

    assert set(re.findall(r"`((?:SSP|SSP_EMULATOR)_[A-Z_]+)`", table)) == used
