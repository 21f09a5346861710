"""The directory's FHIR face as it runs: connections, hosts, reloads, workers, and a trail that cannot be written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import yaml
from support import setup
from support.enquiries import BASE, FOR_READING, OF_SURGERY, look_up, url
from support.running import Running, running
from support.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


async def test_calls_on_one_connection_are_counted(ssp: Running) -> None:
    address = ssp.emulator.sds_address
    assert address is not None
    wire = await Wire.open(address.port, None)
    ssp.wires.append(wire)
    for _ in range(2):
        answer = await wire.ask(f"GET {BASE}/Device HTTP/1.1\r\nHost: a\r\napikey: b\r\n\r\n".encode())
        assert answer.status == 400
    assert [record["client"]["request"] for record in ssp.records()] == [1, 2]


async def test_a_host_that_is_none_is_not_said_back(ssp: Running) -> None:
    answer = await look_up(ssp, url("Endpoint", OF_SURGERY, FOR_READING), Host='a"b/c')
    assert answer.json()["link"][0]["url"].startswith(f"http://{ssp.emulator.sds_address}{BASE}/Endpoint?")


async def test_no_answer_is_kept_or_taken_for_another_kind(ssp: Running) -> None:
    for target in (url("Endpoint", OF_SURGERY, FOR_READING), "/"):
        answer = await look_up(ssp, target)
        assert (answer.one("Cache-Control"), answer.one("X-Content-Type-Options")) == ("no-store", "nosniff")


async def test_of_a_long_target_the_trail_has_the_beginning(ssp: Running) -> None:
    target = f"/{'a' * 8100}"
    assert (await look_up(ssp, target)).status == 404
    assert ssp.record()["target"] == target[:8000]


async def test_what_is_no_http_is_refused_in_fhir_too(ssp: Running) -> None:
    address = ssp.emulator.sds_address
    assert address is not None
    wire = await Wire.open(address.port, None)
    answer = await wire.ask(b"BAD LINE\r\n\r\n")
    assert (answer.status, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (400, "BAD_REQUEST")
    assert answer.json()["issue"][0]["diagnostics"].startswith("the request cannot be read as HTTP: ")
    assert await wire.is_closed()
    await wire.close()


async def test_it_tells_what_is_in_force_after_a_reload(asked_only: Running, provider: StubProvider) -> None:
    target = url("Endpoint", OF_SURGERY, FOR_READING)
    assert (await look_up(asked_only, target)).json()["entry"][0]["resource"]["address"] == setup.ROOT
    changed = setup.registry(provider.port)
    changed["systems"][1]["endpoints"][0]["root"] = f"{setup.ROOT}/new"
    path = asked_only.plan.configuration.path(asked_only.plan.configuration.settings.registry)
    await asyncio.to_thread(path.write_text, yaml.safe_dump(changed, sort_keys=False))

    await asked_only.emulator.reload()

    assert (await look_up(asked_only, target)).json()["entry"][0]["resource"]["address"] == f"{setup.ROOT}/new"


async def test_what_cannot_be_written_down_is_not_answered(ssp: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.write", _full)
    answer = await look_up(ssp, url("Endpoint", OF_SURGERY, FOR_READING))
    monkeypatch.undo()
    assert (answer.status, answer.json()["issue"][0]["diagnostics"]) == (
        503,
        "The emulator cannot write its audit trail; its log says why.",
    )


def _full(*_: object) -> int:
    raise OSError(28, "No space left on device")


async def test_where_it_is_switched_off_there_is_none(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, sds={"listen": None}) as ssp:
        assert ssp.emulator.sds_address is None
        assert (await ssp.ask()).status == 200


async def test_with_workers_it_has_a_chain_of_its_own(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, workers=2) as ssp:
        answer = await look_up(ssp, url("Endpoint", OF_SURGERY, FOR_READING))
        assert (answer.status, answer.json()["total"]) == (200, 1)
        assert (await ssp.ask()).status == 200
    told = {record["service"]: record["worker"] for record in ssp.records()}
    assert told["directory"] == 2
    assert told["proxy"] in (0, 1)
