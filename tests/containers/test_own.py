"""What a team brings along: its registry, settings, scenarios and token, and a provider beside the containers."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import yaml
from support.containers import PATIENCE_S, TOP, Project, docker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "a-token-of-this-test"
SCENARIO = """\
name: ours
description: Of a test
rules:
- {name: ours, when: {probability: 0}, effect: {kind: unavailable}}
"""


def test_registry_settings_scenarios_token_and_provider_of_ones_own(image: str, tmp_path: Path) -> None:
    host = this_machine(image)
    with socket.create_server((host, 0)) as taken:
        port = taken.getsockname()[1]
    project = Project({**written(tmp_path, port), "SSP_EMULATOR_ADMIN_TOKEN": TOKEN})
    try:
        project.up("ssp")
        in_force = project.ours("fault", "list")
        docker("cp", f"{project.container('ssp')}:/emulator/certs/.", str(tmp_path / "certs"))
        with provider(tmp_path, host, port):
            said = project.ours("smoke")
        log = project.do("logs", "ssp")
    finally:
        project.down()

    assert "ours" in in_force
    assert f"Ready: the provider at host.docker.internal:{port}." in said
    assert said.endswith("Smoke test passed.\n")
    assert TOKEN not in log
    assert not (tmp_path / "certs" / "admin-token").exists()  # none is made where the environment has one


def test_a_path_that_is_not_there_is_an_error(image: str, tmp_path: Path) -> None:
    project = Project({"SSP_REGISTRY": str(tmp_path / "nowhere.yaml")})
    try:
        refused = project.run("up", "-d", "--no-build", "ssp")
    finally:
        project.down()

    assert refused.returncode != 0
    assert "nowhere.yaml" in f"{refused.stdout}{refused.stderr}"
    assert list(tmp_path.iterdir()) == []


def this_machine(image: str) -> str:
    """Return the address by which containers reach this machine."""
    name = "host.docker.internal"
    asked = ("run", "--rm", "--add-host", f"{name}:host-gateway", "--entrypoint", "getent", image, "hosts", name)
    return docker(*asked).split()[0]


def written(folder: Path, port: int) -> dict[str, str]:
    """Write a team's files, with its provider at a port of this machine; return the variables that name them."""
    inside = TOP / "config" / "container"
    registry = (inside / "registry.yaml").read_text().replace("provider:9443", f"host.docker.internal:{port}")
    settings = yaml.safe_load((inside / "emulator.yaml").read_text())
    (folder / "registry.yaml").write_text(registry)
    (folder / "emulator.yaml").write_text(yaml.safe_dump({**settings, "faults": {"scenarios": ["ours"]}}))
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "ours.yaml").write_text(SCENARIO)
    names = {"SSP_REGISTRY": "registry.yaml", "SSP_CONFIG": "emulator.yaml", "SSP_SCENARIOS": "scenarios"}
    return {variable: str(folder / name) for variable, name in names.items()}


@contextmanager
def provider(folder: Path, host: str, port: int) -> Iterator[None]:
    """Run the demo provider as a process of this machine, with the certificates in a folder."""
    command = (sys.executable, "-m", "ssp_emulator", "provider", "--host", host, "--port", str(port))
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("Demo provider ready: ")
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
