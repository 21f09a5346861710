"""The commands as a user meets them: demo, send, token and audit, against processes that really run."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import sys
from typing import TYPE_CHECKING

import jwt
import pytest
import yaml
from support import setup
from support.ports import free_port
from support.processes import ours

from ssp_emulator import checks
from ssp_emulator.demo.provider.dataset import DATASET

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Bench

    from ssp_emulator.pki.folder import CertificateFolder

DOCUMENT = "07a6483f-732b-461e-86b6-edb665c45510"
READ = "documents:fhir:rest:read:binary-1"


async def test_the_demo_shows_the_document_and_its_trail_and_stops_everything(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    port = free_port()
    path = setup.write(tmp_path / "config", certificates, port)
    settings = yaml.safe_load(path.read_text())
    settings["certificates"] = str(certificates.root)
    path.write_text(yaml.safe_dump(settings))

    letter = DATASET.file(DOCUMENT)
    assert letter is not None

    ended = await ours(tmp_path, "demo")

    assert ended.code == 0, ended.err
    assert ended.err == ""
    assert "content type  application/msword" in ended.out
    assert "size          3559 bytes" in ended.out
    assert f"SHA-256       {hashlib.sha256(b''.join(letter.content.chunks())).hexdigest()}" in ended.out
    for name in checks.NAMES:
        result = "skipped" if name in ("rate", "media") else "pass"
        assert any(line.split()[:2] == [name, result] for line in ended.out.splitlines()), name
    with socket.create_server(("127.0.0.1", port)):
        pass  # nobody holds the provider's port any more


async def test_the_demo_says_why_it_did_not_happen(tmp_path: Path, certificates: CertificateFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        setup.write(tmp_path / "config", certificates, other.getsockname()[1])

        ended = await ours(tmp_path, "demo")

    assert ended.code == 1
    assert ended.err.startswith("error: `provider` did not start: error: cannot listen on 127.0.0.1:")
    assert len(ended.err.splitlines()) == 1


async def test_send_retrieves_a_document_into_a_file(bench: Bench) -> None:
    proxy = ["--proxy", f"localhost:{bench.emulator.port}"]

    ended = await ours(bench.folder, "send", READ, "--id", DOCUMENT, *proxy, "--output", "letter.json")

    assert ended.code == 0, ended.err
    assert "200 OK" in ended.err
    assert json.loads((bench.folder / "letter.json").read_text())["id"] == DOCUMENT


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["documents:fhir:rest:read:metadata-1"], "CapabilityStatement"),
        (["documents:fhir:rest:search:patient-1", "--nhs-number", "9991230017"], "Bundle"),
        ([f"{setup.DOCUMENTS}fhir:rest:migrate:binary-1", "--id", DOCUMENT], "Binary"),
    ],
)
async def test_send_speaks_every_interaction_of_the_registry(bench: Bench, arguments: list[str], kind: str) -> None:
    ended = await ours(bench.folder, "send", *arguments, "--json", "--proxy", f"localhost:{bench.emulator.port}")

    said = json.loads(ended.out)
    assert (ended.code, said["status"]) == (0, 200), ended.out
    assert json.loads(said["body"])["resourceType"] == kind


async def test_send_finds_a_patients_documents(bench: Bench) -> None:
    proxy = ["--json", "--proxy", f"localhost:{bench.emulator.port}"]
    found = await ours(
        bench.folder, "send", "documents:fhir:rest:search:patient-1", "--nhs-number", "9991230017", *proxy
    )
    (entry,) = json.loads(json.loads(found.out)["body"])["entry"]

    ended = await ours(
        bench.folder, "send", "documents:fhir:rest:search:documentreference-1", "--id", entry["resource"]["id"], *proxy
    )

    kinds = [each["resource"]["resourceType"] for each in json.loads(json.loads(ended.out)["body"])["entry"]]
    assert "DocumentReference" in kinds


async def test_send_exits_1_on_a_refusal_and_shows_it(bench: Bench) -> None:
    proxy = ["--proxy", f"localhost:{bench.emulator.port}"]

    ended = await ours(bench.folder, "send", READ, "--id", DOCUMENT, "--from", setup.OTHER_CONSUMER, *proxy)

    assert ended.code == 1
    assert "403 Forbidden" in ended.err
    assert f"FOT_CHECK_FAILED_MESSAGESENDER_{setup.OTHER_CONSUMER}" in ended.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([READ], "asks for /Binary/{id}: say which with --id"),
        (["nonsense"], "nonsense is not a known interaction"),
        ([READ, "--id", "1", "--from", "999999999999"], "999999999999 is the ASID of no system in the registry"),
        ([READ, "--id", "1", "--cert", "x.crt"], "--cert and --key go together"),
        ([READ, "--id", "1", "--proxy", "here"], 'should be "host:port"'),
        ([READ, "--id", "1", "--sds", "localhost:1"], "--sds goes with --via-sds"),
        ([READ, "--id", "1", "--via-sds"], "is any free port: say with --sds which"),
        ([READ, "--id", "1", "--via-sds", "--sds", "here"], '--sds: should be "host:port"'),
    ],
)
async def test_send_says_what_is_wrong_with_its_usage(bench: Bench, arguments: list[str], message: str) -> None:
    ended = await ours(bench.folder, "send", *arguments)

    assert ended.code == 2
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1


async def test_send_without_an_emulator_fails_in_one_line(bench: Bench) -> None:
    ended = await ours(bench.folder, "send", READ, "--id", "1", "--proxy", f"127.0.0.1:{free_port()}")

    assert ended.code == 1
    assert ended.err.startswith("error: the proxy at 127.0.0.1:")
    assert len(ended.err.splitlines()) == 1


async def test_token_is_fresh_unsigned_and_for_one_interaction(bench: Bench) -> None:
    ended = await ours(bench.folder, "token", "--interaction", "documents:fhir:rest:read:metadata-1")

    text = ended.out.strip()
    claims = jwt.decode(text, options={"verify_signature": False})
    assert text.endswith(".")
    assert jwt.get_unverified_header(text)["alg"] == "none"
    assert claims["requested_scope"] == "organization/*.read"
    assert claims["aud"] == setup.ROOT
    assert claims["exp"] - claims["iat"] == 300


async def test_audit_shows_a_trace_and_names_one_that_is_not_there(bench: Bench) -> None:
    sent = await ours(
        bench.folder, "send", READ, "--id", "nothing", "--json", "--proxy", f"localhost:{bench.emulator.port}"
    )
    trace_id = json.loads(sent.out)["trace_id"]

    listed = await ours(bench.folder, "audit", "list")
    shown = await ours(bench.folder, "audit", "show", trace_id.upper())
    as_json = json.loads((await ours(bench.folder, "audit", "show", trace_id, "--json")).out)
    missing = await ours(bench.folder, "audit", "show", "00000000-0000-4000-8000-000000000000")

    assert trace_id in listed.out
    assert "answered 404" in shown.out
    (exchange,) = as_json["exchanges"]
    assert exchange["provider"]["status"] == 404
    assert exchange["explanation"]["remedy"].startswith("Read the OperationOutcome in the answer: ")
    assert f"What to change: {exchange['explanation']['remedy']}" in shown.out.splitlines()
    assert missing.code == 1
    assert missing.err.startswith("error: no request with the trace ID 00000000-0000-4000-8000-000000000000 is in ")


async def test_the_log_names_the_trace_and_holds_neither_token_nor_query(bench: Bench) -> None:
    proxy = f"localhost:{bench.emulator.port}"
    sent = await ours(
        bench.folder, "send", "documents:fhir:rest:search:patient-1", "--nhs-number", "9991230017", "--json",
        "--proxy", proxy,
    )  # fmt: skip

    ended = await bench.emulator.end()

    assert ended.code == 0
    assert json.loads(sent.out)["trace_id"] in ended.err
    assert "9991230017" not in ended.err
    assert "Bearer" not in ended.err
    assert "eyJ" not in ended.err


async def test_a_log_that_nobody_reads_stops_no_request(tmp_path: Path, certificates: CertificateFolder) -> None:
    (tmp_path / "certs").symlink_to(certificates.root)
    setup.write(tmp_path / "config", certificates, free_port())
    reading, writing = os.pipe()
    emulator = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ssp_emulator", "up"), cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=writing
    )
    os.close(reading)
    os.close(writing)
    assert emulator.stdout is not None
    port = int((await emulator.stdout.readline()).decode().rpartition(":")[2])

    for _ in range(3):
        seen = await ours(tmp_path, "send", READ, "--id", "1", "--proxy", f"localhost:{port}")
        assert "502 Bad Gateway" in seen.err
    emulator.terminate()

    assert await emulator.wait() == 0
    trail = json.loads((await ours(tmp_path, "audit", "list", "--json")).out)["exchanges"]
    assert [record["status"] for record in trail] == [502, 502, 502]


async def test_what_a_consumer_chose_to_send_moves_no_cursor(bench: Bench) -> None:
    target = "/x\x1b[31m"
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.emulator.port)
    writer.write(f"BREW {target} HTTP/1.1\r\nHost: x\r\nSsp-TraceID: evil\x9b\r\n\r\n".encode("latin-1"))
    await reader.read()
    writer.close()

    listed = await ours(bench.folder, "audit", "list")
    as_json = await ours(bench.folder, "audit", "list", "--json")

    assert listed.code == as_json.code == 0, listed.err + as_json.err
    assert "\x1b" not in listed.out + as_json.out
    assert "\\x1b" in listed.out
    assert json.loads(as_json.out)["exchanges"][0]["target"] == target.removeprefix("/")
