"""Fault rules with several workers: in force in all of them when a call returns, and counted together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.rules import rule
from support.running import running
from support.workers import asked, statuses, wires_to_all

from ssp_emulator.errors import SetupError
from ssp_emulator.faults.chance import happens

if TYPE_CHECKING:
    from pathlib import Path

    from support.caller import Caller
    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder

OFF = {"kind": "unavailable"}


@pytest.mark.parametrize(
    ("when", "fired"),
    [
        ({"times": 5}, 5),
        ({"skip": 7}, 53),
        ({"skip": 50, "times": 20}, 10),
        ({"sequence": ["pass", "apply", "apply"]}, 2),
        ({"sequence": ["apply", "pass", "pass"], "repeat": True}, 20),
    ],
    ids=str,
)
async def test_what_a_rule_counts_holds_for_all_workers_together(
    two: Running, api: Caller, when: dict[str, Any], fired: int
) -> None:
    created = await api.ask("POST", "/faults", {"name": "off", "when": when, "effect": OFF})
    answers = await asked(two, 60)
    shown = (await api.ask("GET", "/faults/off")).json()

    assert created.status == 201
    assert statuses(answers) == {503: fired, 200: 60 - fired}
    assert shown["counts"] == {"matched": 60, "fired": fired, "asked": 0}
    counts = [firing["count"] for record in two.records() for firing in record["faults"]]
    assert len(set(counts)) == fired  # each number was given once
    assert {record["worker"] for record in two.records()} == {0, 1}


async def test_chances_are_those_of_one_process(two: Running, api: Caller) -> None:
    await api.ask("POST", "/faults", {"name": "off", "when": {"probability": 0.3}, "effect": OFF})
    await asked(two, 60)

    counts = sorted(firing["count"] for record in two.records() for firing in record["faults"])
    assert counts == [count for count in range(1, 61) if happens(0.3, 0, "off", count)]


async def test_a_rule_is_in_force_everywhere_when_a_call_returns_and_gone_when_another_does(
    two: Running, api: Caller
) -> None:
    wires = await wires_to_all(two)

    async def seen() -> set[int]:
        return {answer.status for answer in await asyncio.gather(*(wire.ask(two.request()) for wire in wires))}

    for turn in range(15):
        put = await api.ask("POST", "/faults", {"name": f"off-{turn}", "effect": OFF})
        assert (put.status, await seen()) == (201, {503})
        lifted = await api.ask("DELETE", f"/faults/off-{turn}" if turn % 2 else "/faults")
        assert (lifted.status, await seen()) == (204 if turn % 2 else 200, {200})


async def test_a_rule_that_is_replaced_begins_with_new_counts_everywhere(two: Running, api: Caller) -> None:
    for _ in range(3):
        put = await api.ask("PUT", "/faults/off", {"when": {"times": 4}, "effect": OFF})
        assert put.json()["counts"] == {"matched": 0, "fired": 0, "asked": 0}
        assert statuses(await asked(two, 20)) == {503: 4, 200: 16}


async def test_many_changes_at_once_come_to_the_same_in_every_worker(two: Running, api: Caller) -> None:
    wires = await wires_to_all(two)
    effects = [{"kind": "status", "status": 200 + place} for place in (1, 2, 6)]
    await asyncio.gather(*(api.ask("PUT", "/faults/it", {"effect": effects[turn % 3]}) for turn in range(12)))

    (there,) = (await api.ask("GET", "/faults")).json()["faults"]
    answers = await asyncio.gather(*(wire.ask(two.request()) for wire in wires))
    assert {answer.status for answer in answers} == {there["effect"]["status"]}


async def test_a_request_may_ask_any_worker_for_a_rule(two: Running, api: Caller) -> None:
    await api.ask("POST", "/faults", {"name": "off", "match": {"to": "nobody"}, "effect": OFF})
    answers = await asked(two, 20, X_Ssp_Emulator_Fault="off")

    assert statuses(answers) == {503: 20}
    assert (await api.ask("GET", "/faults/off")).json()["counts"] == {"matched": 0, "fired": 20, "asked": 20}


async def test_rules_that_are_there_from_the_start_are_there_in_every_worker(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    faults = {"rules": [{"name": "off", "when": {"times": 3}, "effect": OFF}]}
    async with running(tmp_path, certificates, provider.port, workers=2, faults=faults) as ssp:
        assert statuses(await asked(ssp, 20)) == {503: 3, 200: 17}


async def test_a_handshake_is_spoilt_in_every_worker(two: Running, api: Caller) -> None:
    put = await api.ask("POST", "/faults", {"name": "old", "effect": {"kind": "handshake-cut", "after_bytes": 0}})
    ends = await asyncio.gather(*(two.wire() for _ in range(16)), return_exceptions=True)

    assert put.status == 201
    assert all(isinstance(end, (OSError, EOFError)) for end in ends)
    assert (await api.ask("GET", "/faults/old")).json()["counts"]["fired"] == 16
    await api.ask("DELETE", "/faults")
    assert statuses(await asked(two, 8)) == {200: 8}


async def test_what_one_worker_cannot_make_ready_changes_nothing_anywhere(
    tmp_path: Path, own_certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, own_certificates, provider.port, workers=2, reload={"every_s": None}) as ssp:
        await ssp.emulator.control.put([rule("there", when={"times": 1})])
        own_certificates.ssp_server.key.write_text("no key")
        old = rule("old", effect={"kind": "old-protocol", "version": "TLSv1.1"})
        with pytest.raises(SetupError, match=r"^old-protocol needs the proxy's own TLS files: "):
            await ssp.emulator.control.put([rule("there"), old])

        assert [armed.rule.name for armed in ssp.emulator.faults] == ["there"]
        assert statuses(await asked(ssp, 20)) == {503: 1, 200: 19}
