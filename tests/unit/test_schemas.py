"""The schemas against the shipped files, against files that are bad, and against what the emulator itself takes."""

from __future__ import annotations

import copy
import json
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from ssp_emulator import schemas
from ssp_emulator.cli import cli
from ssp_emulator.faults.effects import ALL, kinds
from ssp_emulator.faults.effects.effect import Context
from ssp_emulator.interactions import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

TOP = Path(__file__).parents[2]
SCENARIOS = sorted((TOP / "config" / "scenarios").glob("*.yaml"))
SHIPPED = [
    (TOP / "config" / "emulator.yaml", "emulator"),
    (TOP / "config" / "registry.yaml", "registry"),
    *((path, "scenario") for path in SCENARIOS),
]
VALIDATORS = {name: Draft202012Validator(schemas.schema(name)) for name in schemas.NAMES}
ROOT = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"


def as_json(value: Any) -> Any:
    """Return what YAML has read as an editor sees it: moments are text."""
    return json.loads(json.dumps(value, default=datetime.isoformat))


def refused(name: str, value: Any) -> list[str]:
    """Where a schema refuses a value."""
    return [error.json_path for error in VALIDATORS[name].iter_errors(value)]


def taken(name: str, value: Any) -> bool:
    """Tell whether the emulator takes a value, as far as its model can tell."""
    try:
        schemas.WRITTEN[name][1].model_validate(value, context=Context(TOP / "config" / "scenarios"))
    except ValidationError:
        return False
    return True


def registry(**changes: Any) -> dict[str, Any]:
    """A registry with one system, whose entries are changed by their first letters' names."""
    system = {"asid": "1", "organisation": "A1001", "party_key": "A-1", "fqdn": "a.example", "sends": ["urn:*"]}
    endpoint = {"root": ROOT, "cpa_id": "S1", "receives": ["urn:*"]}
    system.update(changes.get("system", {}))
    system["endpoints"] = [{**endpoint, **changes.get("endpoint", {})}]
    agreement = {"from": "1", "to": "2", "interactions": ["urn:*"], **changes.get("agreement", {})}
    organisation = {"ods": "A1001", "name": "A", **changes.get("organisation", {})}
    return {
        "organisations": [organisation], "systems": [system], "agreements": [agreement], **changes.get("whole", {})
    }  # fmt: skip


def scenario(effect: Any = None, **rule: Any) -> dict[str, Any]:
    made = {"name": "slow", "effect": {"kind": "latency", "delay_ms": 1} if effect is None else effect, **rule}
    return {"name": "slow", "description": "Slow", "rules": [made]}


@pytest.mark.parametrize("name", schemas.NAMES)
def test_each_is_a_schema(name: str) -> None:
    made = schemas.schema(name)

    Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["title"]


@pytest.mark.parametrize(("path", "name"), SHIPPED, ids=lambda each: getattr(each, "stem", ""))
def test_each_shipped_file_is_good_and_names_its_schema(path: Path, name: str) -> None:
    text = path.read_text()
    first = text.splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)

    assert found is not None
    named = (path.parent / found[1]).resolve()
    assert named == TOP / "schemas" / f"{name}.schema.json"
    assert refused(name, as_json(yaml.safe_load(text))) == []


