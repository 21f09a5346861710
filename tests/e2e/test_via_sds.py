"""`send --via-sds`: endpoint and ASID come from the directory, and all of it is in the trail under one ID."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from support.processes import ours

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from e2e.conftest import Bench

READ = ["send", "documents:fhir:rest:read:binary-1", "--id", "07a6483f-732b-461e-86b6-edb665c45510", "--via-sds"]
ROOT = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"


async def test_the_document_is_found_by_way_of_the_directory(bench: Bench) -> None:
    where = ["--proxy", f"localhost:{bench.emulator.port}", "--sds", await bench.emulator.address_of("SDS")]

    ended = await ours(bench.folder, *READ, *where, "--json")

    assert ended.code == 0, ended.err
    assert ended.err == f"The directory says: {ROOT}, party key A20047-000116, ASID 200000000116\n"
    told = json.loads(ended.out)
    assert told["status"] == 200
    shown = await ours(bench.folder, "audit", "show", told["trace_id"], "--json")
    asked = [(each["service"], each["target"].partition("?")[0]) for each in json.loads(shown.out)["exchanges"]]
    assert asked == [
        ("directory", "/spine-directory/FHIR/R4/Endpoint"),
        ("directory", "/spine-directory/FHIR/R4/Device"),
        ("proxy", f"{ROOT}/Binary/{READ[3]}"),
    ]


async def test_a_practice_that_the_directory_does_not_know_is_said_to_be_that(bench: Bench) -> None:
    registry = (bench.folder / "config" / "registry.yaml").read_text(encoding="utf-8")
    other = bench.folder / "other"
    other.mkdir()
    (other / "registry.yaml").write_text(registry.replace("A20047", "A20999"), encoding="utf-8")
    settings = (bench.folder / "config" / "emulator.yaml").read_text(encoding="utf-8")
    (other / "emulator.yaml").write_text(settings, encoding="utf-8")
    where = await bench.emulator.address_of("SDS")

    ended = await ours(bench.folder, *READ, "--config", "other/emulator.yaml", "--sds", where)

    assert ended.code == 1
    assert ended.err == (
        f"error: the directory at {where} has no Endpoint for A20999 and "
        "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1\n"
    )


@asynccontextmanager
async def answering(status: int, body: str) -> AsyncIterator[str]:
    """Serve something that is no directory, and say where."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(status=status, text=body)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, "", "what answers at {where} is no directory"),
        (200, '{"entry": [{"resource": {}}]}', "what answers at {where} is no directory"),
        (200, '{"entry": [{"resource": {"identifier": [], "address": 1}}]}', "what answers at {where} is no directory"),
        (404, "[]", "what answers at {where} is no directory"),
        (400, '{"issue": [{"diagnostics": "No."}]}', "the directory at {where} refused with 400: No."),
        (200, '{"entry": []}', "the directory at {where} has no Endpoint for A20047 and urn:"),
    ],
)
async def test_what_is_no_directory_fails_in_one_line(bench: Bench, status: int, body: str, said: str) -> None:
    async with answering(status, body) as where:
        ended = await ours(bench.folder, *READ, "--sds", where)

    assert ended.code == 1
    assert ended.err.startswith(f"error: {said.format(where=where)}")
    assert len(ended.err.splitlines()) == 1


async def test_where_nothing_listens_it_fails_in_one_line(bench: Bench) -> None:
    ended = await ours(bench.folder, *READ, "--sds", "127.0.0.1:1")

    assert ended.code == 1
    assert ended.err.startswith("error: the directory at 127.0.0.1:1 did not answer: ")
    assert len(ended.err.splitlines()) == 1
