"""Faults as a user makes them: the `fault` commands, `up`, `check` and the trail, against processes that really run."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support import setup
from support.processes import PATIENCE_S, PIPE, Finished, Process, ours, run, started

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Bench

    from ssp_emulator.pki.folder import CertificateFolder

DOCUMENT = "07a6483f-732b-461e-86b6-edb665c45510"
READ = "documents:fhir:rest:read:binary-1"
BEYOND = "can be reached from beyond this machine: name the file of a token in admin.token, or listen on 127.0.0.1"
TOKEN = "0123456789-abcdef"
SLOW = "name: slow\nmatch: {method: GET}\nwhen: {times: 5}\neffect: {kind: latency, delay_ms: 20}\n"
OUTAGE: dict[str, Any] = {
    "name": "outage",
    "description": "Nothing answers",
    "rules": [{"name": "off", "effect": {"kind": "unavailable"}}],
}


async def second_line(emulator: Process) -> str:
    """Read what `up` says after the line that it is ready."""
    assert emulator.process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        return (await emulator.process.stdout.readline()).decode().strip()


@dataclass
class Desk:
    """A running emulator with a folder of scenarios, and a configuration that leads to its admin API."""

    bench: Bench
    url: str

    @property
    def folder(self) -> Path:
        """The folder that the commands run in."""
        return self.bench.folder

    async def fault(self, *arguments: str) -> Finished:
        """Run `ssp-emulator fault`."""
        return await ours(self.folder, "fault", *arguments)

    async def send(self) -> int:
        """Read the document through the proxy, and return the status."""
        where = f"localhost:{self.bench.emulator.port}"
        ended = await ours(self.folder, "send", READ, "--id", DOCUMENT, "--json", "--proxy", where)
        return json.loads(ended.out)["status"]

    async def names(self) -> list[str]:
        """Return the names of the rules in force."""
        return [rule["name"] for rule in json.loads((await self.fault("list", "--json")).out)["faults"]]

    def write(self, name: str, text: str) -> str:
        """Write a file beside the configuration's folder, and return its name."""
        (self.folder / name).write_text(text)
        return name


def set_admin(folder: Path, **changes: Any) -> None:
    """Change what a configuration says of the admin API."""
    path = folder / "config" / "emulator.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["admin"] |= changes
    path.write_text(yaml.safe_dump(settings, sort_keys=False))


def write_scenarios(folder: Path, *scenarios: dict[str, Any]) -> None:
    """Write scenarios where a configuration looks for them."""
    (folder / "config" / "scenarios").mkdir(exist_ok=True)
    for scenario in scenarios:
        (folder / "config" / "scenarios" / f"{scenario['name']}.yaml").write_text(yaml.safe_dump(scenario))


@pytest.fixture
async def desk(bench: Bench) -> Desk:
    """A running emulator, whose port the configuration is told afterwards."""
    url = (await second_line(bench.emulator)).removeprefix("Admin API: ")
    set_admin(bench.folder, listen=url.removeprefix("http://"))
    write_scenarios(bench.folder, OUTAGE)
    return Desk(bench, url)


