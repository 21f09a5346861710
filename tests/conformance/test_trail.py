"""The audit trail: for every request that reached the port, each field that it has to have, and that it is true.

What a record says of a certificate is held against the `openssl` tool, and of a token against PyJWT.

Source: Spine Core SSP implementation guide, "Auditing"; GP Connect 1.6.2, "Cross-organisation audit and provenance";
National Record Locator, "Auditing".
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from support import setup
from support.processes import run
from support.running import running

from ssp_emulator import checks

if TYPE_CHECKING:
    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder, KeyPair

GUID = "629ea9ba-a077-4d99-b289-7a9b19fd4e03"
QUERY = "?identifier=https://fhir.nhs.uk/Id/nhs-number%7C9000000009"
URL = f"{setup.ROOT}/Patient{QUERY}"
VARYING = ("time", "timings_ms", "checks", "client", "advisories")
FIRST = {"sequence": 1, "previous": "0" * 64, "worker": 0, "gap": None, "service": "proxy"}
NOT_ASKED_FOR = {"token": None, "bodies": None}


async def certificate_by_openssl(pair: KeyPair, folder: Path) -> dict[str, str]:
    """Return what the openssl tool says of a certificate, in the words of a record."""
    what = ["-subject", "-issuer", "-serial", "-fingerprint", "-sha256", "-nameopt", "RFC2253"]
    said = (await run(folder, "openssl", "x509", "-noout", *what, "-in", str(pair.certificate))).out
    told = dict(line.split("=", 1) for line in said.splitlines())
    return {
        "subject": told["subject"],
        "issuer": told["issuer"],
        "serial": told["serial"].lower().lstrip("0"),
        "sha256": told["sha256 Fingerprint"].lower().replace(":", ""),
    }


def claims_by_pyjwt(token: str) -> dict[str, Any]:
    """Return what a GP Connect token says, in the words of a record."""
    said = jwt.decode(token, options={"verify_signature": False})
    practitioner = {each["system"]: each["value"] for each in said["requesting_practitioner"]["identifier"]}
    device = said["requesting_device"]
    return {
        "dialect": "gp-connect-1",
        "user": practitioner["https://fhir.nhs.uk/Id/sds-user-id"],
        "role": practitioner["https://fhir.nhs.uk/Id/sds-role-profile-id"],
        "organisation": said["requesting_organization"]["identifier"][0]["value"],
        "device": f"{device['model']} {device['version']}",
        "reason": said["reason_for_request"],
        "scope": said["requested_scope"],
    }


def steady(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in VARYING}


async def test_a_request_that_was_answered_is_told_whole_and_truly(
    ssp: Running, provider: StubProvider, tmp_path: Path
) -> None:
    token, wire = ssp.token(), await ssp.wire()
    provider.answer = b"HTTP/1.1 404 None\r\nContent-Length: 4\r\n\r\nnone"

    await wire.ask(ssp.request(target=f"/{URL}", Ssp_TraceID=GUID, Authorization=f"Bearer {token}"))

    record = ssp.record()
    host, port = wire.writer.get_extra_info("sockname")
    suite, protocol, _ = wire.writer.get_extra_info("cipher")
    certificate = record["client"].pop("certificate")
    assert certificate.pop("names") == ["consumer.example.nhs.uk"]
    assert certificate == await certificate_by_openssl(ssp.certificates.consumer, tmp_path)
    assert record["client"] == {"address": f"{host}:{port}", "tls": protocol, "cipher": suite, "request": 1}
    assert steady(record) == {
        **FIRST,
        "trace_id": GUID,
        "from": {"asid": setup.CONSUMER, "ods": "A1001"},
        "to": {"asid": setup.PROVIDER, "ods": "A20047"},
        "interaction": setup.READ_BINARY,
        "method": "GET",
        "target": URL,
        "claims": claims_by_pyjwt(token),
        "denial": None,
        "faults": [],
        "provider": {
            "address": f"127.0.0.1:{provider.port}",
            "reused": False,
            "status": 404,
            "error": None,
            "bytes_sent": len(provider.received[0].head),
            "bytes_received": len(provider.answer),
        },
        "status": 404,
        "broken_off": False,
        "bytes": {"from_consumer": 0, "to_consumer": 4},
        "notes": [],
        **NOT_ASKED_FOR,
    }
    assert [verdict["check"] for verdict in record["checks"]] == list(checks.NAMES)
    assert {verdict["result"] for verdict in record["checks"]} <= {"pass", "skipped"}
    assert all(verdict["found"] for verdict in record["checks"])


@pytest.mark.parametrize(
    ("shown", "reason"),
    [("plain HTTP", "plain-http"), (None, "certificate-required"), ("expired", "certificate-error")],
)
async def test_a_request_that_failed_the_first_checks_is_told_as_far_as_it_is_known(
    ssp: Running, tmp_path: Path, shown: str | None, reason: str
) -> None:
    token = ssp.token()
    pair = ssp.certificates.invalid("expired") if shown == "expired" else None
    wire = await ssp.wire(shown=pair, tls=shown != "plain HTTP")

    answer = await wire.ask(ssp.request(target=f"/{URL}", Ssp_TraceID=GUID, Authorization=f"Bearer {token}"))

    record = ssp.record()
    host, port = wire.writer.get_extra_info("sockname")
    assert record["client"]["address"] == f"{host}:{port}"
    assert record["client"]["tls"] == (None if shown == "plain HTTP" else "TLSv1.2")
    if pair is None:
        assert record["client"]["certificate"] is None
    else:
        told = record["client"]["certificate"].items()
        assert told >= (await certificate_by_openssl(pair, tmp_path)).items()
    place = 0 if shown == "plain HTTP" else 1
    results = ["pass"] * place + ["fail"] + ["not reached"] * (len(checks.NAMES) - place - 1)
    assert [verdict["result"] for verdict in record["checks"]] == results
    assert steady(record) == {
        **FIRST,
        "trace_id": GUID,
        "from": {"asid": setup.CONSUMER, "ods": None},  # claimed, and not looked up
        "to": {"asid": setup.PROVIDER, "ods": None},
        "interaction": setup.READ_BINARY,
        "method": "GET",
        "target": URL,
        "claims": claims_by_pyjwt(token),
        "denial": {"reason": reason, "text": answer.json()["issue"][0]["diagnostics"]},
        "faults": [],
        "provider": None,
        "status": answer.status,
        "broken_off": False,
        "bytes": {"from_consumer": 0, "to_consumer": len(answer.body)},
        "notes": [],
        **NOT_ASKED_FOR,
    }


def paths(value: Any, at: str = "") -> set[str]:
    """Return the paths of the fields in a record, as its document writes them."""
    if isinstance(value, list):
        return {path for each in value for path in paths(each, f"{at}[]")}
    if not isinstance(value, dict):
        return set()
    below = {f"{at}.{name}".removeprefix("."): each for name, each in value.items()}
    return {*below, *(path for name, each in below.items() for path in paths(each, name))}


async def test_the_record_has_the_fields_that_its_document_names_and_no_other(ssp: Running) -> None:
    document = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
    fields = document.partition("## The record's fields")[2].partition("## Reading it")[0]
    named = set(re.findall(r"^\| `([^`]+)` \|", fields, re.MULTILINE))

    await ssp.ask()
    await ssp.ask(Ssp_From=None)

    answered, refused = map(paths, ssp.records())
    assert {"checks[].expected", "denial.text"} <= refused
    assert answered | refused <= named
    assert {path for path in named if "." not in path} == set(ssp.record())


async def test_every_request_is_there_in_its_order_and_none_can_ask_to_be_left_out(ssp: Running) -> None:
    shy = (("Cache-Control", "no-store"), ("DNT", "1"), ("X-Audit", "off"), ("Ssp-Audit", "false"), ("Prefer", "x"))
    statuses = [
        (await ssp.ask(fields=shy)).status,
        (await ssp.ask(method="BREW")).status,
        (await ssp.ask(method="TRACE")).status,
        (await ssp.ask(fields=(("Bad Name", "x"),))).status,
        (await ssp.ask(target="/?_audit=false", Ssp_From=None, fields=shy)).status,
        (await (await ssp.wire(tls=False)).ask(b"nonsense\r\n\r\n")).status,
        (await (await ssp.wire(shown=None)).ask(b"nonsense\r\n\r\n")).status,
    ]

    assert statuses == [200, 405, 405, 400, 400, 497, 496]
    lines = ssp.plan.journal.read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"}\n") for line in lines)
    told = [json.loads(line) for line in lines]
    assert [(record["sequence"], record["status"]) for record in told] == [*enumerate(statuses, 1)]
    assert [record["time"] for record in told] == sorted(record["time"] for record in told)


@pytest.mark.parametrize("changes", [{}, {"Ssp_From": "1"}, {"fields": (("Bad Name", "x"),)}, {"method": "BREW"}])
async def test_no_token_body_cookie_or_other_header_is_there(
    ssp: Running, provider: StubProvider, changes: dict[str, Any]
) -> None:
    token = ssp.token()
    secrets = ["body-that-went-up", "body-that-came-down", "cookie-that-went-up", "cookie-that-came-down", "reason-x"]
    provider.answer = (
        b"HTTP/1.1 200 reason-x\r\nSet-Cookie: cookie-that-came-down\r\nContent-Length: 19\r\n\r\nbody-that-came-down"
    )
    own = (("Cookie", "cookie-that-went-up"), ("Content-Length", str(len(secrets[0]))), *changes.get("fields", ()))

    await ssp.ask(
        **{**changes, "fields": own, "body": secrets[0].encode(), "Authorization": f"Bearer {token}"},
    )

    trail = ssp.plan.journal.read_text()
    assert ssp.record()["claims"] == claims_by_pyjwt(token)
    assert [each for each in (*secrets, *token.rstrip(".").split("."), "Bearer") if each in trail] == []


async def test_the_file_is_its_owners_alone_whatever_the_umask(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    before = os.umask(0)
    try:
        async with running(tmp_path, certificates, provider.port) as ssp:
            await ssp.ask()
            assert ssp.plan.journal.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)
