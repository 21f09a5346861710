"""The admin API's fault part over real sockets: what it answers, and that it acts on the very next request."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from structlog.testing import capture_logs
from support import setup
from support.caller import Caller
from support.clocks import MovableClock
from support.running import Running, running
from support.wire import PATIENCE_S, Wire

from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.stub import StubProvider
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder

SLOW = {"kind": "latency", "delay_ms": 1}
OFF = {"kind": "unavailable"}
PROBLEM = "application/problem+json"
NO_NAME = (
    "should be 1 to 64 lower-case letters, digits, dots, hyphens or underscores, as in \"slow-documents\", found '{}'"
)
NOT_VALID = "the body is not valid; nothing has changed"


@pytest.fixture
def api(ssp: Running) -> Caller:
    """A caller of the running emulator's admin API."""
    return Caller(ssp.emulator.admin_address)


def in_force(ssp: Running) -> list[str]:
    return [armed.rule.name for armed in ssp.emulator.faults]


def is_problem(answer: Answer, status: int, title: str, detail: str | None, **more: Any) -> None:
    """Assert that an answer is that problem, and all of it."""
    assert (answer.status, answer.one("Content-Type")) == (status, PROBLEM)
    expected = {"type": "about:blank", "title": title, "status": status, **more}
    assert answer.json() == (expected if detail is None else {**expected, "detail": detail})
    assert answer.one("Cache-Control") == "no-store"


def write_scenario(ssp: Running, name: str, *rules: dict[str, Any], **changes: Any) -> Path:
    folder = ssp.plan.configuration.fault_context.folder
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"name": name, "description": f"Of {name}", "rules": list(rules), **changes}))
    return path


# What it answers


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
    is_problem(taken, 409, "Conflict", "in force already: b; replace it, or take another name")
    is_problem(one_taken, 409, "Conflict", "in force already: a; replace it, or take another name")
    assert before["effect"]["kind"] == "unavailable"
    assert (replaced.status, replaced.json()["faults"][0]["effect"]["kind"]) == (200, "latency")
    assert in_force(ssp) == ["a", "b"]


async def test_all_are_lifted_at_once(ssp: Running, api: Caller) -> None:
    await api.ask("POST", "/faults", {"rules": [{"name": name, "effect": SLOW} for name in "abc"]})

    lifted = await api.ask("DELETE", "/faults")
    again = await api.ask("DELETE", "/faults")

    assert (lifted.status, lifted.json()) == (200, {"lifted": 3})
    assert again.json() == {"lifted": 0}
    assert in_force(ssp) == []


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


# What it refuses


BAD_RULES = [
    (
        {"name": "x", "effect": {"kind": "latencey", "delay_ms": 1}},
        "effect.kind",
        "there is no 'latencey'; did you mean latency?",
    ),
    ({"name": "x", "effect": {"delay_ms": 1}}, "effect.kind", "is missing"),
    ({"name": "x"}, "effect", "is missing"),
    (
        {"name": "x", "effect": {"kind": "latency", "delay_ms": -1}},
        "effect.delay_ms",
        "should be greater than or equal to 0, found -1",
    ),
    (
        {"name": "x", "when": {"probability": 1.2}, "effect": SLOW},
        "when.probability",
        "should be less than or equal to 1, found 1.2",
    ),
    ({"name": "x", "wen": {}, "effect": SLOW}, "wen", "is not a key here; did you mean when?"),
    (
        {"name": "x", "effect": {"kind": "body", "file": "nowhere.json"}},
        "effect",
        "cannot read nowhere.json: no such file",
    ),
    ({"effect": SLOW}, "name", "is missing"),
    ([], "", "should be keys with their values, found []"),
    ("slow", "", "should be keys with their values, found 'slow'"),
    (None, "", "should be keys with their values, found None"),
]


@pytest.mark.parametrize(("rule", "key", "message"), BAD_RULES)
async def test_a_bad_rule_is_refused_by_key_and_value_and_changes_nothing(
    ssp: Running, api: Caller, rule: Any, key: str, message: str
) -> None:
    await api.ask("POST", "/faults", {"name": "kept", "effect": SLOW})

    refused = await api.ask("POST", "/faults", rule)

    is_problem(refused, 422, "Unprocessable Content", NOT_VALID, errors=[{"key": key, "message": message}])
    assert in_force(ssp) == ["kept"]