async def test_a_rule_from_a_file_to_the_trail_and_away(desk: Desk) -> None:
    added = await desk.fault("add", desk.write("slow.yaml", SLOW))
    status = await desk.send()
    listed = await desk.fault("list")
    shown = await desk.fault("show", "slow")
    as_json = json.loads((await desk.fault("show", "slow", "--json")).out)
    removed = await desk.fault("remove", "slow")
    nothing = await desk.fault("list")
    gone = await desk.fault("show", "slow")

    assert (added.code, added.out, added.err) == (0, "In force: slow.\n", "")
    assert status == 200
    head, row = listed.out.splitlines()
    assert head.split() == ["Name", "Kind", "Matches", "When", "Matched", "Fired", "Asked", "Scenario", "Expires"]
    assert row.split() == ["slow", "latency", "method", "GET", "times", "5", "1", "1", "0", "-", "never"]
    assert ["Effect", "kind", "latency,", "delay_ms", "20"] in [line.split() for line in shown.out.splitlines()]
    assert as_json["counts"] == {"matched": 1, "fired": 1, "asked": 0}
    assert (removed.code, removed.out) == (0, "Lifted: slow.\n")
    assert nothing.out == "No fault rule is in force.\n"
    assert (gone.code, gone.out, gone.err) == (1, "", "error: no rule named 'slow' is in force\n")

    trail = await ours(desk.folder, "audit", "list")
    (record,) = json.loads((await ours(desk.folder, "audit", "list", "--json")).out)["exchanges"]
    trace = await ours(desk.folder, "audit", "show", record["trace_id"])
    assert trail.out.splitlines()[1].split()[-3:] == ["200", "fault", "slow"]
    fired = next(line for line in trace.out.splitlines() if line.startswith("Fault "))
    assert fired.split(maxsplit=1)[1] == "slow (latency), match 1: waited 20 ms before the request"


async def test_rules_are_replaced_only_where_that_is_said(desk: Desk) -> None:
    one = desk.write("one.json", json.dumps({"name": "slow", "effect": {"kind": "unavailable"}}))
    rules = [{"name": "other", "effect": {"kind": "latency", "delay_ms": 1}}, yaml.safe_load(SLOW)]
    several = desk.write("several.yaml", yaml.safe_dump(rules))
    await desk.fault("add", one)

    taken = await desk.fault("add", several)
    untouched = await desk.names()
    replaced = await desk.fault("add", several, "--replace")

    assert (taken.code, taken.err) == (
        1,
        "error: in force already: slow; --replace replaces it\n",
    )
    assert untouched == ["slow"]
    assert (replaced.code, replaced.out) == (0, "In force: other, slow.\n")
    assert await desk.send() == 200


async def test_rules_come_from_standard_input(desk: Desk) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ssp_emulator", "fault", "add", "-", "--json"),
        cwd=desk.folder,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate(yaml.safe_dump(OUTAGE).encode())

    assert (process.returncode, err) == (0, b"")
    assert [rule["name"] for rule in json.loads(out)["faults"]] == ["off"]
    assert await desk.send() == 503


async def test_a_scenario_is_applied_alone_or_beside_others_and_all_is_cleared(desk: Desk) -> None:
    await desk.fault("add", desk.write("slow.yaml", SLOW))

    listed = await desk.fault("scenarios")
    applied = await desk.fault("apply", "outage")
    alone = await desk.fault("apply", "outage", "--only")
    status = await desk.send()
    unknown = await desk.fault("apply", "nowhere")
    cleared = await desk.fault("clear")

    assert [line.split() for line in listed.out.splitlines()] == [
        ["Scenario", "Description", "Rules"],
        ["outage", "Nothing", "answers", "off"],
    ]
    assert (applied.out, alone.out) == ("In force now: slow, off.\n", "In force now: off.\n")
    assert status == 503
    assert (unknown.code, unknown.err) == (
        1,
        "error: there is no scenario 'nowhere' in config/scenarios; these are: outage\n",
    )
    assert (cleared.code, cleared.out) == (0, "Lifted 1 rule.\n")
    assert await desk.send() == 200


