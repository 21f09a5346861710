"""What the image and the compose file say is held against the code that they bring into containers."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import ssp_emulator
from ssp_emulator import config
from ssp_emulator.address import Address
from ssp_emulator.admin.published import described_at
from ssp_emulator.plan import read_plan
from ssp_emulator.settings import Settings

TOP = Path(__file__).parents[2]
DOCKERFILE = (TOP / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((TOP / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {"ssp": "emulator", "provider": "emulator", "smoke": "emulator", "ldap": "ldap"}  # and their stages
STOPPING_S = 10  # what may follow the draining, as for workers whose last records are on their way to the disk


def test_settings_in_a_container_differ_only_where_they_must() -> None:
    inside = config.read(TOP / "config" / "container" / "emulator.yaml").settings.model_dump()
    defaults = Settings().model_dump()

    for part, key, value in (
        ("proxy", "listen", "0.0.0.0:8443"),
        ("admin", "listen", "0.0.0.0:8440"),
        ("admin", "token", Path("../certs/admin-token")),
        ("sds", "listen", "0.0.0.0:8441"),
    ):
        assert inside[part].pop(key) == value
        defaults[part].pop(key)
    assert inside == defaults


def test_the_registry_in_a_container_differs_only_in_where_the_provider_is() -> None:
    shipped = (TOP / "config" / "registry.yaml").read_text()
    inside = (TOP / "config" / "container" / "registry.yaml").read_text()

    assert yaml.safe_load(inside) == yaml.safe_load(shipped.replace("localhost:9443", "provider:9443"))
    assert inside.count("provider:9443") == shipped.count("localhost:9443") > 0


def test_the_configuration_in_the_image_is_valid(tmp_path: Path) -> None:
    shutil.copytree(TOP / "config" / "container", tmp_path / "config")
    shutil.copytree(TOP / "config" / "scenarios", tmp_path / "config" / "scenarios")

    plan = read_plan(tmp_path / "config" / "emulator.yaml")

    assert plan.certificates.root == tmp_path / "certs"
    assert plan.journal == tmp_path / "audit" / "journal.jsonl"


def test_the_image_has_the_packages_version() -> None:
    assert re.findall(r'image\.version="([^"]*)"', DOCKERFILE) == [ssp_emulator.__version__]


def test_nothing_of_this_machine_comes_into_the_image() -> None:
    rules = [line for line in (TOP / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    assert rules[0] == "*"
    assert {line for line in rules if line.startswith("!")} == {
        *("!LICENSE", "!README.md", "!pyproject.toml", "!setup.cfg", "!ssp_emulator", "!config", "!docker"),
    }
    assert "pip.conf" not in DOCKERFILE


@pytest.mark.parametrize("service", OURS)
def test_a_service_may_do_no_more_than_it_needs(service: str) -> None:
    told = SERVICES[service]

    assert (told["read_only"], told["init"], told["cap_drop"]) == (True, True, ["ALL"])
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert "/tmp" in told["tmpfs"]
    assert told["build"]["target"] == OURS[service]


def test_every_port_is_published_on_this_machine_alone() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert len(published) >= 4
    assert [port for port in published if not re.match(r"127\.0\.0\.1:\$\{SSP_[A-Z]+_PORT:-\d+\}:\d+\Z", port)] == []


@pytest.mark.parametrize("service", ["ssp", "provider"])
def test_whoever_stops_a_service_waits_longer_than_it_drains(service: str) -> None:
    grace = re.fullmatch(r"(\d+)s", SERVICES[service]["stop_grace_period"])

    assert grace is not None
    assert int(grace[1]) >= Settings().proxy.drain_timeout_s + STOPPING_S


def test_smoke_ldap_and_emulator_are_configured_alike() -> None:
    mounted = [
        [each for each in SERVICES[name]["volumes"] if isinstance(each, dict)] for name in ("ssp", "smoke", "ldap")
    ]

    assert mounted[0] == mounted[1] == mounted[2]
    assert [(each["target"], each["read_only"]) for each in mounted[0]] == [
        (f"/emulator/config/{name}", True) for name in ("emulator.yaml", "registry.yaml", "scenarios")
    ]
    assert SERVICES["smoke"]["environment"].items() <= SERVICES["ssp"]["environment"].items()


def test_the_file_has_nothing_that_one_of_the_two_composes_lacks() -> None:
    """`version` is no more in v2, which warns of it; 1.29 knows no `name`, and no `include` or `develop`."""
    assert set(COMPOSE) == {"x-emulator", "x-from-here", "services", "volumes"}


@pytest.mark.parametrize(("port", "url"), [("9000", "http://127.0.0.1:9000"), ("0", None), ("9000-9010", None)])
def test_refusals_link_to_the_published_port(port: str, url: str | None) -> None:
    said = SERVICES["ssp"]["environment"]["SSP_EMULATOR_ADMIN_URL"].replace("${SSP_ADMIN_PORT:-8440}", port)

    assert described_at(Settings(), Address("0.0.0.0", 8440), {"SSP_EMULATOR_ADMIN_URL": said}) == url
