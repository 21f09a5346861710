"""What the documents say is held against the code: commands, settings, the record's fields, refusals, links."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter
from support import trails

from ssp_emulator import checks
from ssp_emulator.audit.anchor import Anchor, read_anchor
from ssp_emulator.audit.explaining import REFUSALS
from ssp_emulator.audit.layout import Layout
from ssp_emulator.faults.effects import AnyEffect
from ssp_emulator.faults.rule import Rule
from ssp_emulator.outcome import Reason
from ssp_emulator.plan import read_plan
from ssp_emulator.settings import Settings

TOP = Path(__file__).parents[2]
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", (TOP / "docs" / "faults.md").read_text(), re.MULTILINE | re.DOTALL)
AUDIT = (TOP / "docs" / "audit.md").read_text()
SCRIPTS = [path for path in sorted((TOP / "docs" / "scripts").glob("*.py")) if "--check" in path.read_text()]
DOCUMENTS = [
    *(TOP / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "certs/README.md")),
    *sorted((TOP / "docs").rglob("*.md")),
    *sorted((TOP / "examples").rglob("*.md")),
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_what_is_made_from_the_code_is_as_the_code_has_it(script: Path) -> None:
    # In a process of its own: click keeps what a command has once said of itself.
    checked = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, timeout=60, check=False
    )

    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.fixture
def trail(tmp_path: Path) -> Layout:
    """A trail in three segments, of which retention has removed the first."""
    layout = Layout(tmp_path / "journal.jsonl")
    links = trails.write(layout, [trails.facts(number) for number in range(1, 10)], segment=3)
    layout.closed(0, 1).unlink()
    with layout.anchor(0).open("r+b") as file:
        Anchor(file.fileno()).set_base(links[2])
    return layout


@pytest.mark.parametrize("altered", [False, True])
def test_the_chain_can_be_checked_as_the_document_says(trail: Layout, altered: bool) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", AUDIT, re.MULTILINE | re.DOTALL)
    if altered:
        segment = trail.closed(0, 4)
        segment.write_bytes(segment.read_bytes().replace(b"Binary/5", b"Binary/6"))

    checked = subprocess.run(
        [sys.executable, "-c", program], cwd=trail.folder, capture_output=True, text=True, timeout=60, check=False
    )

    anchored = read_anchor(trail.anchor(0))
    assert anchored is not None
    assert (checked.returncode, checked.stdout) == ((1, "") if altered else (0, f"{anchored.head.digest}\n"))
    assert "AssertionError" in checked.stderr if altered else checked.stderr == ""


def test_a_link_can_be_checked_by_hand_as_the_document_says(trail: Layout) -> None:
    shells = re.findall(r"^```sh\n(.*?)^```$", AUDIT, re.MULTILINE | re.DOTALL)
    (by_hand,) = [shell for shell in shells if "sha256sum" in shell]

    told = subprocess.run(
        ["/bin/sh", "-c", by_hand], cwd=trail.folder, capture_output=True, text=True, timeout=60, check=True
    )

    digest, previous = told.stdout.splitlines()
    assert previous == f'"previous":"{digest.split()[0]}"'


def test_the_settings_that_the_audit_reference_names_are_there() -> None:
    named = set(re.findall(r"`(?:audit|errors)\.([a-z_.]+)(?:: [a-z]+)?`", AUDIT)) - {"schema.json"}
    there = {*_paths(Settings().audit), *_paths(Settings().errors)}

    assert named >= {"sync", "on_failure", "keep.size_mib", "nhs_numbers"}
    assert named - there == set()


def _paths(model: BaseModel, path: str = "") -> list[str]:
    found = []
    for name, value in model:
        found += [f"{path}{name}", *(_paths(value, f"{path}{name}.") if isinstance(value, BaseModel) else [])]
    return found


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.splitlines()[0])
def test_every_example_of_a_fault_is_valid(example: str) -> None:
    document = yaml.safe_load(example)

    if "name" in document:
        Rule.model_validate(document)
    else:
        assert list(document) == ["effect"]
        TypeAdapter(AnyEffect).validate_python(document["effect"])


def test_the_examples_show_every_way_to_narrow_a_rule() -> None:
    rules = [document for document in map(yaml.safe_load, EXAMPLES) if "name" in document]
    shown = {key for rule in rules for part in ("match", "when") for key in rule.get(part, {})}

    assert {"window", "sequence", "repeat", "header", "ttl_s", "sni", "seed", "probability", "skip", "times"} <= shown


def test_the_command_reference_is_what_a_user_is_told() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "ssp_emulator", "certs", "issue", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert " ".join(told.stdout.split()) in " ".join((TOP / "docs" / "cli.md").read_text().split())


def test_the_shipped_settings_are_every_setting_with_its_default() -> None:
    shipped = yaml.safe_load((TOP / "config" / "emulator.yaml").read_text())

    assert shipped == plain(Settings())


def plain(model: BaseModel) -> dict[str, Any]:
    return {
        name: plain(value) if isinstance(value, BaseModel) else str(value) if isinstance(value, Path) else value
        for name, value in model
    }


def test_the_shipped_configuration_is_valid() -> None:
    plan = read_plan(TOP / "config" / "emulator.yaml")

    assert plan.registry.directory.agreement(
        "200000000115", "200000000116", "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"
    )


def test_every_refusal_is_explained_and_no_other() -> None:
    rows = re.findall(r"^\| `?([a-z]+)`? \| `([a-z-]+)` \|", (TOP / "docs" / "refusals.md").read_text(), re.MULTILINE)

    assert {reason for _, reason in rows} == {reason.value for reason in Reason}
    assert {check for check, _ in rows} == {*checks.NAMES, "none"}
    assert {(check if check != "none" else None, reason) for check, reason in rows} == set(REFUSALS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(TOP)))
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(TOP)))
def test_every_link_to_a_heading_leads_to_one(document: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]*)#([^)]+)", document.read_text())
    pages = {name: document.parent / name if name else document for name, _ in links}
    there = {
        name: headings(page.read_text()) for name, page in pages.items() if page.suffix == ".md" and page.is_file()
    }

    assert [f"{name}#{anchor}" for name, anchor in links if name in there and anchor not in there[name]] == []


def headings(page: str) -> set[str]:
    """The anchors that a page's headings get: lower case, hyphens for blanks, without punctuation."""
    titles = re.findall(
        r"^#+ +(.+?) *$", re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title) for title in titles]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in plain}


def test_a_heading_is_linked_to_as_it_is_shown() -> None:
    page = "# One `two`, three\n\n## [Four](x.md): five's\n\n```sh\n# six\n```\n"

    assert headings(page) == {"one-two-three", "four-fives"}
