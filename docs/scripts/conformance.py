"""Holds docs/conformance.md against the tests that it names: each clause is proved, and each proof is a clause's.

Run by `make test`, and by hand: `.venv/bin/python docs/scripts/conformance.py`. It prints a line for each problem.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

TOP = Path(__file__).parents[2]
DOCUMENT = TOP / "docs" / "conformance.md"
WHOLE = "conformance/"  # every test in this folder is some clause's
VERDICTS = ("met", "differs", "not met")
PROOFS = ("-p", "no:cacheprovider", "-m", "not skip and not xfail")

_CELLS = re.compile(r"(?<!\\)\|")
_CLAUSE = re.compile(r"[a-z]+-[0-9]+\.[0-9]+[a-z]?\Z")
_RULE = re.compile(r":?-+:?\Z")
_VERDICT = re.compile(r"\*\*(met|differs|not met)\*\*[:,;.]?\s*(.*)", re.DOTALL)
_NAME = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Clause:
    """One row: the clause's id, the verdict with what is said of it, and the tests named, relative to `tests`."""

    id: str
    verdict: str | None
    said: str
    tests: tuple[str, ...]


class NoClauseError(ValueError):
    """A row is no clause; the text says why."""


def problems(document: str, tests: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with the table.

    Takes the document's text, and the ids of the tests there are, relative to `tests`, parameters and all.
    """
    known = {*tests, *map(_function, tests)}
    clauses = []
    for number, cells in _rows(document):
        try:
            clauses.append(_clause(cells))
        except NoClauseError as error:
            yield f"line {number}: {error}"
    yield from (f"line {number}: {name} is in no table of clauses" for number, name in _strays(document))
    counted = Counter(clause.id for clause in clauses)
    yield from (f"{name}: is there {count} times" for name, count in counted.items() if count > 1)
    for clause in clauses:
        yield from _problems_of(clause, known)
    named = {_function(name) for clause in clauses for name in clause.tests}
    functions = dict.fromkeys(map(_function, tests))  # in the order that pytest has them
    yield from (f"{name}: no clause names it" for name in functions if name.startswith(WHOLE) and name not in named)


def named_files(document: str) -> set[str]:
    """Return the files of the tests that a document names, relative to `tests`."""
    tests = (name for _, cells in _rows(document) for name in _NAME.findall(cells[-1]))
    return {name.partition("::")[0] for name in tests}


def collected(files: Iterable[str]) -> list[str]:
    """Return the ids of all tests in the files, and in the folder of which every test counts, relative to `tests`.

    Those marked `skip` or `xfail` prove nothing, and are left out. Exits where pytest cannot collect them.
    """
    wanted = [TOP / "tests" / WHOLE, *(path for file in sorted(files) if (path := TOP / "tests" / file).is_file())]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *PROOFS, *map(str, wanted)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode != 0:
        sys.exit(f"the tests could not be collected:\n{done.stdout}{done.stderr}")
    return [line.removeprefix("tests/") for line in done.stdout.splitlines() if line.startswith("tests/")]


def _rows(document: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row of the tables of clauses, as cells, with the number of its line."""
    yield from ((number, cells) for number, cells, inside in _lines(document) if inside)


def _strays(document: str) -> Iterator[tuple[int, str]]:
    """Yield the ids at the beginning of rows of other tables, each with the number of its line."""
    for number, cells, inside in _lines(document):
        if not inside and _CLAUSE.match(cells[0]):
            yield number, cells[0]


def _lines(document: str) -> Iterator[tuple[int, list[str], bool]]:
    """Yield each row of every table, as cells, with the number of its line, and whether the table is one of clauses."""
    inside = False
    for number, line in enumerate(document.splitlines(), 1):
        cells = [cell.strip().replace("\\|", "|") for cell in _CELLS.split(line.strip())[1:-1]]
        if cells[:1] == ["clause"]:
            inside = True
        elif not cells:
            inside = False
        elif not _RULE.match(cells[0]):
            yield number, cells, inside


def _clause(cells: list[str]) -> Clause:
    if len(cells) != 5:
        raise NoClauseError(f"{cells[0]} has {len(cells)} cells, and should have 5")
    if not _CLAUSE.match(cells[0]):
        raise NoClauseError(f"{cells[0]!r} should be an id such as ssp-2.3")
    name, _, _, verdict, tests = cells
    found = _VERDICT.match(verdict)
    return Clause(name, found and found[1], found[2] if found else verdict, tuple(_NAME.findall(tests)))


def _problems_of(clause: Clause, known: Collection[str]) -> Iterator[str]:
    if clause.verdict is None:
        yield f"{clause.id}: should begin with {', '.join(f'**{verdict}**' for verdict in VERDICTS)}"
    elif clause.verdict != "met" and not clause.said:
        yield f"{clause.id}: {clause.verdict}, and does not say why"
    if clause.verdict in ("met", "differs") and not clause.tests:
        yield f"{clause.id}: {clause.verdict}, and no test proves it"
    yield from (f"{clause.id}: there is no test {name}" for name in clause.tests if name not in known)


def _function(test: str) -> str:
    """Return a test's id without its parameter."""
    return test.partition("[")[0]


def main() -> None:
    """Check the document; exit 1 with a line for each problem."""
    document = DOCUMENT.read_text()
    if found := list(problems(document, collected(named_files(document)))):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
