"""The profile `ldap`: the registry that the emulator is given, served by OpenLDAP and looked up as consumers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from support.containers import BUILD_S, TOP, Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READ = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"
IMAGE = {"SSP_LDAP_IMAGE": "ssp-emulator-ldap-test", "COMPOSE_PROFILES": "ldap"}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of the user's own, which is the shipped one at first."""
    path = tmp_path_factory.mktemp("registry") / "registry.yaml"
    path.write_text((TOP / "config" / "container" / "registry.yaml").read_text())
    return path


@pytest.fixture(scope="module")
def project(image: str, registry: Path) -> Iterator[Project]:
    """The directory alone, healthy."""
    running = Project({**IMAGE, "SSP_REGISTRY": str(registry)})
    running.do("build", "ldap", patience_s=BUILD_S)
    try:
        running.up("ldap")
        yield running
    finally:
        running.do("--profile", "ldap", "down", "-v", "--timeout", "20")
    assert running.left() == []


def search(project: Project, question: str, *attributes: str) -> str:
    """Ask as a consumer does, and return what is printed."""
    options = ("-x", "-LLL", "-o", "ldif_wrap=no", "-H", "ldap://localhost:1389", "-b", "ou=services, o=nhs")
    return project.do("exec", "-T", "ldap", "ldapsearch", *options, question, *attributes)


def test_two_look_ups_lead_to_endpoint_and_asid(project: Project) -> None:
    endpoint = search(project, f"(&(nhsIDCode=A20047)(objectClass=nhsMhs)(nhsMhsSvcIA={READ}))", "nhsMhsEndPoint")
    asid = search(project, "(&(nhsIDCode=A20047)(objectClass=nhsAs)(nhsMHSPartyKey=A20047-810002))", "uniqueIdentifier")

    assert "nhsMhsEndPoint: https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents\n" in endpoint
    assert "uniqueIdentifier: 200000000116\n" in asid
    assert search(project, f"(&(nhsIDCode=A99999)(objectClass=nhsMhs)(nhsMhsSvcIA={READ}))") == ""


def test_it_is_not_root_and_can_write_nowhere_but_in_memory(project: Project) -> None:
    facts = project.inspect("ldap")

    assert (facts["Config"]["User"], facts["HostConfig"]["ReadonlyRootfs"]) == ("10001:10001", True)
    assert {mount["Type"] for mount in facts["Mounts"] if mount.get("RW")} <= {"tmpfs"}
    assert facts["HostConfig"]["PortBindings"]["1389/tcp"][0]["HostIp"] == "127.0.0.1"
    assert project.port("ldap", 1389) > 0


def test_a_changed_registry_is_served_after_a_restart(project: Project, registry: Path) -> None:
    data = yaml.safe_load(registry.read_text())
    data["organisations"].append({"ods": "A20049", "name": "Śródmieście"})
    data["systems"].append(
        {"asid": "200000000199", "organisation": "A20049", "party_key": "A20049-1", "fqdn": "gp.example.nhs.uk"}
    )
    registry.write_text(yaml.safe_dump(data))
    assert search(project, "(nhsIDCode=A20049)") == ""

    project.do("--profile", "ldap", "restart", "--timeout", "20", "ldap")
    project.up("ldap")

    assert "dn: uniqueIdentifier=200000000199,ou=services,o=nhs\n" in search(project, "(nhsIDCode=A20049)")
