"""The registry in force, and the description of the whole API, from a running emulator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml
from support import setup
from support.caller import Caller

if TYPE_CHECKING:
    from support.running import Running

SHOULD_BE_THERE = {
    "/health/live",
    "/health/ready",
    "/metrics",
    "/openapi.json",
    "/api/v1/exchanges",
    "/api/v1/exchanges/stream",
    "/api/v1/traces/{trace_id}",
    "/api/v1/audit/verify",
    "/api/v1/faults",
    "/api/v1/faults/{name}",
    "/api/v1/scenarios",
    "/api/v1/scenarios/{name}/apply",
    "/api/v1/registry",
}


async def test_the_registry_that_is_in_force_is_shown(asked_only: Running) -> None:
    api = Caller(asked_only.emulator.admin_address)
    before = (await api.ask("GET", "/registry")).json()
    configuration = asked_only.plan.configuration
    registry = configuration.path(configuration.settings.registry)
    registry.write_text(yaml.safe_dump({**setup.registry(1), "agreements": []}))
    unread = (await api.ask("GET", "/registry")).json()
    await asked_only.emulator.reload()
    after = (await api.ask("GET", "/registry")).json()

    assert [system["asid"] for system in before["systems"]] == [
        setup.CONSUMER,
        setup.PROVIDER,
        setup.OTHER_CONSUMER,
        setup.OTHER_PROVIDER,
    ]
    assert [agreement["to"] for agreement in before["agreements"]] == [setup.PROVIDER, setup.OTHER_PROVIDER]
    assert setup.READ_BINARY in before["agreements"][0]["interactions"]
    assert not [each for each in before["agreements"][0]["interactions"] if "*" in each]
    assert unread == before
    assert after["agreements"] == []


async def test_the_whole_api_is_described(root: Caller) -> None:
    answer = await root.ask("GET", "/openapi.json")
    document = answer.json()

    assert (answer.status, answer.one("Content-Type")) == (200, "application/json")
    assert set(document["paths"]) >= SHOULD_BE_THERE
    for path, item in document["paths"].items():
        for operation in item.values():
            names = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
            assert names == set(re.findall(r"\{(\w+)\}", path))
            assert operation["summary"]


async def test_every_path_that_is_described_is_there(root: Caller) -> None:
    document = (await root.ask("GET", "/openapi.json")).json()

    for path, item in document["paths"].items():
        # By a method that none knows: what is there says which it does.
        refused = await root.ask("TRACE", re.sub(r"\{\w+\}", "x", path))
        assert refused.status == 405, path
        assert {method.upper() for method in item} <= set(refused.one("Allow").split(", "))