BAD = [
    ("emulator", yaml.safe_load(text), where)
    for text, where in [
        ("tokn: {}", "$"),
        ("proxy: {tls: {certifcate: a}}", "$.proxy.tls"),
        ("errors: {default_format: yaml}", "$.errors.default_format"),
        ("errors: {unanswered: [no-such]}", "$.errors.unanswered[0]"),
        ("token: {leeway_s: -1}", "$.token.leeway_s"),
        ("token: {leeway_s: 3601}", "$.token.leeway_s"),
        ("token: {leeway_s: 1.5}", "$.token.leeway_s"),
        ("providers: {connect_timeout_status: 500}", "$.providers.connect_timeout_status"),
        ("providers: {connect_timeout_s: 0}", "$.providers.connect_timeout_s"),
        ("providers: {connect_timeout_s: true}", "$.providers.connect_timeout_s"),
        ("providers: {connect_timeout_s: soon}", "$.providers.connect_timeout_s"),
        ("providers: {kept_connections: true}", "$.providers.kept_connections"),
        ("proxy: {listen: localhost}", "$.proxy.listen"),
        ("proxy: {listen: 8443}", "$.proxy.listen"),
        ("proxy: {tls: {key: ''}}", "$.proxy.tls.key"),
        ("proxy: {tls: {key: null}}", "$.proxy.tls.key"),
        ("log: {level: loud}", "$.log.level"),
        ("log: {format: xml}", "$.log.format"),
        ("compatibility: observed", "$.compatibility"),
        ("workers: 65", "$.workers"),
        ("limits: {window_s: 0}", "$.limits.window_s"),
        ("limits: {sender: {requests: -1}}", "$.limits.sender.requests"),
        ("limits: {receiver: {asids: {'2': many}}}", "$.limits.receiver.asids['2']"),
        ("limits: {receiver: {asids: {two: 2}}}", "$.limits.receiver.asids"),
        ("media: {allowed: [application/fhir+json;charset=utf-8]}", "$.media.allowed[0]"),
        ("cors: {origins: ['https://app.example.nhs.uk/']}", "$.cors.origins[0]"),
        ("reload: {every_s: 0}", "$.reload.every_s"),
        ("audit: {sync: now}", "$.audit.sync"),
        ("audit: {rotate: {size_mib: 0}}", "$.audit.rotate.size_mib"),
        ("audit: {keep: {age_s: 0}}", "$.audit.keep.age_s"),
        ("audit: {bodies_bytes: 1048577}", "$.audit.bodies_bytes"),
        ("faults: {scenarios: [Slow]}", "$.faults.scenarios[0]"),
        ("faults: {rules: [{name: a}]}", "$.faults.rules[0]"),
        ("proxy: 1", "$.proxy"),
    ]
] + [
    ("registry", value, where)
    for value, where in [
        ({}, "$"),
        (registry(whole={"systms": []}), "$"),
        (registry(organisation={"ods": "A 1"}), "$.organisations[0].ods"),
        (registry(organisation={"name": ""}), "$.organisations[0].name"),
        (registry(system={"asid": 200000000115}), "$.systems[0].asid"),
        (registry(system={"asid": "1" * 21}), "$.systems[0].asid"),
        (registry(system={"fqdn": "a_b.example"}), "$.systems[0].fqdn"),
        (registry(system={"fqdn": "https://a.example"}), "$.systems[0].fqdn"),
        (registry(system={"party_key": ""}), "$.systems[0].party_key"),
        (registry(system={"sends": ["a b"]}), "$.systems[0].sends[0]"),
        (registry(system={"sends": "urn:*"}), "$.systems[0].sends"),
        (registry(system={"token_key": None}), "$.systems[0].token_key"),
        (registry(endpoint={"root": f"{ROOT}/"}), "$.systems[0].endpoints[0].root"),
        (registry(endpoint={"root": "http://a.example/b"}), "$.systems[0].endpoints[0].root"),
        (registry(endpoint={"root": f"{ROOT}?a=b"}), "$.systems[0].endpoints[0].root"),
        (registry(endpoint={"receives": []}), "$.systems[0].endpoints[0].receives"),
        (registry(endpoint={"connect_to": "localhost"}), "$.systems[0].endpoints[0].connect_to"),
        (registry(endpoint={"conect_to": "localhost:1"}), "$.systems[0].endpoints[0]"),
        (registry(agreement={"from": "consumer"}), "$.agreements[0].from"),
        (registry(agreement={"interactions": []}), "$.agreements[0].interactions"),
    ]
]
BAD += [
    ("scenario", value, where)
    for value, where in [
        ({"name": "a", "description": "A", "rules": []}, "$.rules"),
        ({"name": "a", "rules": scenario()["rules"]}, "$"),
        ({**scenario(), "description": ""}, "$.description"),
        ({**scenario(), "name": "Slow"}, "$.name"),
        (scenario(name="a,b"), "$.rules[0].name"),
        (scenario({"kind": "latencyy"}), "$.rules[0].effect"),
        (scenario({"kind": "latency"}), "$.rules[0].effect"),
        (scenario({"kind": "latency", "delay_ms": -1}), "$.rules[0].effect"),
        (scenario({"kind": "latency", "delay_ms": 1, "delay": 1}), "$.rules[0].effect"),
        (scenario({"kind": "provider-error", "code": "NO_SUCH"}), "$.rules[0].effect"),
        (scenario({"kind": "certificate-error", "reason": "OLD"}), "$.rules[0].effect"),
        (scenario({"kind": "headers", "set": {"a b": "c"}}), "$.rules[0].effect"),
        (scenario(match={"form": "1"}), "$.rules[0].match"),
        (scenario(match={"header": {"a:b": "*"}}), "$.rules[0].match.header"),
        (scenario(when={"probability": 1.5}), "$.rules[0].when.probability"),
        (scenario(when={"times": 0}), "$.rules[0].when.times"),
        (scenario(when={"sequence": ["fail"]}), "$.rules[0].when.sequence"),
        (scenario(when={"window": {"from": "noon"}}), "$.rules[0].when.window"),
    ]
]


