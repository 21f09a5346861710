"""What is no good call of the admin API: bodies that are not JSON, paths, methods and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs
from support.api import NOT_VALID, OFF, SLOW, in_force, is_problem, write_scenario

if TYPE_CHECKING:
    from support.caller import Caller
    from support.running import Running


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

    errors = [{"key": "limit", "message": "is not known here"}]
    is_problem(refused, 400, "Bad Request", "these query parameters are known here: none; found limit", errors=errors)
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
