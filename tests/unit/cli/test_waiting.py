"""`wait` against servers that come late, are not ready, or are no emulator."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from ssp_emulator.cli.calling import Api, UnansweredError
from ssp_emulator.cli.waiting import wait
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

Said = tuple[int, bytes]


def health(reason: str | None = None) -> Said:
    """Return what an emulator says that is ready, or is not for a reason."""
    part: dict[str, Any] = {"ready": reason is None}
    if reason is not None:
        part["reason"] = reason
    ready = reason is None
    said = {"status": "ready" if ready else "not ready", "parts": {"proxy": {"ready": True}, "journal": part}}
    return 200 if ready else 503, json.dumps(said).encode()


class Saying(BaseHTTPRequestHandler):
    """Says the next of what the test has it say; the last again and again."""

    server: Answering

    def do_GET(self) -> None:
        server = self.server
        server.asked.append((self.path, dict(self.headers)))
        status, body = server.said.pop(0) if len(server.said) > 1 else server.said[0]
        if status == 0:
            return  # not a word
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Answering(HTTPServer):
    """A server on a free port of this machine."""

    def __init__(self, said: list[Said]) -> None:
        super().__init__(("127.0.0.1", 0), Saying)
        self.said = said
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def answering(*said: Said) -> Iterator[Answering]:
    server = Answering(list(said))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(wait, arguments)


def at(url: str, timeout: str = "0") -> list[str]:
    return ["--admin", url, "--config", "nowhere.yaml", "--timeout", timeout]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_it_is_ready_at_once() -> None:
    with answering(health()) as server:
        ended = run(*at(server.url))

    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, f"Ready: the emulator at {server.url}.\n", "")
    ((path, headers),) = server.asked
    assert path == "/health/ready"
    assert "Authorization" not in headers


def test_what_is_not_well_is_told_though_it_is_ready() -> None:
    said = {"status": "ready", "parts": {"journal": {"ready": True, "warning": "3 requests are not recorded\x1b"}}}
    with answering((200, json.dumps(said).encode())) as server:
        ended = run(*at(server.url))

    assert (ended.exit_code, ended.stdout) == (0, f"Ready: the emulator at {server.url}.\n")
    assert ended.stderr == "warning: journal: 3 requests are not recorded\\x1b\n"


def test_it_waits_until_every_part_is_ready() -> None:
    with answering(health("not yet"), health("not yet"), (0, b""), health()) as server:
        ended = run(*at(server.url, "30"))

    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, f"Ready: the emulator at {server.url}.\n", "")
    assert len(server.asked) == 4


def test_what_is_not_ready_is_named_with_its_reason() -> None:
    with answering(health("no space\nis left\x1b[31m")) as server:
        ended = run(*at(server.url))

    expected = "error: not ready after 0 s: journal: no space is left\\x1b[31m\n"
    assert (ended.exit_code, ended.stdout, ended.stderr) == (1, "", expected)
    assert len(server.asked) == 1


def test_where_nobody_listens_it_says_how_to_start_one() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    ended = run(*at(url, "0.05"))

    expected = f"no emulator answers at {url}: connection refused; start one with `ssp-emulator up`"
    assert (ended.exit_code, ended.stderr) == (1, f"error: not ready after 0.05 s: {expected}\n")


def test_it_waits_for_one_that_listens_later() -> None:
    port = free_port()
    server = Answering.__new__(Answering)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))

    def start(_: float) -> None:
        """Be the sleep between two tries, in which an emulator starts."""
        if not thread.is_alive():
            server.server_bind()
            server.server_activate()
            thread.start()

    HTTPServer.__init__(server, ("127.0.0.1", port), Saying, bind_and_activate=False)
    server.said, server.asked = [health()], []
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("ssp_emulator.cli.waiting.time.sleep", start)
            ended = run(*at(f"http://127.0.0.1:{port}", "30"))
    finally:
        if thread.is_alive():
            server.shutdown()
            thread.join()
        server.server_close()

    assert (ended.exit_code, ended.stdout) == (0, f"Ready: the emulator at http://127.0.0.1:{port}.\n")


READY, NOT_READY = health()[1], health("x")[1]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"{}"),
        (200, b"[]"),
        (200, b""),
        (200, b'{"parts": []}'),
        (200, b'{"parts": {"proxy": true}}'),
        (200, b'{"parts": {"proxy": {"ready": "yes"}}}'),
        (200, NOT_READY),
        (503, READY),
        (404, READY),
        (302, b""),
        (503, b'{"title": "Service Unavailable"}'),
        (200, b"[" * 100_000),
    ],
)
def test_another_service_is_no_emulator(status: int, body: bytes) -> None:
    with answering((status, body)) as server:
        ended = run(*at(server.url))

    expected = f"what answers at {server.url} is no emulator's admin API: it said {status}"
    assert (ended.exit_code, ended.stdout, ended.stderr) == (1, "", f"error: not ready after 0 s: {expected}\n")


@contextmanager
def doing(what: Callable[[socket.socket], object]) -> Iterator[str]:
    """Do something with each connection, and lend the URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.setblocking(True)
                    what(connection)

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            serving.join()


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def greet(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (reset, "the emulator at {url} did not answer: connection reset by peer"),
        (greet, "what answers at {url} is no emulator: BadStatusLine"),
        (lambda connection: connection.recv(1000), "the emulator at {url} did not answer: remote end closed"),
        (
            lambda connection: connection.recv(1) and threading.Event().wait(0.3),
            "the emulator at {url} did not answer: ",
        ),
    ],
    ids=["reset", "another protocol", "closed", "silent"],
)
def test_a_connection_that_comes_to_nothing(what: Callable[[socket.socket], object], said: str) -> None:
    with doing(what) as url:
        ended = run(*at(url, "0.01"))

    assert ended.exit_code == 1
    assert ended.stderr.startswith(f"error: not ready after 0.01 s: {said.format(url=url)}")
    assert len(ended.stderr.splitlines()) == 1


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(READY)


