"""Completion as a user meets it: real shells with the scripts that the command prints, and files that are not good."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from support import homes

from ssp_emulator.cli.completing import SHELLS, VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_S = 30.0
SCENARIOS = sorted(path.stem for path in (homes.TOP / "config" / "scenarios").glob("*.yaml"))
ASIDS = ["200000000115", "200000000116", "200000000117"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's home."""
    return homes.furnish(tmp_path)


def needs(shell: str) -> str:
    """Return the shell's program; skips where it is not there."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not here: apt-get install {shell}")
    return program


def run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=home, env=homes.environment(home), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


def asked(home: Path, line: str, shell: str = "bash") -> tuple[list[str], str]:
    """Return what completes a line, and what was said on standard error: as the script of a shell asks for it."""
    words = line.split()
    number = {"zsh": len(words) - (not line.endswith(" ")), "bash": 0}.get(shell, 0)
    current = str(number) if shell == "zsh" else "" if line.endswith(" ") else words[-1]
    told = subprocess.run(
        [home / "bin" / "ssp-emulator"],
        cwd=home,
        env={**homes.environment(home), VARIABLE: f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": current},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    return [each.removeprefix("plain,") for each in told.stdout.splitlines() if each], told.stderr


DOCUMENTS = [
    f"documents:fhir:rest:{tail}"
    for tail in (
        "read:metadata-1", "search:patient-1", "search:documentreference-1", "read:binary-1", "migrate:binary-1"
    )
]  # fmt: skip
LINES = [
    ("ssp-emulator fa", ["fault"]),
    ("ssp-emulator fault ap", ["apply"]),
    ("ssp-emulator fault apply ", SCENARIOS),
    ("ssp-emulator fault apply spine-l", ["spine-latency"]),
    ("ssp-emulator fault add config/sc", ["file,config/sc"]),
    ("ssp-emulator send documents:", DOCUMENTS),
    ("ssp-emulator send urn:nhs:names:services:n", ["urn:nhs:names:services:nrl:DocumentReference.content.read"]),
    ("ssp-emulator send x --to ", ASIDS),
    ("ssp-emulator send x --from 20000000011", ASIDS),
    ("ssp-emulator send x --proxy localhost --output '' --sign-key nowhere --from 20000000011", ASIDS),
    ("ssp-emulator token --interaction documents:fhir:rest:m", ["documents:fhir:rest:migrate:binary-1"]),
    ("ssp-emulator postman --to ", ASIDS),
    ("ssp-emulator schema ", ["emulator", "registry", "scenario", "audit"]),
    ("ssp-emulator completion ", list(SHELLS)),
    ("ssp-emulator send --sig", ["--sign-key"]),
]


@pytest.mark.parametrize(("line", "completed"), LINES, ids=lambda each: each if isinstance(each, str) else "")
def test_each_value_is_completed(home: Path, line: str, completed: list[str]) -> None:
    assert asked(home, line) == (completed, "")


def test_in_zsh_and_fish_values_come_with_what_they_are(home: Path) -> None:
    in_fish, _ = asked(home, "ssp-emulator send x --to ", "fish")
    in_zsh, _ = asked(home, "ssp-emulator fault apply spine-la", "zsh")

    assert in_fish[0] == "200000000115\tExample Hospital (A1001)"
    assert in_zsh[:2] == ["plain", "spine-latency"]
    assert len(in_zsh[2]) > 10


BROKEN = {
    "is not there": None,
    "is no YAML": "proxy: [",
    "is no text": "\0\1",
    "says what it may not": "proxi: {}",
    "names no registry": "registry: nowhere.yaml",
}


@pytest.mark.parametrize("line", ["send x --to ", "fault apply ", "send --sign-key nowhere.pem x --to "])
@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_where_the_configuration_is_not_good_there_is_nothing_and_nobody_is_told(
    home: Path, text: str | None, line: str
) -> None:
    (home / "config").unlink()
    if text is not None:
        (home / "config").mkdir()
        (home / "config" / "emulator.yaml").write_text(text)

    assert asked(home, f"ssp-emulator {line}") == ([], "")


def test_interactions_are_known_without_a_configuration(home: Path) -> None:
    assert asked(home, "ssp-emulator send --config nowhere.yaml documents:") == (DOCUMENTS, "")


def test_another_configuration_is_asked_where_the_line_names_one(home: Path) -> None:
    (home / "other").mkdir()
    (home / "other" / "emulator.yaml").write_text("{}")
    (home / "other" / "registry.yaml").write_text(
        'organisations: [{ods: A1, name: A}]\nsystems: [{asid: "7", organisation: A1, party_key: A, fqdn: a.example}]\n'
    )

    assert asked(home, "ssp-emulator send --config other/emulator.yaml x --to ") == (["7"], "")


@pytest.mark.parametrize("words", ["nonsense_complete", "bash_nonsense", "csh_source", ""])
def test_whatever_a_shell_asks_there_is_no_traceback(home: Path, words: str) -> None:
    told = subprocess.run(
        [home / "bin" / "ssp-emulator", "up"],
        cwd=home,
        env={**homes.environment(home), VARIABLE: words},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )

    assert (told.stdout, told.stderr) == ("", "")


@pytest.mark.parametrize(("shell", "options"), [("bash", ["-n"]), ("zsh", ["-n"]), ("fish", ["--no-execute"])])
def test_each_script_is_one_that_its_shell_reads(home: Path, shell: str, options: list[str]) -> None:
    program = needs(shell)
    script = run(home, "ssp-emulator", "completion", shell)
    (home / "script").write_text(script.stdout)
    read = run(home, program, *options, "script")

    assert (script.returncode, script.stderr, read.returncode, read.stderr) == (0, "", 0, "")


def test_a_shell_that_is_not_known_is_refused_with_those_that_are(home: Path) -> None:
    refused = run(home, "ssp-emulator", "completion", "csh")

    assert refused.returncode == 2
    assert all(repr(shell) in refused.stderr for shell in SHELLS)


def test_fish_completes(home: Path) -> None:
    program = needs("fish")
    script = 'ssp-emulator completion fish | source; complete --do-complete "{}"'
    found = {line: run(home, program, "--no-config", "-c", script.format(line)) for line, _ in LINES[:8]}

    for line, completed in LINES[:8]:
        said = [each.partition("\t")[0] for each in found[line].stdout.splitlines()]
        expected = ["config/scenarios/"] if completed[0].startswith("file,") else completed
        assert (sorted(said), found[line].stderr) == (sorted(expected), ""), line


def typed(home: Path, command: list[str], prepared: str, keys: str, completed: str) -> None:
    """Type keys into an interactive shell on a terminal of its own, and have it echo the line that they made."""
    leader, follower = pty.openpty()
    shell = subprocess.Popen(
        command,
        cwd=home,
        env=homes.environment(home),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    try:
        os.write(leader, f"{prepared}; echo pre''pared\n".encode())
        _seen(leader, "prepared")
        os.write(leader, keys.encode() + b"\x01echo \n")  # at the beginning of the line
        _seen(leader, completed)
    finally:
        shell.kill()
        shell.wait()
        os.close(leader)


def _seen(terminal: int, awaited: str) -> None:
    seen, ends = "", time.monotonic() + PATIENCE_S
    while awaited not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, ends - time.monotonic()))
        assert ready, f"{awaited!r} was not seen in {seen!r}"
        seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(terminal, 65536).decode(errors="replace"))


TYPED = [
    ("fa\t", "fault"),
    ("fault apply one-r\t", "fault apply one-retry-then-success"),
    ("send documents:fhir:rest:mi\t", "send documents:fhir:rest:migrate:binary-1"),
    ("send urn:nhs:names:services:nr\t", "send urn:nhs:names:services:nrl:DocumentReference.content.read"),
    ("send x --to=20000000011\t7 --fr\t", "send x --to=200000000117 --from"),
    ("fault add config/scenarios/spine-o\t", "fault add config/scenarios/spine-outage.yaml"),
    ("schema reg\t", "schema registry"),
]


@pytest.mark.parametrize(("keys", "completed"), TYPED, ids=[completed for _, completed in TYPED])
@pytest.mark.parametrize(
    ("shell", "command", "prepared"),
    [
        ("bash", ["--norc", "--noprofile", "-i"], 'eval "$(ssp-emulator completion bash)"'),
        ("zsh", ["-f", "-i"], 'autoload -Uz compinit; compinit -u; eval "$(ssp-emulator completion zsh)"'),
    ],
    ids=["bash", "zsh"],
)
def test_the_tab_key_completes(
    home: Path, shell: str, command: list[str], prepared: str, keys: str, completed: str
) -> None:
    typed(home, [needs(shell), *command], prepared, f"ssp-emulator {keys}", f"\nssp-emulator {completed}\r\n")
