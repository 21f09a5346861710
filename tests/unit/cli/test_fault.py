"""The `fault` commands against servers that are no emulator, and configurations that lead to none."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from ssp_emulator.cli.fault import fault
from ssp_emulator.cli.ruling import facts, row
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

TOKEN = "0123456789abcdef"
RULE: dict[str, Any] = {
    "name": "slow",
    "effect": {"kind": "latency", "delay_ms": 400.0, "jitter_ms": 0.5},
    "scenario": None,
    "since": "2026-11-22T22:30:00.000Z",
    "expires_in_s": None,
    "counts": {"matched": 3, "fired": 2, "asked": 1},
}
HEAD, TAIL = ("slow", "latency"), ("3", "2", "1")


class Recording(BaseHTTPRequestHandler):
    """Answers what the test says, and keeps what it was asked."""

    server: Answering

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.asked.append((f"{self.command} {self.path}", dict(self.headers), body))
        self.send_response(self.server.status)
        for name, value in self.server.fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 - names of the standard library

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Answering(HTTPServer):
    """A server on a free port of this machine."""

    def __init__(self, status: int, body: bytes, fields: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Recording)
        self.status, self.body, self.fields = status, body, fields
        self.asked: list[tuple[str, dict[str, str], bytes]] = []


@contextmanager
def answering(status: int = 200, body: bytes = b'{"seed": 0, "faults": []}', **fields: str) -> Iterator[Answering]:
    server = Answering(status, body, fields)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(fault, arguments, input=text)


def configured(folder: Path, text: str) -> list[str]:
    path = folder / "emulator.yaml"
    path.write_text(text)
    return ["--config", str(path)]


def at(server: Answering) -> list[str]:
    return ["--admin", f"http://127.0.0.1:{server.server_port}", "--config", "nowhere.yaml"]


def test_it_asks_where_the_configuration_says_and_shows_its_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    with answering() as server:
        listen = f"0.0.0.0:{server.server_port}"
        ended = run("list", *configured(tmp_path, f"admin: {{listen: '{listen}', token: token}}\n"))

    ((line, headers, body),) = server.asked
    assert (ended.exit_code, ended.output) == (0, "No fault rule is in force.\n")
    assert (line, body) == ("GET /api/v1/faults", b"")
    assert headers["Host"] == f"127.0.0.1:{server.server_port}"
    assert headers["Authorization"] == f"Bearer {TOKEN}"


def test_where_there_is_no_token_none_is_shown() -> None:
    with answering() as server:
        run("list", *at(server))

    assert "Authorization" not in server.asked[0][1]


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with answering() as server:
        ended = run("list", *at(server))

    assert (ended.exit_code, len(server.asked)) == (0, 1)


def test_a_name_stays_one_step_of_the_path() -> None:
    with answering(404, b'{"title": "Not Found", "detail": "no rule"}') as server:
        for arguments in (["show", "../a b?x#y"], ["remove", "a/b"], ["apply", "../../etc"]):
            ended = run(*arguments, *at(server))
            assert (ended.exit_code, ended.stderr) == (1, "error: no rule\n")

    assert [line for line, _, _ in server.asked] == [
        "GET /api/v1/faults/..%2Fa%20b%3Fx%23y",
        "DELETE /api/v1/faults/a%2Fb",
        "POST /api/v1/scenarios/..%2F..%2Fetc/apply",
    ]


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b"<html>", "what answers at {url} is no emulator's admin API: it said 200"),
        (404, b"not found", "what answers at {url} is no emulator's admin API: it said 404"),
        (404, b"[]", "what answers at {url} is no emulator's admin API: it said 404"),
        (302, b"<html>", "what answers at {url} is no emulator's admin API: it said 302"),
        (302, b'{"faults": []}', "what answers at {url} is no emulator's admin API: it said 302"),
        (200, b"{}", "what answers at {url} is no emulator's admin API: it said 200"),
        (200, b'{"faults": null}', "what answers at {url} is no emulator's admin API: it said 200"),
        (200, b"[]", "what answers at {url} is no emulator's admin API: it said 200"),
        (200, b"", "what answers at {url} is no emulator's admin API: it said 200"),
        (200, b"[" * 100_000, "what answers at {url} is no emulator's admin API: it said 200"),
        (400, b'{"title": 5, "errors": []}', "what answers at {url} is no emulator's admin API: it said 400"),
        (
            400,
            b'{"title": "Bad", "errors": [{"x": 1}]}',
            "what answers at {url} is no emulator's admin API: it said 400",
        ),
        (400, b'{"title": "Bad \\u001b[31m"}', "Bad \\x1b[31m"),
        (500, b'{"title": "Internal Server Error"}', "Internal Server Error"),
        (409, b'{"title": "Conflict", "detail": "in force\\nalready"}', "in force already"),
    ],
)
def test_an_answer_that_is_none_of_an_emulators(status: int, body: bytes, message: str) -> None:
    with answering(status, body) as server:
        ended = run("list", *at(server))

    expected = message.format(url=f"http://127.0.0.1:{server.server_port}")
    assert (ended.exit_code, ended.stdout, ended.stderr) == (1, "", f"error: {expected}\n")


def test_a_server_that_speaks_no_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        greeting = threading.Thread(target=greet)
        greeting.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        ended = run("list", "--admin", url, "--config", "nowhere.yaml")
        greeting.join()

    assert (ended.exit_code, ended.stderr) == (1, f"error: what answers at {url} is no emulator: BadStatusLine\n")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("127.0.0.1:8440", "--admin should be as in \"http://127.0.0.1:8440\", found '127.0.0.1:8440'"),
        ("https://127.0.0.1:8440", "--admin should be as in \"http://127.0.0.1:8440\", found 'https://127.0.0.1:8440'"),
        ("http://a:b@c:1", "--admin should be as in \"http://127.0.0.1:8440\", found 'http://a:b@c:1'"),
        ("http://c:1/api/v1", "--admin should be as in \"http://127.0.0.1:8440\", found 'http://c:1/api/v1'"),
        ("http://localhost", '--admin: should be "host:port", such as "localhost:8443", found \'localhost\''),
        ("http://c:99999", '--admin: should be "host:port", such as "localhost:8443", found \'c:99999\''),
    ],
)
def test_an_address_that_is_none(url: str, message: str) -> None:
    ended = run("list", "--admin", url)

    assert (ended.exit_code, ended.stderr) == (2, f"error: {message}\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("admin: {listen: }", "there is no admin API in the configuration: admin.listen is empty"),
        ("admin: {listen: '127.0.0.1:0'}", "admin.listen of {file} is any free port: say with --admin which"),
    ],
)
def test_a_configuration_that_leads_nowhere(tmp_path: Path, text: str, message: str) -> None:
    ended = run("list", *configured(tmp_path, text))

    expected = message.format(file=tmp_path / "emulator.yaml")
    assert (ended.exit_code, ended.stderr) == (2, f"error: {expected}\n")


def test_without_an_address_the_configuration_has_to_be_there() -> None:
    with pytest.raises(InvalidFileError, match=r"nowhere\.yaml: cannot be read"):
        CliRunner().invoke(fault, ["list", "--config", "nowhere.yaml"], catch_exceptions=False)


def test_rules_go_out_as_they_are_and_what_is_wrong_with_them_comes_back_with_its_line(tmp_path: Path) -> None:
    problem = {
        "title": "Unprocessable Content",
        "errors": [{"key": "rules[1].effect.delay_ms", "message": "is wrong\x1b[31m"}],
    }
    rules = "- name: a\n  effect: {kind: x}\n- name: b\n  effect:\n    delay_ms: 1\n"
    with answering(422, json.dumps(problem).encode()) as server:
        ended = run("add", "-", "--replace", *at(server), text=rules)

    assert (ended.exit_code, ended.stderr) == (2, "error: <stdin>:5: [1].effect.delay_ms: is wrong\\x1b[31m\n")
    assert json.loads(server.asked[0][2]) == {
        "rules": [{"name": "a", "effect": {"kind": "x"}}, {"name": "b", "effect": {"delay_ms": 1}}],
        "replace": True,
    }


def test_standard_input_that_is_no_text() -> None:
    with answering() as server:
        ended = CliRunner().invoke(fault, ["add", "-", *at(server)], input=b"\xff")

    assert (ended.exit_code, ended.stderr) == (2, "error: <stdin>: is not UTF-8 text: byte 0\n")
    assert server.asked == []


def test_a_scenario_that_is_not_good_is_named_beside_the_others() -> None:
    listed = {
        "scenarios": [{"name": "s", "description": "d", "rules": ["a", "b"]}],
        "problems": [
            {"file": "x.yaml", "line": 2, "key": "name", "message": "is missing"},
            {"file": "y.yaml", "line": None, "key": "", "message": "cannot be read"},
        ],
    }
    with answering(body=json.dumps(listed).encode()) as server:
        ended = run("scenarios", *at(server))

    assert (ended.exit_code, ended.stderr) == (0, "error: x.yaml:2: name: is missing\nerror: y.yaml: cannot be read\n")
    assert [line.split() for line in ended.stdout.splitlines()] == [
        ["Scenario", "Description", "Rules"],
        ["s", "d", "a,", "b"],
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (*HEAD, "everything", "each time", *TAIL, "-", "never")),
        (
            {"match": {"from": "2*", "header": {"X-Run": "42"}}, "when": {"probability": 0.5, "times": 3}},
            (*HEAD, 'from 2*, header {"X-Run": "42"}', "probability 0.5, times 3", *TAIL, "-", "never"),
        ),
        ({"scenario": "s", "expires_in_s": 59.6}, (*HEAD, "everything", "each time", *TAIL, "s", "in 60 s")),
    ],
)
def test_a_rule_as_a_row(changes: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert row({**RULE, **changes}) == expected


def test_a_rule_as_lines() -> None:
    rule = {**RULE, "description": "for people", "expires_in_s": 1.5, "when": {"sequence": ["apply", "pass"]}}

    assert facts(rule) == [
        ("Name", "slow"),
        ("Description", "for people"),
        ("Matches", "everything"),
        ("When", 'sequence ["apply", "pass"]'),
        ("Effect", "kind latency, delay_ms 400, jitter_ms 0.5"),
        ("Scenario", "-"),
        ("Since", "2026-11-22T22:30:00.000Z"),
        ("Expires", "in 1.5 s"),
        ("Counts", "matched 3, fired 2, asked 1"),
    ]
