"""The admin API's description: good OpenAPI, and true of the API, whatever schemathesis thinks of to ask."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from openapi_spec_validator import OpenAPIV31SpecValidator
from support.api import SLOW, write_scenario
from support.caller import Caller
from support.processes import run

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running

OPTIONS = """\
seed = 20171
continue-on-failure = true
warnings = false

[generation]
max-examples = 12
database = "none"

# A page begins behind a record that is there, and what is applied is a scenario that is.
[parameters]
after = {after}

[[operations]]
include-path = "/api/v1/scenarios/{{name}}/apply"
[operations.parameters]
"path.name" = "good"

# A rule's keys hang together, as `within` and `count` do: that a rule is 422 no schema can tell.
[[operations]]
include-path-regex = "/faults"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "404", "409", "422"]

# The stream has no end; what it sends is looked at elsewhere.
[[operations]]
include-path = "/api/v1/exchanges/stream"
enabled = false
"""


async def test_it_is_good_openapi(ssp: Running) -> None:
    answer = await Caller(ssp.emulator.admin_address, root="").ask("GET", "/openapi.json")

    assert [error.message for error in OpenAPIV31SpecValidator(answer.json()).iter_errors()] == []


async def test_schemathesis_finds_nothing_that_is_not_as_it_is_described(ssp: Running, tmp_path: Path) -> None:
    for _ in range(2):
        await ssp.ask()
    write_scenario(ssp, "good", {"name": "good", "effect": SLOW})
    page = (await Caller(ssp.emulator.admin_address).ask("GET", "/exchanges?limit=1")).json()
    (tmp_path / "options.toml").write_text(OPTIONS.format(after=json.dumps(page["next"])))

    found = await run(
        tmp_path,
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", "options.toml", "--no-color", "run"),
        *("--phases", "coverage,fuzzing", f"http://{ssp.emulator.admin_address}/openapi.json"),
        patience_s=90,
    )

    assert found.code == 0, found.out[-20_000:] + found.err
    assert "16 selected / 17 total" in found.out
    assert "No issues found" in found.out
