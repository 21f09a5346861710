"""`ssp-emulator diagnose` as a user runs it, whatever is broken; what it must never say, it does not say."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import select
import socket
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support import setup, walls
from support.processes import Finished, ours, run, started

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Bench

    from ssp_emulator.pki.folder import CertificateFolder

PATIENCE_S = 20.0
LINE = re.compile(r"  (ok     |warning|problem)  \S.*\Z")
TOPICS = [
    "versions",
    "configuration",
    "certificates",
    "listeners",
    "providers",
    "running emulator",
    "clock",
    "disk",
    "limits",
    "audit trail",
]


def read(path: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(path.read_text())
    return made


def problems(said: dict[str, Any]) -> list[str]:
    findings = (each for section in said["sections"] for each in section["findings"])
    return [each["what"] for each in findings if each["level"] == "problem"]


def topic(said: dict[str, Any], name: str) -> dict[str, Any]:
    return next(section for section in said["sections"] if section["name"] == name)


def must_be_whole(ended: Finished) -> None:
    """A report has every topic, and one line a finding."""
    assert "Traceback" not in ended.err
    *lines, last, written = ended.out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == TOPICS
    assert [line for line in lines if line.startswith(" ") and not LINE.match(line)] == []
    assert re.fullmatch(r"\d+ problems, \d+ warnings", last)
    assert written.startswith("Written to ")


async def test_where_all_is_well(bench: Bench) -> None:
    ended = await ours(bench.folder, "diagnose")

    # `port 0` of the configuration names no listener that could be asked
    said = read(bench.folder / "diagnose.json")
    assert (ended.code, ended.err, problems(said)) == (0, "", [])
    must_be_whole(ended)
    assert said["diagnosis"] == 1
    (tried,) = topic(said, "providers")["facts"]["tried"]
    assert tried["host"] == "gp.example.nhs.uk"
    assert tried["protocol"].startswith("TLSv1.")
    assert stat.S_IMODE((bench.folder / "diagnose.json").stat().st_mode) == 0o600


async def test_json_goes_to_standard_output_and_to_no_file(tmp_path: Path, certificates: CertificateFolder) -> None:
    setup.write(tmp_path / "config", certificates, 9)

    ended = await ours(tmp_path, "diagnose", "--json")
    both = await ours(tmp_path, "diagnose", "--json", "--output", "there.json")

    said = json.loads(ended.out)
    assert (ended.code, ended.err) == (1, "")
    assert [section["name"] for section in said["sections"]] == TOPICS
    (problem,) = problems(said)
    assert problem == "gp.example.nhs.uk at 127.0.0.1:9: no connection: connection refused"
    assert [path.name for path in tmp_path.glob("*.json")] == ["there.json"]
    assert json.loads(both.out)["problems"] == read(tmp_path / "there.json")["problems"] == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "config/emulator.yaml: cannot be read: no such file or directory"),
        ("proxy: [", "config/emulator.yaml:2: not YAML: "),
        ("proxy: {listen: 3}\nworkers: many\n", "config/emulator.yaml:1: proxy.listen: should be text"),
    ],
    ids=["missing", "no YAML", "no sense"],
)
async def test_a_configuration_that_cannot_be_used(tmp_path: Path, text: str | None, problem: str) -> None:
    if text is not None:
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "emulator.yaml").write_text(text)

    ended = await ours(tmp_path, "diagnose")

    assert (ended.code, ended.err) == (1, "")
    must_be_whole(ended)
    assert any(each.startswith(problem) for each in problems(read(tmp_path / "diagnose.json")))


async def test_where_nothing_may_be_read(tmp_path: Path, certificates: CertificateFolder) -> None:
    setup.write(tmp_path / "config", certificates, 9)
    (tmp_path / "config" / "audit").mkdir(mode=0)
    (tmp_path / "config" / "registry.yaml").chmod(0)

    ended = await run(tmp_path, *walls.unprivileged(), sys.executable, "-m", "ssp_emulator", "diagnose")
    (tmp_path / "config" / "audit").chmod(0o700)

    assert ended.code == 1
    must_be_whole(ended)
    said = " | ".join(problems(read(tmp_path / "diagnose.json")))
    assert "config/registry.yaml: cannot be read: permission denied" in said
    assert "audit.journal: config/audit cannot be written" in said
    assert "journal.jsonl cannot be read: permission denied" in said


@pytest.mark.parametrize("output", ["nowhere/x.json", "config"])
async def test_a_file_that_cannot_be_written_is_bad_usage(
    tmp_path: Path, certificates: CertificateFolder, output: str
) -> None:
    setup.write(tmp_path / "config", certificates, 9)

    ended = await ours(tmp_path, "diagnose", "--output", output)

    assert ended.code == 2
    assert output in ended.err
    assert "Traceback" not in ended.err


def whole(descriptor: int) -> bytes:
    """Read a JSON object, to the line that ends it, or until nothing comes."""
    text = b""
    while not text.endswith(b"\n}\n") and select.select([descriptor], [], [], PATIENCE_S)[0]:
        text += os.read(descriptor, 4096)
    return text


async def test_where_its_own_output_goes_no_file_is_put(tmp_path: Path, certificates: CertificateFolder) -> None:
    setup.write(tmp_path / "config", certificates, 9)
    link = tmp_path / "stdout"
    link.symlink_to("/proc/self/fd/1")  # as /dev/stdout is
    command = f"{sys.executable} -m ssp_emulator diagnose --output stdout > report.txt"
    ended = await run(tmp_path, "sh", "-c", command)

    said = "error: stdout is where this command writes already; --json prints the report alone\n"
    assert (ended.code, ended.err) == (2, said)
    assert link.is_symlink()
    assert (tmp_path / "report.txt").read_text().startswith("versions\n")


async def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path, certificates: CertificateFolder) -> None:
    setup.write(tmp_path / "config", certificates, 9)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    unread = await ours(tmp_path, "diagnose", "--output", "pipe")
    reading = os.open(pipe, os.O_RDWR)
    try:
        fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, 4096)  # less than is written
        read_from = asyncio.create_task(asyncio.to_thread(whole, reading))
        ended = await ours(tmp_path, "diagnose", "--output", "pipe")
        written = await read_from
    finally:
        os.close(reading)

    assert len(written) > 4096
    assert (unread.code, unread.err) == (
        2,
        "error: pipe cannot be written: no such device or address; name another file with --output\n",
    )
    assert (ended.code, json.loads(written)["diagnosis"]) == (1, 1)
    assert pipe.is_fifo()


async def test_a_port_that_another_process_has_is_told_with_its_name(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        listening = {"proxy": {"listen": f"127.0.0.1:{port}"}, "sds": {"listen": "127.0.0.1:0"}}
        setup.write(tmp_path / "config", certificates, 9, **listening)
        ended = await ours(tmp_path, "diagnose")

    said = read(tmp_path / "diagnose.json")
    assert ended.code == 1
    (taken,) = [each for each in problems(said) if each.startswith("proxy.listen")]
    assert re.fullmatch(rf"proxy\.listen: 127\.0\.0\.1:{port} is taken by .+ \(pid {os.getpid()}\)", taken)


async def test_no_secret_is_told(tmp_path: Path, certificates: CertificateFolder) -> None:
    private = certificates.consumer.key.read_text()
    body = private.splitlines()
    token, inline = "a-token-of-the-admin-api-1", "a-token-that-was-written-in-2"
    planted = [*body[1:-1], token, inline, "pa55word", "0ther-pass", "from-the-environment-3", "Zm9vYmFyYmF6"]
    (tmp_path / "token").write_text(f"{token}\n")
    settings = {
        "admin": {"listen": "127.0.0.1:0", "token": "../token"},
        "sds": {"listen": "127.0.0.1:0"},
        "cors": {"origins": ["https://app.example.nhs.uk"]},
        "faults": {
            "rules": [
                {
                    "name": "a-rule",
                    "match": {"path": "*pa55word*"},
                    "effect": {"kind": "headers", "set": {"X-Key": "Zm9vYmFyYmF6"}},
                }
            ]
        },
    }
    config = tmp_path / "config"
    variants: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (settings, {}),
        ({**settings, "faults": {}, "admin": {"listen": "127.0.0.1:0", "token": inline}}, {}),
        ({**settings, "faults": {}, "registry": "https://user:pa55word@host/registry.yaml"}, {}),
        ({**settings, "faults": {}, "proxy": {"listen": "https://user:0ther-pass@host:1"}}, {}),
        ({**settings, "faults": {}, "proxy": {"listen": private}}, {}),
        ({**settings, "faults": {}, "log": {"level": body[1]}}, {}),
        ({**settings, "faults": {}}, {"token_key": private}),
        ({**settings, "faults": {}}, {"fqdn": private}),
        ({**settings, "faults": {}}, {"party_key": body[1]}),
        ({**settings, "faults": {}}, {"fqdn": token}),
    ]
    environment = ("env", "SSP_EMULATOR_ADMIN_TOKEN=from-the-environment-3")
    for changes, of_system in variants:
        setup.write(config, certificates, 9, **changes)
        registry = setup.registry(9)
        registry["systems"][0].update(of_system)
        (config / "registry.yaml").write_text(yaml.safe_dump(registry, sort_keys=False))

        ended = await run(tmp_path, *environment, sys.executable, "-m", "ssp_emulator", "diagnose")

        must_be_whole(ended)
        everything = ended.out + ended.err + (tmp_path / "diagnose.json").read_text()
        assert [secret for secret in planted if secret in everything] == [], (changes, of_system)
        assert "SSP_EMULATOR_ADMIN_TOKEN" in everything


async def test_a_running_emulator_and_what_it_listens_on_are_known(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    path = setup.write(tmp_path / "config", certificates, 9)
    async with started(tmp_path, "up") as emulator:
        assert emulator.process.stdout is not None
        admin = int((await emulator.process.stdout.readline()).decode().rpartition(":")[2])
        directory = int((await emulator.process.stdout.readline()).decode().split(":")[3].partition("/")[0])
        settings = yaml.safe_load(path.read_text())
        settings["proxy"]["listen"] = f"127.0.0.1:{emulator.port}"
        settings["admin"]["listen"] = f"127.0.0.1:{admin}"
        settings["sds"]["listen"] = f"127.0.0.1:{directory}"
        path.write_text(yaml.safe_dump(settings))
        ended = await ours(tmp_path, "diagnose")

    said = read(tmp_path / "diagnose.json")
    assert ended.code == 1  # its provider is not there
    facts = topic(said, "listeners")["facts"]
    assert {key: facts[key]["state"] for key in facts} == dict.fromkeys(
        ("proxy.listen", "admin.listen", "sds.listen"), "ours"
    )
    assert facts["proxy.listen"]["held_by"] == f"ssp-emulator (pid {emulator.process.pid})"
    assert topic(said, "running emulator")["facts"]["running"] is True
    assert abs(topic(said, "running emulator")["facts"]["clock_apart_s"]) < 5
    assert topic(said, "audit trail")["facts"]["chains"]["0"]["last"] == 0  # nothing of it is in the trail
