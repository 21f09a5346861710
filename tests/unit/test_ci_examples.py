"""The jobs in examples/ci, which no test can run: they are YAML, and do what docs/containers.md has run for real."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import yaml
from support.guides import blocks

TOP = Path(__file__).parents[2]
CI = TOP / "examples" / "ci"
CONTAINERS = TOP / "docs" / "containers.md"
COMPOSE = TOP / "docker-compose.yml"


def github_steps() -> list[dict[str, Any]]:
    workflow = yaml.safe_load((CI / "github-actions.yml").read_text())
    assert set(workflow) == {"name", True, "permissions", "jobs"}  # `on` is a boolean in YAML 1.1, which GitHub knows
    (job,) = workflow["jobs"].values()
    assert set(job) == {"runs-on", "timeout-minutes", "env", "steps"}
    for step in job["steps"]:
        assert len({"uses", "run"} & set(step)) == 1
        assert set(step) <= {"name", "uses", "with", "run", "env", "if"}
    return job["steps"]


def gitlab_job() -> dict[str, Any]:
    document = yaml.safe_load((CI / "gitlab-ci.yml").read_text())
    assert set(document) == {"stages", "integration"}
    job = document["integration"]
    assert job["stage"] in document["stages"]
    for part in ("before_script", "script", "after_script"):
        assert all(isinstance(line, str) for line in job[part])
    return job


def of_containers(script: str) -> list[str]:
    """Return the commands of a script that are about our containers, as docker-compose 1.29 would have them."""
    lines = script.replace("\\\n", " ").replace("docker compose", "docker-compose").splitlines()
    return [" ".join(line.split()) for line in lines if re.match(r"\s*(docker-compose|docker cp) ", line)]


def printed() -> set[str]:
    """Return the commands of docs/containers.md that its own test runs."""
    shells = [each for each in blocks(CONTAINERS.read_text()) if each.language == "sh" and not each.is_example]
    return {command for shell in shells for command in of_containers(shell.text)}


def test_the_workflow_for_github_uses_the_commands_that_are_run() -> None:
    commands = [each for step in github_steps() for each in of_containers(step.get("run", ""))]

    assert len(commands) == 8
    assert [command for command in commands if command not in printed()] == []
    assert commands[-1].endswith("down -v")


def test_the_job_for_gitlab_uses_the_commands_that_are_run() -> None:
    job = gitlab_job()
    lines = [line for part in ("before_script", "script", "after_script") for line in job[part]]
    commands = [each for line in lines for each in of_containers(line)]

    assert len(commands) == 7
    assert [command for command in commands if command not in printed()] == []
    assert commands[-1].endswith("down -v")


def test_what_went_wrong_is_shown_and_everything_removed_though_the_tests_fail() -> None:
    steps = github_steps()
    ours = next(place for place, step in enumerate(steps) if step.get("run") == "make integration-test")

    assert [step["if"] for step in steps[ours + 1 :]] == ["always()", "always()"]
    assert "if" not in steps[ours]


def test_a_container_beside_the_emulator_joins_its_network_and_volume_by_their_names() -> None:
    compose = yaml.safe_load(COMPOSE.read_text())
    (run,) = [shlex.split(line) for line in gitlab_job()["script"] if line.startswith("docker run ")]
    project = gitlab_job()["variables"]["COMPOSE_FILE"].split("/")[0]

    assert run[run.index("--network") + 1] == f"{project}_default"
    volume, _, _ = run[run.index("--volume") + 1].split(":")
    assert volume.removeprefix(f"{project}_") in compose["volumes"]
    assert "ssp.example.nhs.uk" in compose["services"]["ssp"]["networks"]["default"]["aliases"]
    assert "--env SSP_URL=https://ssp.example.nhs.uk:8443/" in " ".join(run)
