"""The rules of the house: which rooms know nothing of which, read from their imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ssp_emulator

PACKAGE = Path(ssp_emulator.__file__).parent
PURE = ("directory", "interactions", "token", "limits", "tallies", "target", "outcome", "checks")
WITH_SOCKETS = ("proxy", "sds", "admin", "demo", "diagnosis", "web_server", "accepting")
FOREIGN_ROOMS = {f"ssp_emulator.{room}" for room in (*WITH_SOCKETS, "faults", "audit", "cli", "emulator", "workers")}
OUTSIDE = {"socket", "ssl", "asyncio", "aiohttp", "pathlib", "time", "os", "threading"}


def imports(module: ast.AST) -> set[str]:
    """Every module and name that is imported anywhere in a module, those for types too."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def files(room: str) -> list[Path]:
    folder = PACKAGE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def is_within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize(
    "path", [file for room in PURE for file in files(room)], ids=lambda p: p.parent.name + "/" + p.stem
)
def test_a_pure_room_knows_no_sockets_files_or_clocks_and_no_room_that_does(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert {name for name in imports(tree) if is_within(name, FOREIGN_ROOMS | OUTSIDE)} == set()
    clocks = {"now", "utcnow", "today"}
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    asked = {ast.unparse(f) for f in calls if isinstance(f, ast.Attribute) and f.attr in clocks}
    assert asked <= {"spine.clock.now"}


@pytest.mark.parametrize("room", [*PURE, "fhir", "address", "located"])
def test_every_room_of_the_plan_is_there(room: str) -> None:
    assert all(file.is_file() for file in files(room))
    assert files(room)


def test_the_proxy_decides_by_no_rule_of_its_own() -> None:
    own = {"ssp_emulator.token", "ssp_emulator.directory.loading", "ssp_emulator.audit", "ssp_emulator.cli"}
    for path in files("proxy"):
        assert {name for name in imports(ast.parse(path.read_text(encoding="utf-8"))) if is_within(name, own)} == set()


def test_faults_know_no_sockets_and_nothing_of_the_proxy() -> None:
    foreign = {"socket", "ssl", "aiohttp", "ssp_emulator.proxy", "ssp_emulator.admin", "ssp_emulator.audit"}
    foreign.add("ssp_emulator.workers")
    for path in files("faults"):
        names = {name for name in imports(ast.parse(path.read_text(encoding="utf-8"))) if is_within(name, foreign)}
        assert names == set(), path.name


def test_explaining_a_record_takes_nothing_but_the_record() -> None:
    foreign = {f"ssp_emulator.{room}" for room in ("proxy", "admin", "cli", "emulator")}
    for path in files("audit/explaining"):
        names = imports(ast.parse(path.read_text(encoding="utf-8")))
        assert {name for name in names if is_within(name, foreign | OUTSIDE)} == set(), path.name
        within = {name for name in names if is_within(name, {"ssp_emulator.audit"})}
        assert all(is_within(name, {"ssp_emulator.audit.explaining"}) for name in within), path.name


def test_the_audit_knows_exchanges_and_neither_who_makes_them_nor_who_asks_for_records() -> None:
    foreign = {"socket", "ssl", "aiohttp", "ssp_emulator.proxy", "ssp_emulator.admin", "ssp_emulator.cli"}
    for path in files("audit"):
        names = {name for name in imports(ast.parse(path.read_text(encoding="utf-8"))) if is_within(name, foreign)}
        assert names == set(), path.name


def test_workers_know_no_room_that_they_run() -> None:
    foreign = {f"ssp_emulator.{room}" for room in ("proxy", "faults", "audit", "admin", "cli", "emulator")}
    for path in files("workers"):
        names = {name for name in imports(ast.parse(path.read_text(encoding="utf-8"))) if is_within(name, foreign)}
        assert names == set(), path.name


def test_the_directorys_face_knows_bytes_and_what_answers_and_no_other_room() -> None:
    foreign = {f"ssp_emulator.{room}" for room in ("proxy", "faults", "admin", "cli", "emulator", "workers", "checks")}
    foreign |= {"ssp_emulator.demo", "ssp_emulator.diagnosis"}
    for path in files("sds"):
        names = {name for name in imports(ast.parse(path.read_text(encoding="utf-8"))) if is_within(name, foreign)}
        assert names == set(), path.name


def test_only_the_composition_root_and_the_adapters_know_all_the_rooms() -> None:
    adapters = {"emulator", "cli", "demo", "admin", "__main__", "testing"}
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room not in adapters:
            names = imports(ast.parse(path.read_text(encoding="utf-8")))
            assert not {n for n in names if is_within(n, {"ssp_emulator.cli", "ssp_emulator.emulator"})}, path.name


def test_nobody_knows_the_parts_for_test_suites_but_the_plugin_that_gives_them_out() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] not in ("testing", "pytest_plugin.py"):
            names = imports(ast.parse(path.read_text(encoding="utf-8")))
            assert not {name for name in names if is_within(name, {"ssp_emulator.testing"})}, path.name


def test_nobody_knows_diagnosis_but_its_command() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] != "diagnosis" and path != PACKAGE / "cli" / "diagnose.py":
            names = imports(ast.parse(path.read_text(encoding="utf-8")))
            assert not {name for name in names if is_within(name, {"ssp_emulator.diagnosis"})}, path.name


def test_what_looks_at_files_that_belong_together_knows_no_room_that_uses_them() -> None:
    foreign = {f"ssp_emulator.{room}" for room in (*WITH_SOCKETS, "faults", "audit", "cli", "emulator", "workers")}
    for path in [*files("pki"), *files("obstacles"), *files("ports"), *files("hints")]:
        names = {name for name in imports(ast.parse(path.read_text(encoding="utf-8"))) if is_within(name, foreign)}
        assert names == set(), path.name


def test_every_room_is_in_the_table_of_the_architecture() -> None:
    told = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = {name for line in told.splitlines() if line.startswith("| `") for name in line.split("`")[1::2]}
    assert {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()} <= named


def test_the_plugin_loads_nothing_of_the_emulator_before_a_fixture_is_used() -> None:
    asked = "import sys, ssp_emulator.pytest_plugin; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True)

    own = {"ssp_emulator", "ssp_emulator.pytest_plugin", "ssp_emulator.testing", "ssp_emulator.testing.options"}
    loaded = set(told.stdout.split())
    assert {name for name in loaded if is_within(name, {"ssp_emulator"})} == own
    assert loaded & {"aiohttp", "asyncio", "click", "cryptography", "pydantic", "structlog", "yaml"} == set()


@pytest.mark.parametrize(
    "source", ["import socket", "from time import monotonic", "def f():\n    import ssp_emulator.audit.record"]
)
def test_an_import_that_breaks_the_rule_is_seen(source: str) -> None:
    assert any(is_within(name, FOREIGN_ROOMS | OUTSIDE) for name in imports(ast.parse(source)))
