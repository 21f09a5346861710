"""The compose file as a user runs it: in projects of a test's own, on any free ports, of which nothing stays."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

TOP = Path(__file__).parents[2]
IMAGE = "ssp-emulator-test"
BUILD_S = 900.0
PATIENCE_S = 180.0
# 0 is any free port, so that no test meets another, nor whatever else runs on this machine.
_PORTS = dict.fromkeys(("SSP_PROXY_PORT", "SSP_ADMIN_PORT", "SSP_SDS_PORT", "SSP_PROVIDER_PORT", "SSP_LDAP_PORT"), "0")
_OURS = "SSP_"


@cache
def compose_command() -> tuple[str, ...]:
    """Return the command of Compose on this machine: docker-compose, or else v2; skips the test where there is none.

    Skips it too where no engine answers.
    """
    if shutil.which("docker") is None:
        pytest.skip("there is no docker on this machine")
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=60, check=False)
    if asked.returncode != 0:
        pytest.skip("no Docker engine answers")
    if shutil.which("docker-compose") is not None:
        return ("docker-compose",)
    if subprocess.run(["docker", "compose", "version"], capture_output=True, timeout=60, check=False).returncode == 0:
        return ("docker", "compose")
    pytest.skip("there is neither docker-compose nor Compose v2 on this machine")


def docker(*arguments: str, check: bool = True) -> str:
    """Run a docker command to its end, and return what it prints."""
    ended = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert not check or ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@dataclass
class Project:
    """A compose project; variables are those of the compose file beside its ports."""

    variables: Mapping[str, str] = field(default_factory=dict)
    name: str = field(default_factory=lambda: f"ssp-emulator-test-{token_hex(4)}")

    @property
    def environment(self) -> dict[str, str]:
        """What Compose is run with."""
        around = {name: value for name, value in os.environ.items() if not name.startswith((_OURS, "COMPOSE_"))}
        base = {name: os.environ[name] for name in ("SSP_PYTHON_IMAGE",) if name in os.environ}
        return {**around, **base, **_PORTS, "SSP_IMAGE": IMAGE, "COMPOSE_PROJECT_NAME": self.name, **self.variables}

    def run(
        self, *arguments: str, given: str | None = None, patience_s: float = PATIENCE_S
    ) -> subprocess.CompletedProcess[str]:
        """Run Compose to its end, whatever comes of it; `given` is its standard input."""
        return subprocess.run(
            [*compose_command(), *arguments],
            cwd=TOP,
            env=self.environment,
            input=given or "",
            capture_output=True,
            text=True,
            timeout=patience_s,
            check=False,
        )

    def do(self, *arguments: str, given: str | None = None, patience_s: float = PATIENCE_S) -> str:
        """Run Compose to an end that has to be good, and return what it prints."""
        ended = self.run(*arguments, given=given, patience_s=patience_s)
        assert ended.returncode == 0, f"{' '.join(arguments)}: {ended.stdout}{ended.stderr}"
        return ended.stdout

    def ours(self, *arguments: str, given: str | None = None) -> str:
        """Run `ssp-emulator` in the emulator's container, and return what it prints."""
        return self.do("exec", "-T", "ssp", "ssp-emulator", *arguments, given=given)

    def up(self, *services: str) -> None:
        """Start services, and wait until they are healthy."""
        self.do("up", "-d", "--no-build", *services)
        until = time.monotonic() + PATIENCE_S
        for service in services:
            while (health := self.state(service)["Health"])["Status"] != "healthy":
                assert time.monotonic() < until, f"{service}: {health['Log'][-1:]}{self.do('logs', service)}"
                time.sleep(0.3)

    def container(self, service: str) -> str:
        """Return the id of a service's container, which may have ended."""
        of_ours = ("project", self.name), ("service", service)
        filters = [part for key, value in of_ours for part in ("--filter", f"label=com.docker.compose.{key}={value}")]
        return docker("ps", "--all", "--quiet", *filters)

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of a service's container."""
        (found,) = json.loads(docker("inspect", self.container(service)))
        return dict(found)

    def state(self, service: str) -> dict[str, Any]:
        """Return how a service's container stands, or how it has ended."""
        return dict(self.inspect(service)["State"])

    def port(self, service: str, inside: int) -> int:
        """Return the port of this machine that leads to one in a container."""
        return int(self.inspect(service)["NetworkSettings"]["Ports"][f"{inside}/tcp"][0]["HostPort"])

    def left(self) -> list[str]:
        """Return what the engine has of this project: containers, volumes, networks."""
        of_ours = ("--filter", f"label=com.docker.compose.project={self.name}", "--quiet")
        return [
            *docker("ps", "--all", *of_ours).split(),
            *docker("volume", "ls", *of_ours).split(),
            *docker("network", "ls", *of_ours).split(),
        ]

    def volumes(self) -> set[str]:
        """Return the volumes that its containers have, those without a name too."""
        containers = docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.name}")
        return {
            mount["Name"]
            for container in containers.split()
            for mount in json.loads(docker("inspect", container))[0]["Mounts"]
            if mount["Type"] == "volume"
        }

    def down(self) -> None:
        """Stop and remove everything."""
        self.do("--profile", "smoke", "down", "-v", "--timeout", "20")
