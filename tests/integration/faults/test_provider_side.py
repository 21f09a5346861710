"""The provider's side on demand, held against each misfortune itself: the same answer, the same words in the trail."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.running import running
from support.stub import StubProvider

from ssp_emulator.faults.rule import Rule
from ssp_emulator.pki.authority import Purpose, issue_leaf
from ssp_emulator.pki.files import read_authority, write_identity
from ssp_emulator.pki.folder import KeyPair

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.running import Running
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder

GP = "gp.example.nhs.uk"
TARGET = f"{setup.ROOT}/Binary/1"
Rest = dict[str, Any]
EFFECTS: dict[str, Rest] = {
    "refused": {"kind": "connection-refused"},
    "refused at every address": {"kind": "connection-refused"},
    "not resolved": {"kind": "name-not-resolved"},
    "expired": {"kind": "provider-certificate", "fault": "expired"},
    "wrong host": {"kind": "provider-certificate", "fault": "wrong-host"},
}
WHY = {
    "refused": "no connection to 127.0.0.1:{port}: the connection is refused",
    "refused at every address": "no connection to localhost:{port}: the connection is refused",
    "not resolved": "no connection to gp.invalid:443: its name is not known",
    "expired": "the certificate at 127.0.0.1:{port} is not good: certificate has expired",
    "wrong host": (
        "the certificate at 127.0.0.1:{port} is not good: "
        "Hostname mismatch, certificate is not valid for 'gp.example.nhs.uk'."
    ),
}


def leading_to(address: str) -> dict[str, Any]:
    """The registry, with the provider at another address."""
    registry = setup.registry(1)
    for system in registry["systems"]:
        for endpoint in system.get("endpoints", ()):
            endpoint["connect_to"] = address
    return registry


def expired(certificates: CertificateFolder, folder: Path) -> KeyPair:
    """A certificate of the provider's that was good until yesterday."""
    sub, now = read_authority(certificates), datetime.now(UTC)
    leaf = issue_leaf(sub, GP, Purpose.SERVER, not_before=now - timedelta(days=9), not_after=now - timedelta(days=1))
    pair = KeyPair(folder / "expired.crt", folder / "expired.key")
    write_identity(pair, leaf, (sub.certificate,))
    return pair


@asynccontextmanager
async def misfortune(
    name: str, folder: Path, certificates: CertificateFolder, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Running, int]]:
    """Run an emulator whose provider cannot be reached for real; yield it, and the port of the provider's place."""
    shown = {"expired": lambda: expired(certificates, folder), "wrong host": lambda: certificates.ssp_server}
    if name in shown:
        impostor = StubProvider(certificates, shown=shown[name]())
        async with impostor, running(folder, certificates, impostor.port) as ssp:
            yield ssp, impostor.port
        assert impostor.received == []
        return
    with socket.socket() as taken:  # whose port nobody else gets, and on which it does not listen
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        host = {"refused": f"127.0.0.1:{port}", "refused at every address": f"localhost:{port}"}.get(name)
        if host is None:
            forget(monkeypatch, "gp.invalid")
        async with running(folder, certificates, port, registry=leading_to(host or "gp.invalid:443")) as ssp:
            yield ssp, port


def forget(monkeypatch: pytest.MonkeyPatch, unknown: str) -> None:
    """Have a name be one that nobody knows; a machine with no resolver at all would say another thing of it."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host == unknown:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def seen(answer: Answer) -> tuple[Any, ...]:
    """What a consumer sees of an answer, but for what is new each time."""
    body = answer.json()
    del body["id"]
    fields = [(name, value) for name, value in answer.fields if name != "Date"]
    return answer.status, answer.phrase, fields, body


def told(record: dict[str, Any]) -> dict[str, Any]:
    """What the trail tells, but for what is new each time, and the rule."""
    new = ("sequence", "previous", "time", "timings_ms", "faults", "advisories")
    client = {name: value for name, value in record["client"].items() if name != "request"}
    return {**{name: value for name, value in record.items() if name not in new}, "client": client}


@pytest.mark.parametrize("name", EFFECTS)
async def test_an_imitation_is_what_the_misfortune_itself_leads_to(
    tmp_path: Path, certificates: CertificateFolder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async with misfortune(name, tmp_path, certificates, monkeypatch) as (ssp, port):
        wire, request = await ssp.wire(), ssp.request()
        real = await wire.ask(request)
        ssp.emulator.faults.put([Rule.model_validate({"name": "imitation", "effect": EFFECTS[name]})])
        imitated = await wire.ask(request)
        records = ssp.records()

    why = WHY[name].format(port=port)
    assert seen(imitated) == seen(real)
    assert real.json()["issue"][0]["diagnostics"] == f"ERROR_COMMUNICATING_TO_ENDPOINT_URL_{TARGET}"
    assert told(records[1]) == told(records[0])
    assert records[0]["provider"]["error"] == why
    assert (records[0]["faults"], records[0]["status"]) == ([], 502)
    kind = EFFECTS[name]["kind"]
    assert records[1]["faults"] == [
        {"rule": "imitation", "kind": kind, "count": 1, "asked": False, "did": f"refused with 502: {why}"}
    ]


@pytest.mark.parametrize("name", EFFECTS)
async def test_a_provider_that_is_well_is_not_asked(ssp: Running, provider: StubProvider, name: str) -> None:
    ssp.emulator.faults.put([Rule.model_validate({"name": "imitation", "effect": EFFECTS[name]})])

    answers = [await ssp.ask(), await ssp.ask(method="HEAD")]
    ssp.emulator.faults.clear()
    after = await ssp.ask()

    assert [answer.status for answer in answers] == [502, 502]
    assert (after.status, provider.connections) == (200, 1)


@pytest.mark.parametrize("name", EFFECTS)
@pytest.mark.parametrize(
    ("changes", "status"), [({"method": "OPTIONS"}, 200), ({"Ssp_To": None}, 400)], ids=["OPTIONS", "refused anyway"]
)
async def test_a_provider_that_would_not_have_been_asked_is_not_out_of_reach(
    ssp: Running, name: str, changes: dict[str, Any], status: int
) -> None:
    ssp.emulator.faults.put([Rule.model_validate({"name": "imitation", "effect": EFFECTS[name]})])

    answer = await ssp.ask(**changes)

    assert answer.status == status
    record = ssp.record()
    assert record["provider"] is None
    assert record["faults"][0]["did"] == "nothing: the provider would not have been asked"


@pytest.mark.parametrize("fault", ["untrusted", None])
def test_a_fault_of_a_certificate_is_one_of_two(fault: str | None) -> None:
    with pytest.raises(ValueError, match="Input should be 'expired' or 'wrong-host'"):
        Rule.model_validate({"name": "a", "effect": {"kind": "provider-certificate", "fault": fault}})