@pytest.mark.parametrize("at_once", [HEAD[:9], HEAD], ids=["head", "body"])
def test_an_answer_that_drips_is_not_waited_for_longer_than_was_asked(at_once: bytes) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(at_once)
        left = (HEAD + READY)[len(at_once) :]
        with suppress(ConnectionError):
            for place in range(len(left)):  # each of them well within the time, and all of them far from it
                threading.Event().wait(0.05)
                connection.sendall(left[place : place + 1])

    with doing(drip) as url:
        ended = run(*at(url, "0.3"))

    expected = f"error: not ready after 0.3 s: the emulator at {url} did not answer: timed out\n"
    assert (ended.exit_code, ended.stdout, ended.stderr) == (1, "", expected)


@pytest.mark.parametrize(
    ("head", "before", "after"),
    [
        (b"", b"", b""),
        (b"Content-Length: %d\r\n" % (1 << 40), b"", b""),
        (b"Transfer-Encoding: chunked\r\n", b"100000\r\n", b"\r\n"),
    ],
    ids=["until it closes", "long", "chunked"],
)
def test_an_answer_without_an_end_does_not_fill_the_memory(head: bytes, before: bytes, after: bytes) -> None:
    sent: list[bytes] = []

    def pour(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        with suppress(ConnectionError):
            while len(sent) < 128:
                connection.sendall(before + bytes(1 << 20) + after)
                sent.append(before)

    with doing(pour) as url, pytest.raises(UnansweredError) as raised:
        Api(url, None).readiness(30)

    assert str(raised.value) == f"what answers at {url} is no emulator: its answer is larger than 32 MiB"
    assert 32 <= len(sent) < 128


def test_an_answer_that_is_cut_off_is_no_answer() -> None:
    def cut(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(HEAD + READY[:-1])

    with doing(cut) as url:
        ended = run(*at(url))

    expected = f"what answers at {url} is no emulator: IncompleteRead"
    assert (ended.exit_code, ended.stderr) == (1, f"error: not ready after 0 s: {expected}\n")


@pytest.mark.parametrize(("said", "code"), [(health(), 0), (health("no space"), 1)])
def test_for_programs_it_says_what_the_emulator_said(said: Said, code: int) -> None:
    with answering(said) as server:
        ended = run(*at(server.url), "--json")

    told = json.loads(ended.stdout)
    assert (ended.exit_code, ended.stderr.count("\n")) == (code, code)
    assert told.pop("waited_s") >= 0
    assert told == {"ready": code == 0, "url": server.url, "health": json.loads(said[1])}


def test_for_programs_it_says_that_nobody_has_answered() -> None:
    ended = run(*at(f"http://127.0.0.1:{free_port()}"), "--json")

    told = json.loads(ended.stdout)
    assert (ended.exit_code, told["ready"], told["health"]) == (1, False, None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--timeout", "-1"], "-1.0 is not in the range 0<=x<=86400"),
        (["--timeout", "1e9"], "is not in the range"),
        (["--timeout", "inf"], "is not in the range"),
        (["--timeout", "soon"], "'soon' is not a valid float"),
        (["--timeout", "nan", "--admin", "http://127.0.0.1:1"], "--timeout should be a number of seconds, found nan"),
        (["--admin", "https://127.0.0.1:8440"], '--admin should be as in "http://127.0.0.1:8440"'),
        (["now"], "unexpected extra argument"),
    ],
)
def test_bad_usage(arguments: list[str], said: str) -> None:
    ended = run(*arguments)

    assert ended.exit_code == 2
    assert said in ended.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("admin: {listen: }", "there is no admin API in the configuration: admin.listen is empty"),
        ("admin: {listen: '127.0.0.1:0'}", "admin.listen of {file} is any free port: say with --admin which"),
    ],
)
def test_a_configuration_that_leads_nowhere(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "emulator.yaml"
    path.write_text(text)
    ended = run("--config", str(path))

    assert (ended.exit_code, ended.stderr) == (2, f"error: {message.format(file=path)}\n")


def test_without_an_address_the_configuration_has_to_be_there() -> None:
    with pytest.raises(InvalidFileError, match=r"nowhere\.yaml: cannot be read"):
        CliRunner().invoke(wait, ["--config", "nowhere.yaml"], catch_exceptions=False)


def test_it_needs_no_token(tmp_path: Path) -> None:
    with answering(health()) as server:
        path = tmp_path / "emulator.yaml"
        path.write_text(f"admin: {{listen: '127.0.0.1:{server.server_port}', token: not-there-yet}}\n")
        ended = run("--config", str(path), "--timeout", "0")

    assert (ended.exit_code, ended.stderr) == (0, "")