@pytest.mark.parametrize(("rule", "key", "message"), BAD_RULES)
async def test_one_bad_rule_among_several_keeps_all_out(
    ssp: Running, api: Caller, rule: Any, key: str, message: str
) -> None:
    refused = await api.ask("POST", "/faults", {"rules": [{"name": "good", "effect": SLOW}, rule]})

    error = {"key": f"rules[1].{key}".rstrip("."), "message": message}
    is_problem(refused, 422, "Unprocessable Content", NOT_VALID, errors=[error])
    assert in_force(ssp) == []


@pytest.mark.parametrize(("rule", "key", "message"), [case for case in BAD_RULES if case[1] != "name"])
async def test_a_bad_replacement_leaves_the_rule_as_it_was_counts_and_all(
    ssp: Running, api: Caller, rule: Any, key: str, message: str
) -> None:
    await api.ask("PUT", "/faults/x", {"effect": SLOW})
    await ssp.ask()
    before = (await api.ask("GET", "/faults/x")).json()

    refused = await api.ask("PUT", "/faults/x", rule)

    is_problem(refused, 422, "Unprocessable Content", NOT_VALID, errors=[{"key": key, "message": message}])
    assert (await api.ask("GET", "/faults/x")).json() == before
    assert before["counts"]["fired"] == 1


@pytest.mark.parametrize(
    ("path", "value", "key", "message"),
    [
        ("/faults/x", {"name": "y", "effect": SLOW}, "name", "should be that of the path, 'x', or left out, found 'y'"),
        ("/faults/x", {"name": 1, "effect": SLOW}, "name", "should be that of the path, 'x', or left out, found 1"),
        (
            "/faults/X%2F..",
            {"effect": SLOW},
            "name",
            NO_NAME.format("X/.."),
        ),
    ],
)
async def test_a_name_that_is_not_that_of_the_path(
    ssp: Running, api: Caller, path: str, value: Any, key: str, message: str
) -> None:
    refused = await api.ask("PUT", path, value)

    is_problem(refused, 422, "Unprocessable Content", NOT_VALID, errors=[{"key": key, "message": message}])
    assert in_force(ssp) == []


@pytest.mark.parametrize(
    ("value", "key", "message"),
    [
        ({"rules": []}, "rules", "should have at least 1 item after validation, not 0, found []"),
        ({"rules": {}}, "rules", "should be a valid list, found {}"),
        (
            {"rules": [{"name": "a", "effect": SLOW}], "name": "b"},
            "name",
            "is not a key here; these are: replace, rules",
        ),
        (
            {"rules": [{"name": "a", "effect": SLOW}, {"name": "a", "effect": OFF}]},
            "",
            "should have each rule once, found a more than once",
        ),
        ({"rules": [{"name": "a", "effect": SLOW}], "replace": 1}, "replace", "should be a valid boolean, found 1"),
    ],
)
async def test_several_rules_in_a_wrong_form(ssp: Running, api: Caller, value: Any, key: str, message: str) -> None:
    refused = await api.ask("POST", "/faults", value)

    is_problem(refused, 422, "Unprocessable Content", NOT_VALID, errors=[{"key": key, "message": message}])
    assert in_force(ssp) == []


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (b"", "the body is not JSON: Expecting value, at line 1, column 1"),
        (b'{"name":', "the body is not JSON: Expecting value, at line 1, column 9"),
        (b'{"name": "a", "name": "b"}', "the body is not JSON: the key 'name' stands twice; keep one"),
        (b'{"when": {"probability": NaN}}', "the body is not JSON: NaN is not JSON"),
        (b'{"when": {"probability": -Infinity}}', "the body is not JSON: -Infinity is not JSON"),
        (b'{"when": {"times": ' + b"9" * 5000 + b"}}", "the body is not JSON: a number is too long"),
        (b"[" * 65 + b"]" * 65, "the body is not JSON: nested more than 64 deep"),
        (b"[" * 500_000, "the body is not JSON: nested more than 64 deep"),
        (b'{"name": "caf\xe9"}', "the body is not UTF-8: byte 13"),
        (
            b"\xef\xbb\xbf{}",
            "the body is not JSON: Unexpected UTF-8 BOM (decode using utf-8-sig), at line 1, column 1",
        ),
        (
            b"{'name': 'a'}",
            "the body is not JSON: Expecting property name enclosed in double quotes, at line 1, column 2",
        ),
    ],
    ids=["empty", "cut", "twice", "NaN", "Infinity", "long", "deep", "very deep", "latin-1", "BOM", "quotes"],
)
async def test_a_body_that_is_no_json(ssp: Running, api: Caller, raw: bytes, detail: str) -> None:
    is_problem(await api.ask("POST", "/faults", raw=raw), 400, "Bad Request", detail)
    assert in_force(ssp) == []


