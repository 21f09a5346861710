"""docs/editors.md: its commands, run in a home of their own, and what it names."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

from jsonschema import Draft202012Validator
from support import homes

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (homes.TOP / "docs" / "editors.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_its_commands_do_what_it_says(tmp_path: Path) -> None:
    homes.furnish(tmp_path)
    script = "set -euo pipefail\n" + "\n".join(COMMANDS)
    ran = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=tmp_path,
        env=homes.environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.fullmatch(r"[0-9]+ requests in ssp-emulator\.postman_collection\.json\n", ran.stdout)
    made = sorted((tmp_path / "schemas").iterdir())
    assert [path.name for path in made] == [
        f"{name}.schema.json" for name in ("audit", "emulator", "registry", "scenario")
    ]
    for path in made:
        Draft202012Validator.check_schema(json.loads(path.read_text()))
    for shell in (".bashrc", ".zshrc"):
        assert "eval" in (tmp_path / shell).read_text()
    assert "complete" in (tmp_path / ".config" / "fish" / "completions" / "ssp-emulator.fish").read_text()
    assert json.loads((tmp_path / "ssp-emulator.postman_collection.json").read_text())["item"]


def test_what_it_tells_vs_code_is_json_that_leads_to_the_files() -> None:
    (settings,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    for schema, files in json.loads(settings)["yaml.schemas"].items():
        assert (homes.TOP / schema).is_file()
        assert list(homes.TOP.glob(files))


def test_the_first_line_that_it_shows_is_that_of_the_file() -> None:
    (line,) = re.findall(r"^```yaml\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)

    assert (homes.TOP / "config" / "registry.yaml").read_text().startswith(f"{line}\n")
