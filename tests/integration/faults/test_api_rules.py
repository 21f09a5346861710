"""What the admin API answers about fault rules, over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.api import OFF, SLOW, in_force, is_problem
from support.caller import Caller
from support.clocks import MovableClock
from support.running import running

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


async def test_the_list_says_the_seed_and_every_rule_with_its_counts(ssp: Running, api: Caller) -> None:
    empty = await api.ask("GET", "/faults")
    await api.ask("POST", "/faults", {"name": "slow", "when": {"times": 1, "ttl_s": 60}, "effect": SLOW})
    for _ in range(2):
        await ssp.ask()
    (rule,) = (await api.ask("GET", "/faults")).json()["faults"]

    assert (empty.status, empty.one("Content-Type")) == (200, "application/json; charset=utf-8")
    assert empty.json() == {"seed": 0, "faults": []}
    assert 0 < rule.pop("expires_in_s") <= 60
    assert rule.pop("since").endswith("Z")
    assert rule == {
        "name": "slow",
        "when": {"times": 1, "ttl_s": 60},
        "effect": {"kind": "latency", "delay_ms": 1.0},
        "scenario": None,
        "counts": {"matched": 2, "fired": 1, "asked": 0},
    }


async def test_a_rule_is_created_shown_replaced_and_lifted(ssp: Running, api: Caller) -> None:
    created = await api.ask("POST", "/faults", {"name": "slow", "effect": SLOW})
    await ssp.ask()
    shown = await api.ask("GET", created.one("Location").removeprefix("/api/v1"))
    replaced = await api.ask("PUT", "/faults/slow", {"effect": {"kind": "latency", "delay_ms": 2}})
    lifted = await api.ask("DELETE", "/faults/slow")
    gone = [await api.ask(method, "/faults/slow") for method in ("GET", "DELETE")]

    assert (created.status, created.one("Location")) == (201, "/api/v1/faults/slow")
    assert (shown.status, shown.json()["counts"]["matched"]) == (200, 1)
    assert (replaced.status, replaced.all("Location")) == (200, [])
    assert replaced.json()["effect"]["delay_ms"] == 2
    assert replaced.json()["counts"] == {"matched": 0, "fired": 0, "asked": 0}
    assert (lifted.status, lifted.body) == (204, b"")
    for answer in gone:
        is_problem(answer, 404, "Not Found", "no rule named 'slow' is in force")


@pytest.mark.parametrize("named", [{}, {"name": "new"}])
async def test_put_makes_a_rule_that_was_not_there(ssp: Running, api: Caller, named: dict[str, str]) -> None:
    made = await api.ask("PUT", "/faults/new", {**named, "effect": SLOW})

    assert (made.status, made.one("Location"), made.json()["name"]) == (201, "/api/v1/faults/new", "new")
    assert in_force(ssp) == ["new"]


async def test_several_come_together_or_not_at_all(ssp: Running, api: Caller) -> None:
    both = await api.ask("POST", "/faults", {"rules": [{"name": "a", "effect": SLOW}, {"name": "b", "effect": OFF}]})
    taken = await api.ask("POST", "/faults", {"rules": [{"name": "c", "effect": SLOW}, {"name": "b", "effect": SLOW}]})
    one_taken = await api.ask("POST", "/faults", {"name": "a", "effect": OFF})
    before = (await api.ask("GET", "/faults/b")).json()
    replacing = {"rules": [{"name": "b", "effect": SLOW}], "replace": True}
    replaced = await api.ask("POST", "/faults", replacing)

    assert (both.status, [rule["name"] for rule in both.json()["faults"]], both.all("Location")) == (
        201,
        ["a", "b"],
        [],
    )
    is_problem(taken, 409, "Conflict", "in force already: b")
    is_problem(one_taken, 409, "Conflict", "in force already: a")
    assert before["effect"]["kind"] == "unavailable"
    assert (replaced.status, replaced.json()["faults"][0]["effect"]["kind"]) == (200, "latency")
    assert in_force(ssp) == ["a", "b"]


@pytest.mark.parametrize(
    ("names", "status"),
    [("ab", 200), ("a", 200), ("ba", 200), ("abc", 201), ("ca", 201), ("cd", 201), ("c", 201)],
)
async def test_several_that_replace_others_are_created_where_any_is_new(
    ssp: Running, api: Caller, names: str, status: int
) -> None:
    await api.ask("POST", "/faults", {"rules": [{"name": name, "effect": SLOW} for name in "ab"]})

    several = {"rules": [{"name": name, "effect": OFF} for name in names], "replace": True}
    answer = await api.ask("POST", "/faults", several)

    assert answer.status == status
    assert [(rule["name"], rule["effect"]["kind"]) for rule in answer.json()["faults"]] == [
        (name, "unavailable") for name in names
    ]
    assert in_force(ssp) == ["a", "b", *(name for name in names if name not in "ab")]


async def test_all_are_lifted_at_once(ssp: Running, api: Caller) -> None:
    await api.ask("POST", "/faults", {"rules": [{"name": name, "effect": SLOW} for name in "abc"]})

    lifted = await api.ask("DELETE", "/faults")
    again = await api.ask("DELETE", "/faults")

    assert (lifted.status, lifted.json()) == (200, {"lifted": 3})
    assert again.json() == {"lifted": 0}
    assert in_force(ssp) == []


@pytest.mark.parametrize("path", ["/faults", "/scenarios"])
async def test_head_is_get_without_the_body(api: Caller, path: str) -> None:
    head, get = await api.ask("HEAD", path), await api.ask("GET", path)

    assert head.status == get.status == 200
    assert head.one("Content-Length") == get.one("Content-Length") == str(len(get.body))


async def test_names_may_be_percent_encoded(ssp: Running, api: Caller) -> None:
    made = await api.ask("PUT", "/faults/slow%2Ddocuments", {"effect": SLOW})

    assert (made.status, made.one("Location")) == (201, "/api/v1/faults/slow-documents")
    assert (await api.ask("GET", "/faults/%73low-documents")).status == 200


async def test_a_rule_that_has_lifted_itself_is_not_found(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    clock = MovableClock()
    async with running(tmp_path, certificates, provider.port, clock) as ssp:
        api = Caller(ssp.emulator.admin_address)
        await api.ask("POST", "/faults", {"name": "short", "when": {"ttl_s": 5}, "effect": SLOW})
        clock.elapse(4)
        before = await api.ask("GET", "/faults/short")
        clock.elapse(1)
        after = await api.ask("GET", "/faults/short")

    assert before.json()["expires_in_s"] == 1
    assert after.status == 404