NEGATIVE = {"name": "x", "effect": {"kind": "latency", "delay_ms": -1}}
BAD = [
    (
        "name: x\neffect:\n  kind: latencey\n",
        "bad.yaml:3: effect.kind: there is no 'latencey'; did you mean latency?",
    ),
    (
        "name: x\neffect:\n  kind: latency\n  delay_ms: -1\n",
        "bad.yaml:4: effect.delay_ms: should be greater than or equal to 0, found -1",
    ),
    (
        "name: x\nwhen:\n  probability: 1.2\neffect: {kind: latency, delay_ms: 1}\n",
        "bad.yaml:3: when.probability: should be less than or equal to 1, found 1.2",
    ),
    (
        "- name: good\n  effect: {kind: latency, delay_ms: 1}\n- name: x\n  effect: {kind: latency, delay_ms: -1}\n",
        "bad.yaml:4: [1].effect.delay_ms: should be greater than or equal to 0, found -1",
    ),
    (
        "name: x\neffect:\n  kind: body\n  file: nowhere.json\n",
        "bad.yaml:4: effect.file: cannot read nowhere.json: no such file",
    ),
    ("name: x\nname: y\n", "bad.yaml:2: name: stands twice; keep one"),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=["kind", "delay", "probability", "second", "body file", "twice"])
async def test_a_bad_file_is_refused_by_line_and_changes_nothing(desk: Desk, text: str, message: str) -> None:
    path = desk.write("bad.yaml", text)

    here = await desk.fault("add", path)
    there = await desk.fault("add", path, "--admin", desk.url, "--config", "nowhere.yaml")

    for ended in (here, there):
        assert (ended.code, ended.out, ended.err) == (2, "", f"error: {message}\n")
    assert await desk.names() == []


async def test_a_file_that_a_rule_names_is_looked_for_in_the_emulators_folder(desk: Desk) -> None:
    (desk.folder / "config" / "scenarios" / "other.txt").write_text("another body")
    rule = {"name": "other", "effect": {"kind": "body", "file": "other.txt"}}

    here = await desk.fault("add", desk.write("other.json", json.dumps(rule)))
    there = await desk.fault("add", "other.json", "--replace", "--admin", desk.url, "--config", "nowhere.yaml")

    assert (here.code, there.code) == (0, 0), here.err + there.err


async def test_a_bad_scenario_is_refused_by_line_and_changes_nothing(desk: Desk) -> None:
    write_scenarios(desk.folder, {**OUTAGE, "name": "bad", "rules": [NEGATIVE]})
    said = "config/scenarios/bad.yaml:5: rules[0].effect.delay_ms: should be greater than or equal to 0, found -1"

    refused = await desk.fault("apply", "bad", "--only")
    listed = await desk.fault("scenarios")
    checked = await ours(desk.folder, "check")

    assert (refused.code, refused.out, refused.err) == (1, "", f"error: {said}\n")
    assert (listed.code, listed.err, "outage" in listed.out) == (0, f"error: {said}\n", True)
    assert (checked.code, checked.out, checked.err) == (2, "", f"error: {said}\n")
    assert await desk.names() == []


async def test_without_an_emulator_it_says_how_to_start_one(tmp_path: Path, certificates: CertificateFolder) -> None:
    setup.write(tmp_path / "config", certificates, 9)
    (tmp_path / "slow.yaml").write_text(SLOW)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        where = f"127.0.0.1:{listening.getsockname()[1]}"
    set_admin(tmp_path, listen=where)

    for arguments in (["list"], ["add", "slow.yaml"], ["clear"], ["apply", "x"], ["scenarios"]):
        ended = await ours(tmp_path, "fault", *arguments)

        assert (ended.code, ended.out) == (1, "")
        assert ended.err == (
            f"error: no emulator answers at http://{where}: connection refused; start one with `ssp-emulator up`\n"
        )


async def test_an_emulator_with_a_token_is_asked_with_it(tmp_path: Path, certificates: CertificateFolder) -> None:
    setup.write(tmp_path / "config", certificates, 9, admin={"listen": "0.0.0.0:0", "token": "token"})
    (tmp_path / "config" / "token").write_text(TOKEN)
    (tmp_path / "config" / "other").write_text(TOKEN[::-1])
    async with started(tmp_path, "up") as emulator:
        url = await second_line(emulator)
        set_admin(tmp_path, listen=url.removeprefix("Admin API: http://"))
        let_in = await ours(tmp_path, "fault", "list")
        set_admin(tmp_path, token="other")
        refused = await ours(tmp_path, "fault", "list")
        ended = await emulator.end()

    assert (let_in.code, let_in.out) == (0, "No fault rule is in force.\n")
    assert (refused.code, refused.err) == (1, "error: this is not the token\n")
    assert TOKEN not in ended.out + ended.err


