"""The pages of the documentation, done by the letter: every command that a page prints is run, and prints what it says.

Each page has a shell in a network of its own, so the default ports that it prints are the ones that are used, whatever
else runs on this machine; and a folder with what a reader has. `support.guides` says what a fence can ask for.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.guides import Step, blocks, looks_like, steps
from support.shell import isolated, shell

if TYPE_CHECKING:
    from support.shell import Shell

TOP = Path(__file__).parents[2]
DOCUMENT = "07a6483f-732b-461e-86b6-edb665c45510"
RUNNING = (
    ("ssp-emulator up", "Emulator ready: https://localhost:8443"),
    ("ssp-emulator provider", "Demo provider ready: https://localhost:9443…"),
)


@dataclass(frozen=True)
class Page:
    """A page that is run: the programs that it needs, and what runs already when it begins.

    A page that is not written as a guide can have lines that are left out, because they never end or stand for more
    than a test, lines that are said to exit with 1, and blocks of a single line that go on in a terminal.
    """

    path: str
    needs: tuple[str, ...] = ()
    running: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    terminals: tuple[tuple[str, str], ...] = ()

    @property
    def steps(self) -> list[Step]:
        """What a reader of it does."""
        return [self._fitted(step) for step in steps((TOP / self.path).read_text())]

    def _fitted(self, step: Step) -> Step:
        block = step.block
        for command, ready in self.terminals:
            if block.text.strip() == command:
                return Step(replace(block, words=("terminal",)), ready)
        lines = [line for line in block.text.splitlines() if not line.startswith(self.left_out or ("\n",))]
        lines = [f"if {line}; then exit 99; else test $? = 1; fi" if line in self.failing else line for line in lines]
        return replace(step, block=replace(block, text="\n".join(lines) + "\n"))


PAGES = (
    Page("docs/guides/consumer.md"),
    Page("docs/guides/provider.md", needs=("curl",)),
    Page("docs/guides/tester.md"),
    Page("docs/guides/java.md", needs=("java", "keytool", "openssl")),
    Page("docs/guides/beside-your-own-provider.md"),
    Page("docs/guides/ci.md"),
    Page(
        "README.md",
        needs=("make", "curl", "openssl"),
        # The metadata is for a reader who has put the key into the registry: tests/e2e/test_signed_tokens.py does.
        left_out=(
            "make test",
            ".venv/bin/ssp-emulator audit follow",
            "curl -N ",
            ".venv/bin/ssp-emulator send documents:fhir:rest:read:metadata-1 --sign-key",
        ),
        failing=(f".venv/bin/ssp-emulator send documents:fhir:rest:read:binary-1 --id {DOCUMENT}",),
        terminals=(("make up", RUNNING[0][1]), (".venv/bin/ssp-emulator provider", RUNNING[1][1])),
    ),
    Page("docs/faults.md", needs=("curl",), running=RUNNING),
    Page("docs/advice.md", needs=("curl",), running=RUNNING),
    Page("docs/sds.md", needs=("curl",), running=RUNNING),
)
# Pages with commands that are not run here, and why.
ELSEWHERE = {
    "CONTRIBUTING.md": "they are what CI runs, these tests among it",
    "docs/audit.md": "tests/unit/test_references.py runs those that check a chain; others want a trail of last week's",
    "docs/containers.md": "tests/containers/test_page.py",
    "docs/editors.md": "tests/e2e/test_editors_page.py",
    "docs/ldap.md": "tests/e2e/test_ldap.py",
    "docs/pytest.md": "tests/e2e/test_pytest_page.py; its commands are said to be examples",
    "docs/monitoring.md": "`run-the-tests` stands for the reader's own",
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
        for step in page.steps:
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


def test_no_page_with_commands_is_forgotten() -> None:
    pages = [
        TOP / "README.md",
        TOP / "CONTRIBUTING.md",
        *(TOP / "docs").glob("*.md"),
        *(TOP / "docs/guides").glob("*.md"),
    ]
    asking = {
        str(page.relative_to(TOP))
        for page in pages
        if any(block.language == "sh" and not block.is_example for block in blocks(page.read_text()))
    }

    assert asking - {page.path for page in PAGES} - set(ELSEWHERE) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_what_is_said_of_a_page_is_true_of_it(page: Page) -> None:
    lines = [line for block in blocks((TOP / page.path).read_text()) for line in block.text.splitlines()]

    for begin in page.left_out:
        assert any(line.startswith(begin) for line in lines), begin
    for whole in (*page.failing, *(command for command, _ in page.terminals)):
        assert whole in lines