async def test_a_number_beyond_all_floats_is_refused_by_its_key(api: Caller) -> None:
    raw = b'{"name": "a", "effect": {"kind": "latency", "delay_ms": 1e999}}'
    refused = await api.ask("POST", "/faults", raw=raw)

    assert (refused.status, refused.json()["errors"][0]["key"]) == (422, "effect.delay_ms")


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        (None, "Content-Type should be application/json, found none"),
        ("text/plain", "Content-Type should be application/json, found text/plain"),
        (
            "application/x-www-form-urlencoded",
            "Content-Type should be application/json, found application/x-www-form-urlencoded",
        ),
        ("application/json; charset=latin-1", "application/json is in UTF-8; leave charset out"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/faults"), ("PUT", "/faults/a"), ("POST", "/scenarios/outage/apply")]
)
async def test_a_body_that_is_not_said_to_be_json(
    ssp: Running, api: Caller, method: str, path: str, kind: str | None, detail: str
) -> None:
    write_scenario(ssp, "outage", {"name": "a", "effect": OFF})

    refused = await api.ask(method, path, {"name": "a", "effect": SLOW}, Content_Type=kind)

    is_problem(refused, 415, "Unsupported Media Type", detail)
    assert in_force(ssp) == []


async def test_a_form_with_nothing_in_it_is_refused_where_no_body_is_needed(ssp: Running, api: Caller) -> None:
    write_scenario(ssp, "outage", {"name": "a", "effect": OFF})
    kind = "application/x-www-form-urlencoded"

    refused = await api.ask("POST", "/scenarios/outage/apply", raw=b"", Content_Type=kind)

    is_problem(refused, 415, "Unsupported Media Type", f"Content-Type should be application/json, found {kind}")
    assert in_force(ssp) == []


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"'])
async def test_json_may_say_that_it_is_in_utf_8(api: Caller, kind: str) -> None:
    assert (await api.ask("PUT", "/faults/a", {"effect": SLOW}, Content_Type=kind)).status == 201


async def test_a_body_that_is_packed(api: Caller) -> None:
    refused = await api.ask("PUT", "/faults/a", {"effect": SLOW}, Content_Encoding="gzip")

    is_problem(refused, 415, "Unsupported Media Type", "the body should have no Content-Encoding, found gzip")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/faults", "DELETE, GET, HEAD, POST"),
        ("PUT", "/faults", "DELETE, GET, HEAD, POST"),
        ("POST", "/faults/a", "DELETE, GET, HEAD, PUT"),
        ("OPTIONS", "/faults/a", "DELETE, GET, HEAD, PUT"),
        ("DELETE", "/scenarios", "GET, HEAD"),
        ("GET", "/scenarios/a/apply", "POST"),
    ],
)
async def test_a_method_that_a_path_does_not_know(api: Caller, method: str, path: str, allowed: str) -> None:
    refused = await api.ask(method, path)

    is_problem(refused, 405, "Method Not Allowed", f"this path knows {allowed}")
    assert refused.one("Allow") == allowed