async def test_up_says_where_the_admin_api_is_and_which_rules_are_in_force(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    faults = {"scenarios": ["outage"], "rules": [yaml.safe_load(SLOW)]}
    setup.write(tmp_path / "config", certificates, 9, faults=faults)
    write_scenarios(tmp_path, OUTAGE)
    async with started(tmp_path, "up") as emulator:
        ended = await emulator.end()

    admin, directory, rules = ended.out.splitlines()
    assert emulator.ready.startswith("Emulator ready: https://127.0.0.1:")
    assert admin.startswith("Admin API: http://127.0.0.1:")
    assert directory.startswith("SDS: http://127.0.0.1:")
    assert rules == "Fault rules in force: slow, off"
    assert ended.code == 0


async def test_up_says_nothing_of_an_admin_api_or_a_directory_that_there_is_not(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    setup.write(tmp_path / "config", certificates, 9, admin={"listen": None}, sds={"listen": None})
    async with started(tmp_path, "up") as emulator:
        ended = await emulator.end()

    assert (ended.code, ended.out) == (0, "")


@pytest.mark.parametrize("command", ["up", "check"])
@pytest.mark.parametrize(
    ("admin", "line", "message"),
    [
        (
            {"listen": "0.0.0.0:0"},
            "  listen: 0.0.0.0:0",
            f"admin.listen: 0.0.0.0 {BEYOND}",
        ),
        (
            {"token": "."},
            "  token: .",
            "admin.token: cannot read config: it should be a file",
        ),
    ],
)
async def test_an_admin_api_that_cannot_be_as_it_is_configured(
    tmp_path: Path, certificates: CertificateFolder, command: str, admin: dict[str, str], line: str, message: str
) -> None:
    path = setup.write(tmp_path / "config", certificates, 9, admin=admin)
    number = path.read_text().splitlines().index(line) + 1

    ended = await ours(tmp_path, command)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error: config/emulator.yaml:{number}: {message}\n"
    assert not (tmp_path / "config" / "audit").exists()


async def test_a_port_that_is_taken(tmp_path: Path, certificates: CertificateFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        where = f"127.0.0.1:{other.getsockname()[1]}"
        path = setup.write(tmp_path / "config", certificates, 9, admin={"listen": where})
        number = path.read_text().splitlines().index(f"  listen: {where}") + 1

        ended = await ours(tmp_path, "up")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"error: config/emulator.yaml:{number}: admin.listen: {where} is in use; stop what listens there, or name "
        "another port\n"
    )
    assert not (tmp_path / "config" / "audit").exists()


async def test_check_counts_the_scenarios(tmp_path: Path, certificates: CertificateFolder) -> None:
    setup.write(tmp_path / "config", certificates, 9)
    write_scenarios(tmp_path, OUTAGE, {**OUTAGE, "name": "another"})

    ended = await ours(tmp_path, "check")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "config/emulator.yaml: valid; 4 systems in the registry, 2 fault scenarios.\n"


async def test_curl_sees_what_the_api_documents(desk: Desk) -> None:
    body = json.dumps({"effect": {"kind": "latency", "delay_ms": -1}})
    put = ["-X", "PUT", "-H", "Content-Type: application/json", "-d", body]
    ended = await run(desk.folder, "curl", "-s", "-i", "--noproxy", "*", *put, f"{desk.url}/api/v1/faults/x")

    head, _, said = ended.out.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 422 Unprocessable")
    assert "Content-Type: application/problem+json" in head
    assert json.loads(said)["errors"] == [
        {"key": "effect.delay_ms", "message": "should be greater than or equal to 0, found -1"}
    ]
