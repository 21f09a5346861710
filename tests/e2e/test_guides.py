"""The pages of the documentation, done by the letter: every command that a page prints is run, and prints what it says.

Each page has a shell in a network of its own, so the default ports that it prints are the ones that are used, whatever
else runs on this machine; and a folder with what a reader has. `support.guides` says what a fence can ask for.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.guides import looks_like, steps
from support.shell import isolated, shell

if TYPE_CHECKING:
    from support.guides import Step
    from support.shell import Shell

TOP = Path(__file__).parents[2]
RUNNING = (
    ("ssp-emulator up", "Emulator ready: https://localhost:8443"),
    ("ssp-emulator provider", "Demo provider ready: https://localhost:9443…"),
)


@dataclass(frozen=True)
class Page:
    """A page that is run: the programs that it needs, and what runs already when it begins."""

    path: str
    needs: tuple[str, ...] = ()
    running: tuple[tuple[str, str], ...] = ()


PAGES = (
    Page("docs/guides/consumer.md", needs=("curl", "openssl")),
    Page("docs/guides/provider.md", needs=("curl",)),
    Page("docs/guides/tester.md", needs=("curl",)),
    Page("docs/guides/java.md", needs=("java", "keytool", "openssl")),
    Page("docs/guides/beside-your-own-provider.md"),
    Page("docs/guides/ci.md"),
    Page("docs/faults.md", needs=("curl",), running=RUNNING),
)
# Pages with commands that are not run here, and why.
ELSEWHERE = {
    "docs/audit.md": "the commands that check a chain are run by tests/unit/test_references.py; others are by others",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a reader has who has cloned the repository and installed it: no certificates, and no trail."""
    made = tmp_path / "ssp-emulator"
    for name in ("config", "examples"):
        shutil.copytree(TOP / name, made / name)
    for name in ("Makefile", "setup.cfg", "pyproject.toml", "certs/README.md"):
        (made / name).parent.mkdir(exist_ok=True)
        shutil.copy(TOP / name, made / name)
    (made / ".venv").mkdir()
    (made / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    for stamp in (".run", ".dev"):
        (made / ".venv" / stamp).touch()  # what the Makefile looks for: it is installed
    return made


@pytest.mark.skipif(isolated() is None, reason="this machine lets nobody have a network of their own (unshare)")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
async def test_every_command_of_a_page_does_what_the_page_says(page: Page, folder: Path) -> None:
    missing = [program for program in page.needs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"there is no {', '.join(missing)} on this machine")
    async with shell(folder) as reader:
        for command, ready in page.running:
            await reader.start(command, ready)
        for step in steps((TOP / page.path).read_text()):
            async with reader.configuring():
                await do(reader, step)


async def do(reader: Shell, step: Step) -> None:
    block, shown = step.block, step.shown or ""
    if block.path:
        (reader.folder / block.path).write_text(block.text)
    elif block.language == "text":
        await reader.sees(shown)
    elif block.is_terminal:
        await reader.start(block.command, shown)
    else:
        said = await reader.run(block.command, block.exit_code)
        if step.shown is not None:
            assert looks_like(shown, said), f"line {block.line}: found\n{said}\nand not\n{shown}"
