"""A request that asks for fault rules by name, in `X-Ssp-Emulator-Fault`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.running import running

from ssp_emulator.faults.rule import Rule

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder

# Neither would ever fire by itself.
NEVER = {"match": {"from": "nobody"}, "when": {"probability": 0, "window": {"until": "2001-01-01T00:00:00Z"}}}


def put(ssp: Running, **effects: dict[str, Any]) -> None:
    """Put rules in force that no request meets but one that asks for them."""
    ssp.emulator.faults.put(
        [Rule.model_validate({"name": n, "effect": effect, **NEVER}) for n, effect in effects.items()]
    )


async def ask(ssp: Running, *lines: str, field: str = "X-Ssp-Emulator-Fault", **changes: Any) -> Answer:
    return await ssp.ask(fields=tuple((field, line) for line in lines), **changes)


def diagnostics(answer: Answer) -> str:
    (issue,) = answer.json()["issue"]
    return issue["diagnostics"]


@pytest.fixture
def outage(ssp: Running) -> None:
    put(ssp, outage={"kind": "unavailable"}, gateway={"kind": "bad-gateway"}, late={"kind": "latency", "delay_ms": 1})


@pytest.mark.usefixtures("outage")
class TestAllowed:
    @pytest.mark.parametrize("field", ["X-Ssp-Emulator-Fault", "x-ssp-emulator-fault"])
    async def test_it_fires_whatever_the_rule_matches_and_when(self, ssp: Running, field: str) -> None:
        assert (await ssp.ask()).status == 200
        for count in (1, 2):
            assert (await ask(ssp, "outage", field=field)).status == 503
            assert ssp.record()["faults"] == [
                {"rule": "outage", "kind": "unavailable", "count": count, "asked": True, "did": "refused with 503"}
            ]
        assert (await ssp.ask()).status == 200
        assert ssp.record()["faults"] == []

    @pytest.mark.parametrize("lines", [("gateway, outage, late",), ("late", "gateway", "outage")], ids=repr)
    async def test_several_fire_in_the_order_of_the_rules(self, ssp: Running, lines: tuple[str, ...]) -> None:
        assert (await ask(ssp, *lines)).status == 503
        assert [(fault["rule"], fault["did"]) for fault in ssp.record()["faults"]] == [
            ("outage", "refused with 503"),
            ("gateway", "nothing: outage came first"),
            ("late", "waited 1 ms before the request"),
        ]

    async def test_an_unknown_name_is_400_and_names_those_in_force(self, ssp: Running, provider: StubProvider) -> None:
        answer = await ask(ssp, "outage, outrage")
        assert answer.status == 400
        assert diagnostics(answer) == (
            "X-Ssp-Emulator-Fault should name fault rules that are in force and act on requests, which are: "
            "gateway, late, outage; found outrage"
        )
        assert ssp.record()["faults"] == []
        assert provider.received == []

    async def test_the_provider_never_hears_of_it(self, ssp: Running, provider: StubProvider) -> None:
        for lines in (("late",), ("",)):
            assert (await ask(ssp, *lines, X_Test_Run="42")).status == 200
        assert [received.all("X-Ssp-Emulator-Fault") for received in provider.received] == [[], []]
        assert [received.all("X-Test-Run") for received in provider.received] == [["42"], ["42"]]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("unknown",), "unknown"),
        (("late, unknown", "also-unknown"), "also-unknown, unknown"),
        (("unknown", "late"), "unknown"),
        (("Late",), "Late"),
    ],
    ids=repr,
)
@pytest.mark.usefixtures("outage")
async def test_every_line_of_the_field_is_looked_at_and_the_refusal_has_the_fields_of_any_other(
    ssp: Running, provider: StubProvider, lines: tuple[str, ...], found: str
) -> None:
    other = await ssp.ask(Ssp_From=None)
    answer = await ask(ssp, *lines)

    def names(one: Answer) -> list[str]:
        return [name for name, _ in one.fields]

    assert (other.status, answer.status) == (400, 400)
    assert diagnostics(answer).endswith(f": gateway, late, outage; found {found}")
    assert names(answer) == names(other)
    assert answer.one("Content-Type") == other.one("Content-Type")
    assert answer.one("Content-Length") == str(len(answer.body))
    assert ssp.record()["status"] == 400
    assert ssp.record()["faults"] == []
    assert ssp.emulator.faults.get("late").counts.asked == 0  # type: ignore[union-attr]
    assert provider.received == []


async def test_an_unknown_name_costs_nobody_the_connection(ssp: Running) -> None:
    wire = await ssp.wire()

    refused = await wire.ask(ssp.request(fields=(("X-Ssp-Emulator-Fault", "unknown"),)))

    assert (refused.status, (await wire.ask(ssp.request())).status) == (400, 200)


async def test_an_unknown_name_is_400_where_no_rule_is_there(ssp: Running, provider: StubProvider) -> None:
    answer = await ask(ssp, "outage")
    assert answer.status == 400
    assert diagnostics(answer).endswith("which are: none; found outage")
    assert provider.received == []


@pytest.mark.parametrize("there", [False, True])
async def test_where_it_is_not_allowed_it_is_not_heeded_and_goes_no_further(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, there: bool
) -> None:
    async with running(tmp_path, certificates, provider.port, faults={"by_header": False}) as ssp:
        if there:
            put(ssp, outage={"kind": "unavailable"})
        answer = await ask(ssp, "outage, unknown")
        record = ssp.record()
    assert (answer.status, answer.body) == (200, b"ok")
    assert record["faults"] == []
    assert record["notes"] == ["X-Ssp-Emulator-Fault was not heeded: the configuration does not allow it"]
    (received,) = provider.received
    assert received.all("X-Ssp-Emulator-Fault") == []
