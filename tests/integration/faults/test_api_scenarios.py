"""The admin API and scenarios: listed, put in force as their files are now, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.api import OFF, PROBLEM, SLOW, in_force, is_problem, write_scenario

if TYPE_CHECKING:
    from support.caller import Caller
    from support.running import Running


async def test_scenarios_are_listed_with_what_is_wrong_with_the_others(ssp: Running, api: Caller) -> None:
    write_scenario(ssp, "slow", {"name": "a", "effect": SLOW}, {"name": "b", "effect": SLOW})
    bad = write_scenario(ssp, "bad", {"name": "a", "effect": {"kind": "latency", "delay_ms": -1}})

    listed = await api.ask("GET", "/scenarios")

    assert listed.status == 200
    assert listed.json() == {
        "scenarios": [{"name": "slow", "description": "Of slow", "rules": ["a", "b"]}],
        "problems": [
            {
                "file": str(bad),
                "line": bad.read_text().splitlines().index("    delay_ms: -1") + 1,
                "key": "rules[0].effect.delay_ms",
                "message": "should be greater than or equal to 0, found -1",
            }
        ],
    }


@pytest.mark.parametrize(
    ("body", "names"), [({}, ["other", "a"]), ({"value": {}}, ["other", "a"]), ({"value": {"only": True}}, ["a"])]
)
async def test_a_scenario_comes_in_force_beside_the_others_or_alone(
    ssp: Running, api: Caller, body: dict[str, Any], names: list[str]
) -> None:
    write_scenario(ssp, "outage", {"name": "a", "effect": OFF})
    await api.ask("POST", "/faults", {"name": "other", "effect": SLOW})

    applied = await api.ask("POST", "/scenarios/outage/apply", **body)

    assert applied.status == 200
    assert [rule["name"] for rule in applied.json()["faults"]] == names
    assert applied.json()["faults"][-1]["scenario"] == "outage"
    assert (await ssp.ask()).status == 503


async def test_a_scenario_is_read_as_its_file_is_now(ssp: Running, api: Caller) -> None:
    path = write_scenario(ssp, "changing", {"name": "a", "effect": SLOW})
    good = await api.ask("POST", "/scenarios/changing/apply")
    path.write_text(path.read_text().replace("delay_ms: 1", "delay_ms: -1"))
    bad = await api.ask("POST", "/scenarios/changing/apply", {"only": True})

    assert good.status == 200
    is_problem(
        bad,
        422,
        "Unprocessable Content",
        "a file is not valid; nothing has changed",
        errors=[
            {
                "file": str(path),
                "line": path.read_text().splitlines().index("    delay_ms: -1") + 1,
                "key": "rules[0].effect.delay_ms",
                "message": "should be greater than or equal to 0, found -1",
            }
        ],
    )
    assert in_force(ssp) == ["a"]


@pytest.mark.parametrize(
    "name", ["nowhere", "..%2Fregistry", "%2Fetc%2Fpasswd", "..%2f..%2fcerts%2fca", "a%00b", "%ff"]
)
async def test_a_scenario_that_there_is_not(ssp: Running, api: Caller, name: str) -> None:
    write_scenario(ssp, "outage", {"name": "a", "effect": OFF})

    refused = await api.ask("POST", f"/scenarios/{name}/apply")

    assert (refused.status, refused.one("Content-Type")) == (404, PROBLEM)
    assert refused.json()["detail"].startswith("there is no scenario ")
    assert refused.json()["detail"].endswith("; these are: outage")
    assert in_force(ssp) == []