@pytest.mark.parametrize(
    ("name", "value", "where"), BAD, ids=lambda each: re.sub(r"\W+", "-", each) if isinstance(each, str) else ""
)
def test_what_the_emulator_refuses_a_schema_refuses_where_it_can_tell(name: str, value: Any, where: str) -> None:
    assert not taken(name, value)
    found = refused(name, value)
    assert found
    assert all(each == where or each.startswith((f"{where}.", f"{where}[")) or where.startswith(each) for each in found)
    assert any(each.startswith(where) or where.startswith(each) for each in found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("emulator", {}),
        ("emulator", {"proxy": {"listen": "[::1]:0", "handshake_timeout_s": "1e1", "drain_timeout_s": 3}}),
        ("emulator", {"limits": {"sender": {"asids": {"1": None, "2": 0}}}, "cors": {"origins": ["null", "*"]}}),
        ("emulator", {"audit": {"keep": {"size_mib": None, "age_s": " 10 "}}, "admin": {"listen": None}}),
        ("registry", registry()),
        ("registry", registry(endpoint={"root": "https://127.0.0.1:8443", "connect_to": "[::1]:9443"})),
        ("scenario", scenario(when={"window": {"from": "22:30", "until": "06:00:01"}})),
        ("scenario", scenario(when={"window": {"from": "2026-11-22T22:30:00Z", "until": "20261123T000000+0100"}})),
        ("scenario", scenario({"kind": "certificate-error", "reason": "REVOKED"})),
        ("scenario", scenario({"kind": "headers", "set": {"X-A": "1"}, "remove": ["ETag"]})),
    ],
)
def test_what_is_good_is_good_to_both(name: str, value: Any) -> None:
    assert (taken(name, value), refused(name, value)) == (True, [])


@pytest.mark.parametrize("effect", [yaml.safe_load(each.example) for each in ALL], ids=lambda effect: effect["kind"])
def test_every_effect_is_in_the_schema_of_a_scenario(effect: dict[str, Any]) -> None:
    if "file" not in effect:
        assert refused("scenario", scenario(effect)) == []


