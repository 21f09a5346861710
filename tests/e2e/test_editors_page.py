"""docs/editors.md: its commands, run in a home of their own, and what it names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "editors.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's folder: the program on its path, and the shipped configuration."""
    program = tmp_path / "bin" / "ssp-emulator"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ssp_emulator "$@"\n')
    program.chmod(0o755)
    (tmp_path / "config").symlink_to(TOP / "config")
    return tmp_path


def test_its_commands_do_what_it_says(home: Path) -> None:
    environment = {**os.environ, "HOME": str(home), "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    script = "set -euo pipefail\n" + "\n".join(COMMANDS)
    ran = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.fullmatch(r"[0-9]+ requests in ssp-emulator\.postman_collection\.json\n", ran.stdout)
    made = sorted((home / "schemas").iterdir())
    assert [path.name for path in made] == [
        f"{name}.schema.json" for name in ("audit", "emulator", "registry", "scenario")
    ]
    for path in made:
        Draft202012Validator.check_schema(json.loads(path.read_text()))
    for shell in (".bashrc", ".zshrc"):
        assert "eval" in (home / shell).read_text()
    assert "complete" in (home / ".config" / "fish" / "completions" / "ssp-emulator.fish").read_text()
    assert json.loads((home / "ssp-emulator.postman_collection.json").read_text())["item"]


def test_what_it_tells_vs_code_is_json_that_leads_to_the_files() -> None:
    (settings,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    for schema, files in json.loads(settings)["yaml.schemas"].items():
        assert (TOP / schema).is_file()
        assert list(TOP.glob(files))


def test_the_first_line_that_it_shows_is_that_of_the_file() -> None:
    (line,) = re.findall(r"^```yaml\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)

    assert (TOP / "config" / "registry.yaml").read_text().startswith(f"{line}\n")
