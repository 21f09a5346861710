"""How tests read a page of the documentation: its fences, what they ask for, and what counts as what was shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from support.guides import blocks, faults, looks_like, steps

TOP = Path(__file__).parents[2]
GUIDES = sorted((TOP / "docs" / "guides").glob("*.md"))
PAGE = """
In a terminal:

```sh terminal
serve
```

```text
ready
```

This is the whole of `a.yaml`:

```yaml a.yaml
name: a
```

1. Indented:

   ```sh exit=1
   ask \\
     again
   ```

   It ends with exit code 1:

   ```text
   no
   ```

Elsewhere (example: there is no other here):

```sh example
other
```

```text terminal
asked
```
"""


def test_a_page_is_read_as_the_steps_that_it_asks_for() -> None:
    serve, file, ask, seen = steps(PAGE)

    assert (serve.block.command, serve.block.is_terminal, serve.shown) == ("serve\n", True, "ready\n")
    assert (file.block.path, file.block.text) == ("a.yaml", "name: a\n")
    assert (ask.block.command, ask.block.exit_code, ask.shown) == ("ask \\\n  again\n", 1, "no\n")
    assert (seen.block.language, seen.block.is_terminal, seen.shown) == ("text", True, "asked\n")
    assert list(faults(PAGE)) == []


@pytest.mark.parametrize(
    ("found", "changed", "fault"),
    [
        ("```text\nready\n```\n", "", "line 4: what the terminal shows when it is ready has to follow"),
        ("(example: there is no other here)", "", "line 33: the paragraph before does not say why this is an (exam"),
        ("sh exit=1", "sh exits=1", "line 20: sh exits=1 is none of the fences"),
        ("of `a.yaml`", "of a file", "line 14: the paragraph before does not name `a.yaml`"),
        ("exit code 1", "an error", "line 20: no reader is told of the exit code 1"),
    ],
)
def test_what_no_reader_would_understand_is_told(found: str, changed: str, fault: str) -> None:
    assert found in PAGE

    (told,) = faults(PAGE.replace(found, changed))

    assert told.startswith(fault)


@pytest.mark.parametrize("page", GUIDES, ids=lambda path: path.name)
def test_each_fence_of_a_guide_is_understood(page: Path) -> None:
    assert list(faults(page.read_text())) == []


@pytest.mark.parametrize("page", GUIDES, ids=lambda path: path.name)
def test_yaml_in_a_guide_is_yaml(page: Path) -> None:
    for block in blocks(page.read_text()):
        if block.language == "yaml":
            assert isinstance(yaml.safe_load(block.text), dict), block.line


@pytest.mark.parametrize(
    ("command", "is_put_there"),
    [
        ("audit show TRACE_ID\n", True),
        ('audit show "$TRACE_ID"', False),
        ("TRACE_ID=$(uuidgen)", False),
        ("echo ${TRACE_ID}", False),
    ],
)
def test_a_trace_id_is_that_of_the_request_before(command: str, is_put_there: bool) -> None:
    (block,) = blocks(f"```sh\n{command.strip()}\n```\n")

    assert (block.command != block.text) is is_put_there
    assert ("audit list --json --limit 1" in block.command) is is_put_there


UUID, OTHER = "629ea9ba-a077-4d99-b289-7a9b19fd4e03", "01d8ae2f-0dd5-4c1c-9a3e-000000000001"


@pytest.mark.parametrize(
    ("shown", "output", "looks"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a\nb\nc\n", False),
        ("a\n…", "a\nb\nc\n", True),
        ("…\nc", "a\nb\nc\n", True),
        ("a\n…\na", "a\n", False),
        ("a…c", "a, b and c", True),
        ("a…c", "a\nc", False),
        ("one  two", "one     two", True),
        ("one two", "onetwo", False),
        (f"id {UUID}", f"id {OTHER}", True),
        (f"id {UUID}", "id 7", False),
        ("after 0.7 ms.", "after 12 ms.", True),
        ("at 2026-03-04T12:00:00.000Z", "at 2027-01-02T03:04:05.678Z", True),
        ("size 3559", "size 3560", False),
        ("from 127.0.0.1:50001", "from 127.0.0.1:39999", True),
        ("to 127.0.0.1:9443", "to 127.0.0.1:9444", False),
        ("a.c", "abc", False),
    ],
)
def test_output_is_held_against_what_is_shown(shown: str, output: str, looks: bool) -> None:
    assert looks_like(shown, output) is looks


@pytest.mark.parametrize(
    ("output", "come"), [("x\nready\ny\nport 2\n", True), ("ready\n", False), ("port 2\nready\n", False)]
)
def test_what_a_terminal_shows_may_come_among_other_lines(output: str, come: bool) -> None:
    assert looks_like("ready\nport 2", output, so_far=True) is come


def test_the_guides_are_all_in_their_table() -> None:
    listed = set(re.findall(r"\]\(([a-z-]+\.md)\)", (TOP / "docs" / "guides" / "README.md").read_text()))

    assert {page.name for page in GUIDES} - {"README.md"} <= listed
