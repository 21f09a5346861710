"""The use case with a real curl, by the README's own command, and what curl sees when something is wrong."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.processes import Finished, ours, run

if TYPE_CHECKING:
    from conftest import Bench

README = Path(__file__).parents[2] / "README.md"
PROGRAM = Path(sys.executable).parent / "ssp-emulator"
DOCUMENT = "07a6483f-732b-461e-86b6-edb665c45510"
TRACE_ID = "629ea9ba-a077-4d99-b289-7a9b19fd4e03"


async def test_the_readmes_curl_retrieves_the_document_as_the_provider_sent_it(bench: Bench) -> None:
    (command,) = re.findall(r"```sh\n(curl --cacert .*?)```", README.read_text(), re.DOTALL)
    command = command.replace("localhost:8443", f"localhost:{bench.emulator.port}")
    command = command.replace(".venv/bin/ssp-emulator", str(PROGRAM))

    through = await run(bench.folder, "bash", "-c", f"curl --silent --show-error {command.removeprefix('curl ')}")
    direct = await curl(bench, "--silent", *as_the_proxy(bench), *headers(await token(bench)), direct_url(bench))

    assert (through.code, direct.code) == (0, 0), through.err
    assert json.loads(through.out)["id"] == DOCUMENT
    assert through.out == direct.out
    (record,) = await trail(bench)
    assert record["status"] == 200
    assert {check["result"] for check in record["checks"]} == {"pass", "skipped"}


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        (None, "496", "SSL_CERTIFICATE_REQUIRED"),
        ("expired", "495", "SSL_CERTIFICATE_ERROR_EXPIRED"),
        ("not-yet-valid", "495", "SSL_CERTIFICATE_ERROR_NOT_YET_VALID"),
        ("untrusted", "495", "SSL_CERTIFICATE_ERROR_UNTRUSTED_ISSUER"),
        ("revoked", "495", "SSL_CERTIFICATE_ERROR_REVOKED"),
        ("wrong-fqdn", "495", "SSL_CERTIFICATE_ERROR_FQDN_MISMATCH"),
    ],
)
async def test_curl_without_a_good_certificate(bench: Bench, name: str | None, status: str, text: str) -> None:
    shown = [] if name is None else ["--cert", f"certs/invalid/{name}.crt", "--key", f"certs/invalid/{name}.key"]
    url = f"https://localhost:{bench.emulator.port}/{setup.ROOT}/Binary/{DOCUMENT}"

    seen = await curl(
        bench, "--silent", "--cacert", "certs/ca/chain.pem", *shown, *headers(await token(bench)), *STATUS, url
    )

    body, _, code = seen.out.rpartition("\n")
    assert code == status
    assert json.loads(body)["issue"][0]["diagnostics"] == text
    (record,) = await trail(bench)
    assert (record["trace_id"], str(record["status"])) == (TRACE_ID, status)


async def test_curl_over_plain_http(bench: Bench) -> None:
    seen = await curl(bench, "--silent", *STATUS, f"http://localhost:{bench.emulator.port}/")

    body, _, code = seen.out.rpartition("\n")
    assert code == "497"
    assert json.loads(body)["issue"][0]["diagnostics"] == "HTTP_REQUEST_SENT_TO_HTTPS_PORT"
    (record,) = await trail(bench)
    assert (record["status"], record["client"]["tls"]) == (497, None)


STATUS = ("--write-out", "\n%{http_code}")


async def curl(bench: Bench, *arguments: str) -> Finished:
    return await run(bench.folder, "curl", *arguments)


async def token(bench: Bench) -> str:
    return (await ours(bench.folder, "token")).out.strip()


async def trail(bench: Bench) -> list[dict[str, Any]]:
    return json.loads((await ours(bench.folder, "audit", "list", "--json")).out)["exchanges"]


def headers(fresh: str) -> list[str]:
    values = {
        "Accept": "application/fhir+json;charset=utf-8",
        "Ssp-TraceID": TRACE_ID,
        "Ssp-From": setup.CONSUMER,
        "Ssp-To": setup.PROVIDER,
        "Ssp-InteractionID": setup.READ_BINARY,
        "Authorization": f"Bearer {fresh}",
    }
    return [part for name, value in values.items() for part in ("--header", f"{name}: {value}")]


def as_the_proxy(bench: Bench) -> list[str]:
    where = f"gp.example.nhs.uk:443:127.0.0.1:{bench.provider.port}"
    shown = ["--cert", "certs/ssp/client.crt", "--key", "certs/ssp/client.key"]
    return ["--cacert", "certs/ca/chain.pem", *shown, "--connect-to", where]


def direct_url(_: Bench) -> str:
    return f"{setup.ROOT}/Binary/{DOCUMENT}"