def test_each_kind_of_effect_is_offered() -> None:
    parts = schemas.schema("scenario")["$defs"].values()
    told = [part["properties"]["kind"] for part in parts if "kind" in part.get("properties", {})]
    offered = {kind for each in told for kind in each.get("enum", [each.get("const")])}

    assert offered == {kind for effect in ALL for kind in kinds(effect)}


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every property anywhere in a schema, with the object that it is of."""
    if isinstance(schema, dict):
        for name, each in schema.get("properties", {}).items():
            yield f"{path}.{name}", each, schema
        for name, inner in schema.items():
            yield from properties(inner, f"{path}.{name}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from properties(inner, path)


@pytest.mark.parametrize("name", schemas.WRITTEN)
def test_every_key_is_described_and_no_other_is_taken(name: str) -> None:
    made = schemas.schema(name)

    for path, each, owner in properties(made):
        part = made["$defs"].get(str(each.get("$ref", "")).rpartition("/")[2], {})
        is_kind = path.endswith(".kind")
        assert each.get("description") or part.get("description") or is_kind, path
        assert owner["additionalProperties"] is False, path
        assert "title" not in each, path


def test_an_editor_offers_the_interactions_that_are_known() -> None:
    offered = schemas.schema("registry")["$defs"]["SystemEntry"]["properties"]["sends"]["items"]["examples"]

    assert {each.id for each in KNOWN} <= set(offered)
    assert all(re.search("^[!-\x7f]+$", each) for each in offered)


@pytest.mark.parametrize("name", schemas.NAMES)
def test_the_command_prints_it(name: str) -> None:
    told = CliRunner().invoke(cli, ["schema", name])

    assert told.exit_code == 0
    assert json.loads(told.output) == schemas.schema(name)


def test_the_command_tells_which_there_are() -> None:
    wrong = CliRunner().invoke(cli, ["schema", "registrry"])
    help_ = CliRunner().invoke(cli, ["schema", "--help"])

    assert wrong.exit_code == 2
    for name in schemas.NAMES:
        assert repr(name) in wrong.output
        assert name in help_.output


TEXTS = st.sampled_from(
    [
        "",
        "*",
        "a",
        "1",
        "1e3",
        "-0",
        " 7 ",
        "1_0",
        "true",
        "a.b",
        "A1",
        "a:1",
        "[::1]:1",
        "x\n",
        "22:30",
        "é",
        "\0",
        "/",
    ]
)
ATOMS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | st.text(max_size=8)
VALUES = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2), max_leaves=4
)
GOOD: dict[str, list[Any]] = {
    "emulator": [as_json(yaml.safe_load((TOP / "config" / "emulator.yaml").read_text()))],
    "registry": [as_json(yaml.safe_load((TOP / "config" / "registry.yaml").read_text()))],
    "scenario": [
        *(as_json(yaml.safe_load(path.read_text())) for path in SCENARIOS),
        *(scenario(yaml.safe_load(each.example)) for each in ALL),
        scenario(when={"window": {"from": "22:30"}, "ttl_s": 1, "seed": 1}, match={"header": {"A": "*"}, "to": "1"}),
    ],
}  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a value: what holds it, and its key there."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def like(name: str, key: Any) -> list[Any]:
    """What the good documents have by a key."""
    return [holder[known] for good in GOOD[name] for holder, known in places(good) if known == key] or [None]


@st.composite
def altered(draw: st.DrawFn, name: str) -> Any:
    """A good document in which one or two values are gone, or others: any, or what another good one has by that key."""
    value = copy.deepcopy(draw(st.sampled_from(GOOD[name])))
    for _ in range(draw(st.integers(1, 2))):
        holder, key = draw(st.sampled_from(list(places(value))))
        if draw(st.integers(0, 9)) == 0:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(draw(VALUES | st.sampled_from(like(name, key))))
    return value


@pytest.mark.parametrize("name", schemas.WRITTEN)
def test_what_a_schema_refuses_the_emulator_refuses(name: str) -> None:
    seen = set()

    @settings(max_examples=250, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(altered(name))
    def holds(value: Any) -> None:
        is_refused, is_taken = bool(refused(name, value)), taken(name, value)
        assert not (is_refused and is_taken)
        seen.add(is_refused)

    holds()
    assert seen == {True, False}
