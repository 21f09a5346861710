"""Writes schemas/, which the shipped YAML files name for editors, out of the models. Run by `make docs`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ssp_emulator import schemas

FOLDER = Path(__file__).parents[2] / "schemas"


def written() -> dict[Path, str]:
    """Return each file's text."""
    return {
        FOLDER / f"{name}.schema.json": json.dumps(schemas.schema(name), indent=2, ensure_ascii=False) + "\n"
        for name in schemas.WRITTEN
    }


if __name__ == "__main__":
    made = written()
    if sys.argv[1:] == ["--check"]:
        there = {path: path.read_text(encoding="utf-8") for path in FOLDER.glob("*")}
        stale = sorted(path.name for path in made.keys() | there.keys() if made.get(path) != there.get(path))
        sys.exit(f"schemas: {', '.join(stale)} stale: run `make docs`" if stale else 0)
    FOLDER.mkdir(exist_ok=True)
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
