"""Writes docs/advice.md out of the catalogue of advisories. Run by `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

from ssp_emulator.audit.advice import CATALOGUE
from ssp_emulator.audit.advice.advice import Advice, Wanted
from ssp_emulator.audit.advice.connecting import WITHIN_S as CONNECTED_WITHIN_S
from ssp_emulator.audit.advice.past import ALIKE_S, ROOM
from ssp_emulator.audit.advice.retrying import WITHIN_S as RETRIED_WITHIN_S

TARGET = Path(__file__).parents[1] / "advice.md"
INTRODUCTION = Path(__file__).with_name("advice_introduction.txt")

_HEADINGS = {
    Wanted.SPECIFICATION: "## What the specification wants",
    Wanted.GOOD_PRACTICE: "## What is good practice",
}


def written() -> str:
    """Return the whole page."""
    numbers = {
        "alike": f"{ALIKE_S:.0f}",
        "room": f"{ROOM:,}",
        "retried": f"{RETRIED_WITHIN_S:.0f}",
        "connected": f"{CONNECTED_WITHIN_S:.0f}",
    }
    page = [INTRODUCTION.read_text(encoding="utf-8").format(**numbers)]
    for wanted, heading in _HEADINGS.items():
        rows = [_row(advice) for advice in CATALOGUE.values() if advice.wanted is wanted]
        page += [
            heading,
            "",
            "| advisory | what it means | what to do | source |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    return "\n".join(page).rstrip() + "\n"


def _row(advice: Advice) -> str:
    source = f"[{_cell(advice.source.title)}]({advice.source.url})"
    return f"| `{advice.name}` | {_cell(advice.title)} | {_cell(advice.remedy)} | {source} |"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if TARGET.read_text() == written() else "docs/advice.md is stale: run `make docs`")
    TARGET.write_text(written())