@pytest.mark.parametrize(
    "path", ["", "/", "/fault", "/faults/", "/faults/a/b", "/scenarios/../../etc/passwd/apply", "/scenarios//apply"]
)
async def test_a_path_that_there_is_not(api: Caller, path: str) -> None:
    is_problem(await api.ask("GET", path), 404, "Not Found", "there is nothing at this path")


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


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/faults?limit=1"),
        ("DELETE", "/faults?limit=1"),
        ("GET", "/faults/a?limit=1"),
        ("GET", "/scenarios?limit="),
    ],
)
async def test_a_query_parameter_that_would_not_be_heeded(ssp: Running, api: Caller, method: str, path: str) -> None:
    await api.ask("PUT", "/faults/a", {"effect": SLOW})

    refused = await api.ask(method, path)

    is_problem(refused, 400, "Bad Request", "these query parameters are known here: none; found limit")
    assert in_force(ssp) == ["a"]


async def test_manner_of_a_scenario_that_is_not_valid(ssp: Running, api: Caller) -> None:
    write_scenario(ssp, "outage", {"name": "a", "effect": OFF})
    refused = await api.ask("POST", "/scenarios/outage/apply", {"only": "yes"})

    errors = [{"key": "only", "message": "should be a valid boolean, found 'yes'"}]
    is_problem(refused, 422, "Unprocessable Content", NOT_VALID, errors=errors)
    assert in_force(ssp) == []


