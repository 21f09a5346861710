"""Rules as they are read: every range, every name, and what each message says would be right."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from ssp_emulator.faults.rule import Rule

LATENCY, STALL = {"kind": "latency", "delay_ms": 400}, {"kind": "handshake-stall"}


def rule(**changes: Any) -> Rule:
    return Rule.model_validate({"name": "slow", "effect": LATENCY, **changes})


def problem(**changes: Any) -> tuple[str, str]:
    """Where the only thing that is wrong with a rule stands, and what is said of it."""
    with pytest.raises(ValidationError) as refused:
        rule(**changes)
    (error,) = refused.value.errors()
    return ".".join(str(key) for key in error["loc"]), error["msg"]


def test_the_rule_of_the_interface_is_read() -> None:
    read = Rule.model_validate(
        yaml.safe_load(
            """
            name: slow-documents
            match: {from: "200000000115", to: "*", interaction: "*:documents:*", method: GET, target: "*/Binary/*",
                    trace_id: "*", header: {X-Test-Run: "42"}}
            when: {probability: 0.5, skip: 1, times: 3}
            effect: {kind: latency, delay_ms: 400, jitter_ms: 50, distribution: normal}
            """
        )
    )
    assert (read.when.probability, read.when.skip, read.when.times) == (0.5, 1, 3)
    assert read.match.patterns == {
        "from": "200000000115",
        "interaction": "*:documents:*",
        "method": "GET",
        "target": "*/Binary/*",
    }
    assert read.match.header == {"X-Test-Run": "42"}


@pytest.mark.parametrize("name", ["a", "0", "a" * 64, "slow-documents", "a.b_c-9"])
def test_a_name_that_is_taken(name: str) -> None:
    assert rule(name=name).name == name


@pytest.mark.parametrize("name", ["", "a" * 65, "Slow", "-a", "a-", "a b", "a,b", "a/b", "a\n", "ä", "."])
def test_a_name_that_is_not(name: str) -> None:
    where, what = problem(name=name)
    assert where == "name"
    assert 'as in "slow-documents"' in what
    assert f"found {name!r}" in what


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("probability", 0),
        ("probability", 1),
        ("probability", 0.3),
        ("skip", 0),
        ("skip", 1_000_000_000),
        ("times", 1),
        ("times", 1_000_000_000),
        ("sequence", ["pass"]),
        ("sequence", ["apply"] * 10_000),
        ("ttl_s", 0.001),
        ("ttl_s", 31_536_000),
        ("seed", 0),
        ("seed", 2**63 - 1),
    ],
)
def test_the_ends_of_each_range_are_in_it(key: str, value: object) -> None:
    assert getattr(rule(when={key: value}).when, key) == value


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("probability", 1.2, "less than or equal to 1"),
        ("probability", -0.1, "greater than or equal to 0"),
        ("probability", float("nan"), "finite number"),
        ("probability", "0.3", "valid number"),
        ("probability", True, "valid number"),
        ("skip", -1, "greater than or equal to 0"),
        ("skip", 1_000_000_001, "less than or equal to 1000000000"),
        ("skip", 1.0, "valid integer"),
        ("times", 0, "greater than or equal to 1"),
        ("times", 1_000_000_001, "less than or equal to 1000000000"),
        ("times", True, "valid integer"),
        ("sequence", [], "at least 1 item"),
        ("sequence", ["apply"] * 10_001, "at most 10000 items"),
        ("ttl_s", 0, "greater than 0"),
        ("ttl_s", 31_536_001, "less than or equal to 31536000"),
        ("ttl_s", float("inf"), "finite number"),
        ("seed", -1, "greater than or equal to 0"),
        ("seed", 2**63, "less than 9223372036854775808"),
        ("repeat", 1, "valid boolean"),
        ("repeat", True, "repeat should stand beside a sequence only"),
        ("chance", 0.5, "not permitted"),
    ],
)
def test_what_is_out_of_range_is_refused_by_its_key(key: str, value: object, said: str) -> None:
    where, what = problem(when={key: value})
    assert where.startswith("when")
    assert said in what


def test_a_step_of_a_sequence_is_refused_by_its_place() -> None:
    where, what = problem(when={"sequence": ["apply", "fail"]})
    assert where == "when.sequence.1"
    assert "'apply' or 'pass'" in what


@pytest.mark.parametrize("beside", [{"probability": 1.0}, {"skip": 0}, {"times": 2}])
def test_a_sequence_stands_alone_even_beside_defaults(beside: dict[str, Any]) -> None:
    _, what = problem(when={"sequence": ["apply"], **beside})
    assert "should have a sequence, or probability, skip and times, and not both" in what


@pytest.mark.parametrize(
    ("change", "where", "said"),
    [
        ({"match": {"from": 200000000115}}, "match.from", "valid string"),
        ({"match": {"from_asid": "1"}}, "match.from_asid", "not permitted"),
        ({"match": {"target": "*" * 501}}, "match.target", "at most 500 characters"),
        ({"match": {"header": {"X-Run": "4" * 501}}}, "match.header.X-Run", "at most 500 characters"),
        ({"match": {"target": "?" * 21}}, "match.target", "should have at most 20 question marks, found 21"),
        ({"match": {"header": {"X-Run": 42}}}, "match.header.X-Run", "valid string"),
        ({"match": {"header": {"X Run": "42"}}}, "match.header.X Run.[key]", "name of a header field, found 'X Run'"),
        ({"match": {"header": {"": "42"}}}, "match.header..[key]", "name of a header field, found ''"),
        ({"match": {"header": {"X-Run\n": "42"}}}, "match.header.X-Run\n.[key]", "name of a header field"),
        ({"description": "a" * 1001}, "description", "at most 1000 characters"),
        ({"enabled": True}, "enabled", "not permitted"),
        ({"effect": {"kind": "lightning"}}, "effect", "'lightning'"),
        ({"effect": {"kind": "latency", "delay_ms": -1}}, "effect.latency.delay_ms", "greater than or equal to 0"),
        ({"effect": {"kind": "latency", "delay_ms": 3_600_001}}, "effect.latency.delay_ms", "equal to 3600000"),
        ({"effect": {"kind": "latency"}}, "effect.latency.delay_ms", "required"),
        ({"effect": {"kind": "latency", "delay_ms": 1, "delay_s": 1}}, "effect.latency.delay_s", "not permitted"),
        ({"effect": {"kind": "truncate", "after_bytes": 1.5}}, "effect.truncate.after_bytes", "valid integer"),
    ],
)
def test_anything_else_that_is_wrong_is_refused_by_its_key(change: dict[str, Any], where: str, said: str) -> None:
    found, what = problem(**change)
    assert found == where
    assert said in what


@pytest.mark.parametrize("missing", ["name", "effect"])
def test_a_rule_has_a_name_and_an_effect(missing: str) -> None:
    whole = {"name": "slow", "effect": LATENCY}
    del whole[missing]
    with pytest.raises(ValidationError, match="Field required") as refused:
        Rule.model_validate(whole)
    assert [error["loc"] for error in refused.value.errors()] == [(missing,)]


def test_a_rule_cannot_be_changed() -> None:
    read = rule()
    with pytest.raises(ValidationError, match="frozen"):
        read.name = "other"
    with pytest.raises(ValidationError, match="frozen"):
        read.when.probability = 0.1


@pytest.mark.parametrize(
    "match", [{}, {"client": "192.0.2.*"}, {"sni": "localhost"}, {"client": "*", "sni": "a*", "from": "*"}]
)
def test_before_a_request_is_read_client_and_host_name_can_be_matched(match: dict[str, str]) -> None:
    assert rule(match=match, effect=STALL).effect.kind == "handshake-stall"


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ({"from": "2*", "sni": "a*"}, "from"),
        ({"header": {"X-Run": "*"}}, "X-Run"),
        ({"organisation": "A1001", "target": "?"}, "target, organisation"),
    ],
)
def test_before_a_request_is_read_nothing_else_can_be_matched(match: dict[str, Any], found: str) -> None:
    where, what = problem(match=match, effect=STALL)
    assert where == ""
    assert f"handshake-stall happens before a request is read: match only client and sni, found {found}" in what


@pytest.mark.parametrize(
    "written",
    [
        {"name": "slow", "effect": LATENCY},
        {"name": "gone", "effect": {"kind": "certificate-error", "reason": "REVOKED"}},
        {
            "name": "cut",
            "description": "in words",
            "match": {"from": "2*", "header": {"X-Run": "4?"}, "sni": "localhost"},
            "when": {"sequence": ["apply", "pass"], "repeat": True, "ttl_s": 1.5, "seed": 7},
            "effect": {"kind": "truncate", "after_bytes": 10, "close_notify": False},
        },
        {
            "name": "by-night",
            "when": {"probability": 0.25, "skip": 2, "times": 3, "window": {"from": "22:30:00", "until": "06:00:00"}},
            "effect": {"kind": "provider-error", "code": "PATIENT_NOT_FOUND"},
        },
        {
            "name": "once",
            "when": {"window": {"from": "2026-11-22T22:30:00Z"}},
            "effect": LATENCY,
        },
    ],
    ids=lambda written: written["name"],
)
def test_a_rule_is_written_as_it_was_read(written: dict[str, Any]) -> None:
    read = Rule.model_validate(written)
    assert read.written() == written
    assert Rule.model_validate_json(json.dumps(written)) == read
