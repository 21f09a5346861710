"""The compose file for real: the smoke test from nothing, what the containers may, how they stop, and what stays."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from support.containers import Project, docker

import ssp_emulator
from ssp_emulator.pki.folder import CertificateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = "07a6483f-732b-461e-86b6-edb665c45510"
READ = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"
TARGET = f"/https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents/Binary/{DOCUMENT}"
SMOKE = ("--profile", "smoke", "up", "--no-build", "--exit-code-from", "smoke", "--abort-on-container-exit")
GRACE_S = 30.0


def test_the_smoke_test_from_nothing_again_and_nothing_left(image: str) -> None:
    project = Project()
    try:
        first = project.run(*SMOKE)
        second = project.run(*SMOKE)
        volumes = project.volumes()
    finally:
        project.down()

    for kept, ended in ((1, first), (2, second)):
        said = f"{ended.stdout}{ended.stderr}"
        assert ended.returncode == 0, said
        assert "200 OK: a document" in said
        assert f"The audit trail is sound, with {kept} of its records kept." in said
        assert "Smoke test passed." in said
    assert volumes == {f"{project.name}_certs", f"{project.name}_audit"}
    assert project.left() == []
    assert volumes.isdisjoint(docker("volume", "ls", "--quiet").split())


@pytest.fixture(scope="module")
def project(image: str) -> Iterator[Project]:
    """Emulator and provider, both healthy."""
    running = Project()
    try:
        running.up("ssp", "provider")
        yield running
    finally:
        running.down()


@pytest.fixture(scope="module")
def certificates(project: Project, tmp_path_factory: pytest.TempPathFactory) -> CertificateFolder:
    """The certificates, taken out of their volume."""
    folder = tmp_path_factory.mktemp("volume") / "certs"
    docker("cp", f"{project.container('ssp')}:/emulator/certs/.", str(folder))
    return CertificateFolder(folder)


def asked(project: Project, method: str, path: str, token: str | None, value: Any = None) -> tuple[int, Any]:
    """Call the admin API where it is published."""
    connection = http.client.HTTPConnection("127.0.0.1", project.port("ssp", 8440), timeout=30)
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    body = None if value is None else json.dumps(value)
    connection.request(method, path, body, {**headers, "Content-Type": "application/json"})
    with connection.getresponse() as answer:
        said = answer.read()
    connection.close()
    return answer.status, json.loads(said) if said else None


def retrieved(project: Project, certificates: CertificateFolder, **headers: str) -> tuple[int, bytes]:
    """Retrieve the document as a consumer of this machine does."""
    context = ssl.create_default_context(cafile=str(certificates.chain))
    context.load_cert_chain(certificates.consumer.certificate, certificates.consumer.key)
    token = project.ours("token").strip()
    connection = http.client.HTTPSConnection("localhost", project.port("ssp", 8443), context=context, timeout=60)
    connection.request(
        "GET",
        TARGET,
        headers={
            "Ssp-TraceID": "0b5a51c2-2a5c-4f2a-9d0b-4dd26cbb6d5e",
            "Ssp-From": "200000000115",
            "Ssp-To": "200000000116",
            "Ssp-InteractionID": READ,
            "Authorization": f"Bearer {token}",
            "Accept": "application/fhir+json",
            **headers,
        },
    )
    with connection.getresponse() as answer:
        said = answer.read()
    connection.close()
    return answer.status, said


def test_a_consumer_on_this_machine_retrieves_the_document(project: Project, certificates: CertificateFolder) -> None:
    status, said = retrieved(project, certificates)

    assert status == 200
    assert json.loads(said)["id"] == DOCUMENT


@pytest.mark.parametrize("service", ["ssp", "provider"])
def test_a_container_may_do_no_more_than_it_needs(project: Project, service: str) -> None:
    status = project.do("exec", "-T", service, "cat", "/proc/self/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines())

    assert (facts["Uid"].split(), facts["Gid"].split()) == (["10001"] * 4, ["10001"] * 4)
    assert {facts[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb")} == {"0000000000000000"}
    assert facts["NoNewPrivs"] == "1"
    for place in ("/emulator", "/opt/ssp-emulator", "/etc"):
        written = project.run("exec", "-T", service, "touch", f"{place}/x")
        assert written.returncode != 0
        assert "Read-only file system" in f"{written.stdout}{written.stderr}"
    project.do("exec", "-T", service, "touch", "/tmp/x")


@pytest.mark.parametrize("service", ["ssp", "provider"])
def test_ports_are_published_on_this_machine_alone(project: Project, service: str) -> None:
    published = project.inspect(service)["NetworkSettings"]["Ports"]

    hosts = {bound["HostIp"] for each in published.values() if each for bound in each}
    assert hosts == {"127.0.0.1"}


def test_the_admin_api_wants_the_token_of_the_volume(project: Project, certificates: CertificateFolder) -> None:
    file = certificates.root / "admin-token"
    mode = project.do("exec", "-T", "ssp", "stat", "-c", "%a %u", "certs/admin-token").split()

    assert mode == ["600", "10001"]
    assert asked(project, "GET", "/api/v1/faults", None)[0] == 401
    assert asked(project, "GET", "/api/v1/faults", file.read_text().strip())[0] == 200
    assert asked(project, "GET", "/health/ready", None)[0] == 200


def test_faults_by_exec(project: Project, certificates: CertificateFolder) -> None:
    rule = "name: closed\nwhen: {probability: 0}\neffect: {kind: unavailable}\n"
    try:
        project.ours("fault", "add", "-", given=rule)
        shown = project.ours("fault", "list")
        status, _ = retrieved(project, certificates, **{"X-Ssp-Emulator-Fault": "closed"})
    finally:
        project.ours("fault", "clear")

    assert "closed" in shown
    assert status >= 500
    assert "slow-documents" in project.ours("fault", "scenarios")


def test_the_version_is_on_the_image(image: str) -> None:
    (found,) = json.loads(docker("image", "inspect", image))

    assert found["Config"]["Labels"]["org.opencontainers.image.version"] == ssp_emulator.__version__
    assert found["Config"]["User"] == "10001:10001"
    assert found["Config"]["Entrypoint"] == ["ssp-emulator"]


def test_stopping_lets_a_request_in_flight_end(project: Project, certificates: CertificateFolder) -> None:
    token = (certificates.root / "admin-token").read_text().strip()
    rule = {"name": "slow", "effect": {"kind": "latency", "delay_ms": 6000}}
    assert asked(project, "POST", "/api/v1/faults", token, rule)[0] == 201
    try:
        with ThreadPoolExecutor(1) as beside:
            answer = beside.submit(retrieved, project, certificates)
            until = time.monotonic() + 30
            while asked(project, "GET", "/api/v1/faults/slow", token)[1]["counts"]["fired"] == 0:
                assert time.monotonic() < until
                time.sleep(0.05)
            begun = time.monotonic()
            assert not answer.done()
            project.do("stop", "ssp")
            took_s = time.monotonic() - begun
            status, said = answer.result()
        project.do("stop", "provider")
        codes = [project.state(service)["ExitCode"] for service in ("ssp", "provider")]
    finally:
        project.up("ssp", "provider")  # for whatever test comes next

    assert status == 200
    assert json.loads(said)["id"] == DOCUMENT
    assert codes == [0, 0]
    assert took_s < GRACE_S


def test_alone_in_its_container_the_emulator_hears_sigterm_and_ends_well(image: str) -> None:
    # As any user, with volumes that are new.
    container = docker(
        *("run", "--detach", "--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp", "--user", "4711:4711", image)
    )
    try:
        until = time.monotonic() + 60
        while "Emulator ready" not in docker("logs", container):
            assert time.monotonic() < until
            time.sleep(0.2)
        docker("stop", "--time", "20", container)
        (found,) = json.loads(docker("inspect", container))
    finally:
        docker("rm", "--force", "--volumes", container)

    assert found["State"]["ExitCode"] == 0