async def test_a_defect_says_nothing_of_itself_to_the_caller(
    ssp: Running, api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(ssp.emulator.faults, "get", broken)
    with capture_logs() as logs:
        failed = await api.ask("GET", "/faults/a")

    is_problem(failed, 500, "Internal Server Error", "this is a defect of ssp-emulator; its log says more")
    assert [(entry["event"], entry["error"]) for entry in logs] == [
        ("a call failed: this is a defect", "ZeroDivisionError")
    ]


# That it acts


async def test_a_change_acts_on_the_very_next_request_of_a_connection(ssp: Running, api: Caller) -> None:
    wire = await ssp.wire()
    statuses = [(await wire.ask(ssp.request())).status]
    await api.ask("PUT", "/faults/off", {"effect": OFF})
    statuses.append((await wire.ask(ssp.request())).status)
    await api.ask("PUT", "/faults/off", {"effect": {"kind": "bad-gateway"}})
    statuses.append((await wire.ask(ssp.request())).status)
    await api.ask("DELETE", "/faults/off")
    statuses.append((await wire.ask(ssp.request())).status)

    assert statuses == [200, 503, 502, 200]


async def test_a_request_that_began_before_a_change_ends_as_it_was_chosen(
    ssp: Running, api: Caller, provider: StubProvider
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            await go_on.wait()
            writer.write(provider.answer)

    provider.play = play
    body = b"x" * 1000
    provider.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + body
    await api.ask("PUT", "/faults/cut", {"effect": {"kind": "truncate", "after_bytes": 10}})
    wire = await ssp.wire()
    await wire.send(ssp.request())
    await asked.wait()
    await api.ask("PUT", "/faults/cut", {"effect": {"kind": "truncate", "after_bytes": 500}})
    await api.ask("DELETE", "/faults")
    go_on.set()
    head = await wire.head()
    rest = await wire.reader.read()
    after = await ssp.ask()

    assert (head.one("Content-Length"), rest) == ("1000", body[:10])
    assert after.body == body
    assert [[fault["rule"] for fault in record["faults"]] for record in ssp.records()] == [["cut"], []]


async def test_changes_are_in_the_log_by_name_only(ssp: Running, api: Caller) -> None:
    write_scenario(ssp, "outage", {"name": "a", "effect": OFF})
    with capture_logs() as logs:
        await api.ask("POST", "/faults", {"name": "slow", "description": "a secret", "effect": SLOW})
        await api.ask("DELETE", "/faults/slow")
        await api.ask("POST", "/scenarios/outage/apply")
        await api.ask("DELETE", "/faults")

    assert [(entry["event"], entry.get("rules", entry.get("scenario"))) for entry in logs] == [
        ("fault rules in force", ["slow"]),
        ("fault rules lifted", ["slow"]),
        ("scenario in force", "outage"),
        ("every fault rule lifted", 1),
    ]
    assert "a secret" not in str(logs)


# Crowds and attacks


async def test_fifty_replacements_at_once_leave_one_of_them_whole(ssp: Running, api: Caller) -> None:
    def rule(number: int) -> dict[str, Any]:
        header = {f"X-{place}": str(number) for place in range(20)}
        return {
            "description": str(number),
            "match": {"header": header},
            "effect": {"kind": "latency", "delay_ms": number},
        }

    seen = []

    async def watch() -> None:
        while True:
            seen.append(await api.ask("GET", "/faults/x"))

    await api.ask("PUT", "/faults/x", rule(0))
    watching = asyncio.create_task(watch())
    answers = await asyncio.gather(*(api.ask("PUT", "/faults/x", rule(number)) for number in range(1, 51)))
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    last = (await api.ask("GET", "/faults/x")).json()

    assert {answer.status for answer in answers} == {200}
    assert seen
    for shown in (*(answer.json() for answer in (*answers, *seen)), last):
        number = int(shown["description"])
        assert shown["effect"].get("delay_ms") == number
        assert shown["match"]["header"] == rule(number)["match"]["header"]
    assert [int(answer.json()["description"]) for answer in answers] == list(range(1, 51))


async def test_two_hundred_calls_at_once(ssp: Running, api: Caller) -> None:
    made = await asyncio.gather(
        *(api.ask("POST", "/faults", {"name": f"r{number % 100}", "effect": SLOW}) for number in range(200))
    )

    assert sorted(answer.status for answer in made) == [201] * 100 + [409] * 100
    assert sorted(in_force(ssp)) == sorted(f"r{number}" for number in range(100))


async def test_a_body_that_says_it_is_too_large_is_not_read(ssp: Running, api: Caller) -> None:
    refused = await api.ask("POST", "/faults", raw=b"", Content_Length=str((1 << 20) + 1))

    is_problem(refused, 413, "Content Too Large", "the body should have 1048576 bytes at most")
    assert refused.one("Connection") == "close"


async def test_a_body_that_grows_too_large(ssp: Running, api: Caller) -> None:
    wire = await Wire.open(api.address.port, None)
    head = api.request("POST", "/faults", raw=b"", Content_Length=None, Transfer_Encoding="chunked")
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    await wire.send(head + piece * 17)

    refused = await wire.answer()

    is_problem(refused, 413, "Content Too Large", "the body should have 1048576 bytes at most")
    await wire.close()


async def test_the_largest_body_is_taken(ssp: Running, api: Caller) -> None:
    rule = json.dumps({"effect": SLOW}).encode()

    assert (await api.ask("PUT", "/faults/a", raw=rule.ljust(1 << 20))).status == 201


async def test_no_end_of_wrong_keys_is_said_at_no_end_and_keeps_nobody_waiting(ssp: Running, api: Caller) -> None:
    many = {f"key{number}": 0 for number in range(50_000)}
    refusing = asyncio.create_task(api.ask("POST", "/faults", many))
    others = [(await api.ask("GET", "/faults")).status for _ in range(5)]
    refused = await refusing

    assert (refused.status, len(refused.json()["errors"])) == (422, 100)
    assert others == [200] * 5


async def test_a_body_that_breaks_off_changes_nothing(ssp: Running, api: Caller) -> None:
    wire = await Wire.open(api.address.port, None)
    with capture_logs() as logs:
        await wire.send(api.request("POST", "/faults", raw=b"", Content_Length="100") + b'{"name": "a"')
        await wire.close()
        assert (await api.ask("GET", "/faults")).json()["faults"] == []

    assert logs == []


async def test_chunks_that_are_none(ssp: Running, api: Caller) -> None:
    wire = await Wire.open(api.address.port, None)
    head = api.request("POST", "/faults", raw=b"", Content_Length=None, Transfer_Encoding="chunked")

    refused = await wire.ask(head + b"2\r\n{}\r\nzz\r\n")

    assert (refused.status, refused.one("Content-Type")) == (400, PROBLEM)
    assert in_force(ssp) == []
    await wire.close()


async def test_a_body_that_is_said_to_be_two_things(ssp: Running, api: Caller) -> None:
    wire = await Wire.open(api.address.port, None)
    refused = await wire.ask(
        api.request("PUT", "/faults/a", {"effect": SLOW}).replace(
            b"Content-Length", b"Content-Type: text/plain\r\nContent-Length"
        )
    )

    assert (refused.status, refused.one("Content-Type")) == (400, PROBLEM)
    assert in_force(ssp) == []
    await wire.close()


async def test_who_sends_nothing_keeps_nobody_from_stopping(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port) as ssp:
        api = Caller(ssp.emulator.admin_address)
        silent = await Wire.open(api.address.port, None)
        slow = await Wire.open(api.address.port, None)
        await slow.send(api.request("POST", "/faults", raw=b"", Content_Length="100") + b"{")
        assert (await api.ask("GET", "/faults")).status == 200

    assert await silent.is_closed()
    await slow.reader.read()
    assert ssp.emulator.admin_address is None
    for wire in (silent, slow):
        await wire.close()


# Who may speak


HOSTS_OF_OTHERS = [
    "evil.example",
    "evil.example:8440",
    "localhost.evil.example",
    "0.0.0.0:8440",
    "x@localhost",
    "",
    "[::2]",
    "10.0.0.1",
]


@pytest.mark.parametrize("host", HOSTS_OF_OTHERS)
@pytest.mark.parametrize(("method", "path"), [("GET", "/faults"), ("DELETE", "/faults"), ("GET", "/nowhere")])
async def test_a_host_that_is_not_this_machine(ssp: Running, api: Caller, method: str, path: str, host: str) -> None:
    await api.ask("PUT", "/faults/a", {"effect": SLOW})

    refused = await api.ask(method, path, Host=host)

    is_problem(
        refused,
        421,
        "Misdirected Request",
        "the Host header should be localhost, 127.0.0.1 or [::1], with a port or without",
    )
    assert in_force(ssp) == ["a"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8440", "[::1]", "[::1]:8440"])
async def test_a_host_that_is_this_machine(api: Caller, host: str) -> None:
    assert (await api.ask("GET", "/faults", Host=host)).status == 200


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (b"GET /api/v1/faults HTTP/1.0\r\n\r\n", "should have one Host header, found 0"),
        (
            b"GET /api/v1/faults HTTP/1.1\r\n\r\n",
            "the request cannot be read as HTTP: Missing 'Host' header in request.",
        ),
        (
            b"GET /api/v1/faults HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
            "the request cannot be read as HTTP: Duplicate 'Host' header found.",
        ),
    ],
)
async def test_a_host_is_said_once(api: Caller, raw: bytes, detail: str) -> None:
    wire = await Wire.open(api.address.port, None)
    with capture_logs() as logs:
        refused = await wire.ask(raw)

    assert (refused.status, refused.one("Content-Type"), refused.json()["detail"]) == (400, PROBLEM, detail)
    assert logs == []
    await wire.close()


async def test_what_is_no_http_is_told_so(api: Caller) -> None:
    wire = await Wire.open(api.address.port, None)
    refused = await wire.ask(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")

    assert (refused.status, refused.one("Content-Type")) == (400, PROBLEM)
    assert refused.json()["detail"].startswith("the request cannot be read as HTTP: ")
    assert await wire.is_closed()
    await wire.close()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost", "http://127.0.0.1:1", ""])
async def test_a_page_of_another_origin(ssp: Running, api: Caller, origin: str) -> None:
    write_scenario(ssp, "outage", {"name": "a", "effect": OFF})

    refused = await api.ask("POST", "/scenarios/outage/apply", Origin=origin)

    is_problem(refused, 403, "Forbidden", "the Origin header is that of another site; its pages may not call here")
    assert in_force(ssp) == []
    assert not refused.all("Access-Control-Allow-Origin")


async def test_a_page_of_its_own_origin(api: Caller) -> None:
    assert (await api.ask("GET", "/faults", Origin=f"http://{api.address}")).status == 200


TOKEN = "0123456789-abcdef"


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
async def with_token(
    request: pytest.FixtureRequest, tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> AsyncIterator[Running]:
    """An emulator whose admin API asks for a token, on loopback or on every address of the machine."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    admin = {"listen": f"{request.param}:0", "token": "token"}
    async with running(tmp_path, certificates, provider.port, admin=admin) as made:
        yield made


@pytest.mark.parametrize(
    ("shown", "detail", "challenge"),
    [
        (None, "should show the token, as Authorization: Bearer …", 'Bearer realm="ssp-emulator"'),
        *(
            (wrong, "this is not the token", 'Bearer realm="ssp-emulator", error="invalid_token"')
            for wrong in (
                "",
                f"Basic {TOKEN}",
                TOKEN,
                "Bearer",
                f"Bearer {TOKEN}x",
                f"Bearer {TOKEN[:-1]}",
                "Bearer \xe9",
            )
        ),
    ],
)
@pytest.mark.parametrize("path", ["/faults", "/nowhere"])
async def test_who_does_not_show_the_token_learns_nothing(
    with_token: Running, path: str, shown: str | None, detail: str, challenge: str
) -> None:
    api = Caller(with_token.emulator.admin_address)
    with capture_logs() as logs:
        refused = await api.ask("GET", path, Host="127.0.0.1", Authorization=shown)

    is_problem(refused, 401, "Unauthorized", detail)
    assert refused.one("WWW-Authenticate") == challenge
    assert logs == []


async def test_who_shows_the_token_is_let_in(with_token: Running) -> None:
    api = Caller(with_token.emulator.admin_address)

    for scheme in ("Bearer", "bearer"):
        assert (await api.ask("GET", "/faults", Host="127.0.0.1", Authorization=f"{scheme} {TOKEN}")).status == 200
    assert TOKEN not in repr(with_token.emulator.__dict__)


async def test_beyond_loopback_any_host_is_good_and_no_other_origin(with_token: Running) -> None:
    api = Caller(with_token.emulator.admin_address)
    everywhere = api.address.host == "0.0.0.0"
    bearer = f"Bearer {TOKEN}"

    named = await api.ask("GET", "/faults", Host="ssp.example:8440", Authorization=bearer)
    foreign = await api.ask("GET", "/faults", Host="localhost", Origin="http://evil.example", Authorization=bearer)

    assert named.status == (200 if everywhere else 421)
    assert foreign.status == 403


async def test_there_is_none_where_the_configuration_has_none(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    async with running(tmp_path, certificates, provider.port, admin={"listen": None}) as ssp:
        assert ssp.emulator.admin_address is None
        assert (await ssp.ask()).status == 200


async def test_rules_from_the_configuration_are_in_force_when_it_first_answers(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    faults = {"seed": 7, "rules": [{"name": "off", "effect": OFF}]}
    async with running(tmp_path, certificates, provider.port, faults=faults) as ssp:
        listed = await Caller(ssp.emulator.admin_address).ask("GET", "/faults")

    assert listed.json()["seed"] == 7
    assert [rule["name"] for rule in listed.json()["faults"]] == ["off"]
    assert setup.CONSUMER not in listed.body.decode()


async def test_a_start_that_fails_for_its_port_leaves_the_proxys_free(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        admin, proxy = ({"listen": f"127.0.0.1:{each.getsockname()[1]}"} for each in (taken, free))
        free.close()
        with pytest.raises(InvalidFileError, match=r"admin\.listen: 127\.0\.0\.1:[0-9]+ is in use; stop what listens"):
            async with running(tmp_path, certificates, provider.port, admin=admin, proxy=proxy):
                pass

    async with running(tmp_path, certificates, provider.port, admin=admin, proxy=proxy) as ssp:
        assert (await Caller(ssp.emulator.admin_address).ask("GET", "/faults")).status == 200
        assert str(ssp.emulator.address) == proxy["listen"]


async def test_it_stops_before_requests_that_are_under_way(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await go_on.wait()
        writer.write(provider.answer)
        await writer.drain()

    provider.play = play
    async with AsyncExitStack() as stack:
        ssp = await stack.enter_async_context(
            running(tmp_path, certificates, provider.port, proxy={"drain_timeout_s": 10})
        )
        stack.callback(go_on.set)
        where = ssp.emulator.admin_address
        assert where is not None
        wire = await ssp.wire()
        await wire.send(ssp.request())
        await asked.wait()
        stopping = asyncio.create_task(ssp.emulator.__aexit__(None, None, None))
        async with asyncio.timeout(PATIENCE_S):
            while await answers(where.port):
                pass
        assert not stopping.done()
        go_on.set()
        assert (await wire.answer()).status == 200
        await stopping


async def answers(port: int) -> bool:
    """Tell whether anybody accepts a connection."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:  # refused, or reset while it waited to be accepted
        return False
    writer.close()
    return True
