"""The pages of the documentation as tests read them: their fenced blocks, and what each asks a reader to do.

What stands after the language in a fence's first line says what a test does with the block; readers do not see it, so
the text before the block says the same in words:

| fence | is |
| --- | --- |
| ```` ```sh ```` | run, with the blocks before it, in one shell and one folder; each of its commands has to succeed |
| ```` ```sh exit=1 ```` | run; its last command exits so |
| ```` ```sh terminal ```` | left running, as in a terminal of its own, once it has printed the text that follows |
| ```` ```sh example ```` | not run; the paragraph before it says why: "(example: …)" |
| ```` ```yaml PATH ```` | the whole of that file, which is written; the paragraph before it names it |
| ```` ```text ```` | what the block before it prints, the whole of it |
| ```` ```text terminal ```` | what one of the terminals has printed meanwhile |

Where a step changes a file in `config` while an emulator runs, the next begins when that has taken it. In what is
shown, `…` stands for anything in a line, or alone in a line for any lines. UUIDs, times, durations, digests
and the ports of clients may differ. In a command, TRACE_ID is the trace ID of the request before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ANYTHING = "…"
_ANY_LINES = "(?:.*\n)*?"
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_LATEST = (
    '"$(ssp-emulator audit list --json --limit 1'
    """ | python3 -c 'import json, sys; print(json.load(sys.stdin)["exchanges"][0]["trace_id"])')\""""
)
# What is another one each time: where one of these is shown, any other like it will do.
_VARYING = (
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    r"\b\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?",
    r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\b",
    r"\b\d+(?:\.\d+)? ms\b",
    r"\b[0-9a-f]{32,64}\b",
    r"\b127\.0\.0\.1:\d{5}\b",
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, what follows that in the fence, its text, its line, and the paragraph before."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int
    before: str

    @property
    def is_example(self) -> bool:
        """Whether it is shown only."""
        return "example" in self.words

    @property
    def is_terminal(self) -> bool:
        """Whether it goes on while the next are read."""
        return "terminal" in self.words

    @property
    def exit_code(self) -> int:
        """How its last command ends."""
        return next((int(word.removeprefix("exit=")) for word in self.words if word.startswith("exit=")), 0)

    @property
    def path(self) -> str | None:
        """The file that it is the whole of, if it is one."""
        return self.words[0] if self.words and self.language not in ("sh", "text") else None

    @property
    def command(self) -> str:
        """What a shell is given."""
        return re.sub(r"(?<![$\w{])TRACE_ID(?![\w=])", lambda _: _LATEST, self.text)


@dataclass(frozen=True, slots=True)
class Step:
    """A block to do, and the output that a reader is shown for it."""

    block: Block
    shown: str | None


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    return list(_blocks(page))


def _blocks(page: str) -> Iterator[Block]:
    for found in _FENCE.finditer(page):
        language, *words = found["info"].split() or [""]
        indent = found["indent"]
        text = "".join(line.removeprefix(indent) for line in found["text"].splitlines(keepends=True))
        line = page.count("\n", 0, found.start()) + 1
        paragraphs = [each for each in re.split(r"\n\s*\n", page[: found.start()]) if each.strip()]
        yield Block(language, tuple(words), text, line, paragraphs[-1] if paragraphs else "")


def steps(page: str) -> list[Step]:
    """Return what a reader does, in order: files that are written, commands that are run, and what these print."""
    made: list[Step] = []
    for block in blocks(page):
        if block.language == "text" and block.is_terminal:
            made.append(Step(block, block.text))
        elif block.language == "text" and made and made[-1].block.language == "sh" and made[-1].shown is None:
            made[-1] = Step(made[-1].block, block.text)
        elif block.language == "sh" or block.path:
            made.append(Step(block, None))
    return [step for step in made if not step.block.is_example]


def faults(page: str) -> Iterator[str]:
    """Tell what in a page's fences no test, or no reader, would understand."""
    for each in steps(page):
        if each.block.is_terminal and each.shown is None:
            yield f"line {each.block.line}: what the terminal shows when it is ready has to follow"
    for block in blocks(page):
        if block.is_example and "(example: " not in block.before:
            yield f"line {block.line}: the paragraph before does not say why this is an (example: …)"
        if block.language == "sh" and not all(re.fullmatch(r"example|terminal|exit=\d+", word) for word in block.words):
            yield f"line {block.line}: sh {' '.join(block.words)} is none of the fences"
        if block.path and f"`{block.path}`" not in block.before:
            yield f"line {block.line}: the paragraph before does not name `{block.path}`"
        if block.exit_code and f"exit code {block.exit_code}" not in page:
            yield f"line {block.line}: no reader is told of the exit code {block.exit_code}"


def looks_like(shown: str, output: str, *, so_far: bool = False) -> bool:
    """Whether output is what a page shows; with `so_far`, whether its lines have come, whatever is between them."""
    patterns = [_pattern(line) for line in shown.strip("\n").splitlines()]
    found = "".join(f"{_squeezed(line)}\n" for line in output.strip("\n").splitlines())
    if so_far:
        return re.search(_ANY_LINES.join(f"(?:^|(?<=\n)){pattern}" for pattern in patterns), found) is not None
    return re.fullmatch("".join(patterns), found) is not None


def _pattern(line: str) -> str:
    plain = _squeezed(line)
    if plain == ANYTHING:
        return _ANY_LINES
    parts = re.split(f"({'|'.join(_VARYING)}|{ANYTHING})", plain)
    return "".join(re.escape(part) if place % 2 == 0 else _any_like(part) for place, part in enumerate(parts)) + "\n"


def _any_like(part: str) -> str:
    return next((varying for varying in _VARYING if re.fullmatch(varying, part)), ".*")


def _squeezed(line: str) -> str:
    """Return a line of a table whatever its columns' widths."""
    return " ".join(line.split())
