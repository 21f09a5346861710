"""The proxy connects to what the registry names and to nothing else, whatever a request or an answer says.

Seen from outside, on a trap that every trick leads to, and from inside, by an audit hook of the interpreter: without
passing it no connection is made and no name looked up.

Source: Spine Core SSP implementation guide, "Forwarding" (the target has to be the registered endpoint); RFC 9110, 7.6
(a proxy's choice of the next hop), 10.2.2 and 15.4 (redirects are the client's to follow); RFC 7838 (Alt-Svc).
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.running import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder

HOST = "gp.example.nhs.uk"
REST = f"{setup.ROOT.removeprefix(f'https://{HOST}')}/Binary/1"
LOOK_UPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")


@dataclass
class Seen:
    """What the process did on the network while it was watched: where it connected or sent to, what it looked up."""

    addresses: set[tuple[Any, ...]] = field(default_factory=set)
    names: set[Any] = field(default_factory=set)


class Watch:
    """The audit hook; it cannot be taken out again, so there is one, and it notes nothing unless somebody looks."""

    def __init__(self) -> None:
        self._seen: Seen | None = None
        self._installed = False

    @contextmanager
    def looking(self) -> Iterator[Seen]:
        """Note what happens in this block."""
        if not self._installed:
            sys.addaudithook(self._note)
            self._installed = True
        self._seen = seen = Seen()
        try:
            yield seen
        finally:
            self._seen = None

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._seen is None:
            return
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            self._seen.addresses.add(arguments[1])
        elif event in LOOK_UPS:
            self._seen.names.add(arguments[0])


WATCH = Watch()


@dataclass
class Trap:
    """A listener that nobody is to reach; `{trap}` in a text becomes its port."""

    port: int = 0
    connections: int = 0

    def lured(self, text: str) -> str:
        """Return a text with the trap in it."""
        return text.replace("{trap}", str(self.port))

    async def spring(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count a connection, and close it."""
        self.connections += 1
        writer.close()


@pytest.fixture
async def trap() -> AsyncIterator[Trap]:
    """A trap on this machine."""
    made = Trap()
    async with await asyncio.start_server(made.spring, "127.0.0.1", 0) as server:
        made.port = server.sockets[0].getsockname()[1]
        yield made


async def watched(ssp: Running, trap: Trap, *requests: bytes) -> tuple[list[Answer], Seen]:
    """Send requests to the proxy on one connection, and return the answers and what happened for them."""
    wire = await ssp.wire()
    with WATCH.looking() as seen:
        answers = [await wire.ask(request) for request in requests]
    assert trap.connections == 0
    assert seen.names == set()
    return answers, seen


async def test_the_watch_and_the_trap_see_what_they_are_there_to_see(trap: Trap) -> None:
    with WATCH.looking() as seen:
        reader, writer = await asyncio.open_connection("localhost", trap.port, family=socket.AF_INET)
        await reader.read()
        writer.close()

    assert seen == Seen({("127.0.0.1", trap.port)}, {"localhost"})
    assert trap.connections == 1


@pytest.mark.parametrize(
    "target",
    [
        "/https://127.0.0.1:{trap}" + REST,
        "/https://localhost:{trap}" + REST,
        "/https://127.1:{trap}" + REST,
        "/https://2130706433:{trap}" + REST,
        "/https://0x7f000001:{trap}" + REST,
        "/https://[::1]:{trap}" + REST,
        "/https://[::ffff:127.0.0.1]:{trap}" + REST,
        f"/https://{HOST}:{{trap}}{REST}",
        f"/https://{HOST}:443{REST}",
        f"/https://{HOST}:0{REST}",
        f"/https://{HOST}:{REST}",
        f"/https://{HOST}.{REST}",
        f"/https://{HOST}.localhost:{{trap}}{REST}",
        f"/https://{HOST.upper()}{REST}",
        f"/https://{HOST}@127.0.0.1:{{trap}}{REST}",
        f"/https://{HOST}:443@127.0.0.1:{{trap}}{REST}",
        f"/https://127.0.0.1:{{trap}}@{HOST}{REST}",
        f"/https://127.0.0.1:{{trap}}%23@{HOST}{REST}",
        f"/https://127.0.0.1:{{trap}}%2F@{HOST}{REST}",
        f"/https://127.0.0.1:{{trap}}\\@{HOST}{REST}",
        f"/https://{HOST}%40127.0.0.1:{{trap}}{REST}",
        f"/https://{HOST}%2E127.0.0.1:{{trap}}{REST}",
        f"/https://{HOST}%00.localhost:{{trap}}{REST}",
        f"/https://{HOST}%0d%0aHost:%20127.0.0.1:{{trap}}{REST}",
        f"/https:///127.0.0.1:{{trap}}/{HOST}{REST}",
        f"/https:\\\\127.0.0.1:{{trap}}{REST}",
        f"/https%3A%2F%2F127.0.0.1%3A{{trap}}{REST}",
        f"/https%3A%2F%2F{HOST}%40127.0.0.1%3A{{trap}}{REST}",
        f"/https%253A%252F%252F127.0.0.1%253A{{trap}}{REST}",
        f"/http://127.0.0.1:{{trap}}{REST}",
        f"/{setup.ROOT}/../../../../../https://127.0.0.1:{{trap}}{REST}",
        f"/{setup.ROOT}/%2e%2e/Binary/1",
        f"/{setup.ROOT}#@127.0.0.1:{{trap}}/",
        f"//127.0.0.1:{{trap}}{REST}",
        f"https://127.0.0.1:{{trap}}{REST}",
        f"https://127.0.0.1:{{trap}}/{setup.ROOT}/Binary/1",
        f"http://{HOST}@127.0.0.1:{{trap}}/{setup.ROOT}/Binary/1",
    ],
)
async def test_a_target_that_is_not_registered_leads_nowhere(
    ssp: Running, provider: StubProvider, trap: Trap, target: str
) -> None:
    (answer,), seen = await watched(ssp, trap, ssp.request(target=trap.lured(target)))

    assert answer.status == 400
    assert seen.addresses == set()
    assert provider.connections == 0


async def test_a_tunnel_leads_nowhere(ssp: Running, provider: StubProvider, trap: Trap) -> None:
    asked = ssp.request(method="CONNECT", target=f"127.0.0.1:{trap.port}")

    (answer,), seen = await watched(ssp, trap, asked)

    assert answer.status == 405
    assert seen.addresses == set()
    assert provider.connections == 0


@pytest.mark.parametrize(
    "rest",
    [
        "/Binary/1?url=https://127.0.0.1:{trap}/",
        "/https://127.0.0.1:{trap}/Binary/1",
        "//127.0.0.1:{trap}/Binary/1",
        "/@127.0.0.1:{trap}/Binary/1",
        "?@127.0.0.1:{trap}/",
        "/%0d%0aHost:%20127.0.0.1:{trap}",
    ],
)
async def test_what_stands_below_the_registered_root_goes_to_the_provider(
    ssp: Running, provider: StubProvider, trap: Trap, rest: str
) -> None:
    (answer,), seen = await watched(ssp, trap, ssp.request(target=trap.lured(f"/{setup.ROOT}{rest}")))

    assert answer.status == 200
    assert seen.addresses == {("127.0.0.1", provider.port)}
    assert provider.received[0].all("Host") == [HOST]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "127.0.0.1:{trap}"),
        ("Host", "localhost:{trap}"),
        ("Host", "[::1]:{trap}"),
        ("Host", ""),
        ("Forwarded", 'for=127.0.0.1;host="127.0.0.1:{trap}";proto=https'),
        ("X-Forwarded-Host", "127.0.0.1:{trap}"),
        ("X-Forwarded-For", "127.0.0.1:{trap}"),
        ("X-Forwarded-Port", "{trap}"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Prefix", "//127.0.0.1:{trap}"),
        ("X-Host", "127.0.0.1:{trap}"),
        ("X-HTTP-Host-Override", "127.0.0.1:{trap}"),
        ("X-Original-Host", "127.0.0.1:{trap}"),
        ("X-Original-URL", "https://127.0.0.1:{trap}/"),
        ("X-Rewrite-URL", "https://127.0.0.1:{trap}/"),
        ("X-Real-IP", "127.0.0.1:{trap}"),
        ("Alt-Used", "127.0.0.1:{trap}"),
        ("Destination", "https://127.0.0.1:{trap}/"),
        ("Location", "https://127.0.0.1:{trap}/"),
        ("Refresh", "0; url=https://127.0.0.1:{trap}/"),
        ("Proxy-Connection", "127.0.0.1:{trap}"),
        ("Upgrade", "127.0.0.1:{trap}"),
        ("Via", "1.1 127.0.0.1:{trap}"),
        ("Connection", "Host"),
        ("Max-Forwards", "0"),
    ],
)
async def test_no_field_of_a_request_leads_elsewhere(
    ssp: Running, provider: StubProvider, trap: Trap, name: str, value: str
) -> None:
    changes: dict[str, Any] = (
        {"Host": trap.lured(value)} if name == "Host" else {"fields": ((name, trap.lured(value)),)}
    )

    (answer,), seen = await watched(ssp, trap, ssp.request(**changes))

    assert answer.status == 200
    assert seen.addresses == {("127.0.0.1", provider.port)}
    assert provider.received[0].all("Host") == [HOST]


REDIRECTS = [f"{status} Go\r\nLocation: https://127.0.0.1:{{trap}}/" for status in (300, 301, 302, 303, 305, 307, 308)]
HINTS = [
    "302 Go\r\nLocation: //localhost:{trap}/",
    "302 Go\r\nLocation: /",
    "201 Created\r\nLocation: https://127.0.0.1:{trap}/",
    "200 OK\r\nContent-Location: https://127.0.0.1:{trap}/",
    "200 OK\r\nRefresh: 0; url=https://127.0.0.1:{trap}/",
    '200 OK\r\nAlt-Svc: http/1.1=":{trap}"; persist=1',
    '200 OK\r\nAlt-Svc: h2="localhost:{trap}", h3=":{trap}"',
    "200 OK\r\nLink: <https://127.0.0.1:{trap}/>; rel=preload",
    "421 Misdirected Request\r\nHost: 127.0.0.1:{trap}",
    "503 Busy\r\nRetry-After: 0",
    "407 Who\r\nProxy-Authenticate: Basic",
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("head", REDIRECTS + HINTS, ids=lambda head: head.replace("\r\n", " "))
async def test_an_answer_that_points_elsewhere_comes_back_unchanged_and_is_not_followed(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider, trap: Trap, head: str, method: str
) -> None:
    pointing = trap.lured(head)
    provider.answer = f"HTTP/1.1 {pointing}\r\nContent-Length: 2\r\n\r\n".encode() + b"go"
    # No connection is kept, so that each request shows anew where its own leads.
    async with running(tmp_path, certificates, provider.port, providers={"kept_connections": 0}) as ssp:
        body = {"fields": (("Content-Length", "4"),), "body": b"body"} if method == "POST" else {}

        answers, seen = await watched(ssp, trap, ssp.request(method=method, **body), ssp.request())

    start, *pointers = pointing.split("\r\n")
    for answer in answers:
        assert (f"{answer.status} {answer.phrase}", answer.body) == (start, b"go")
        assert [f"{name}: {value}" for name, value in answer.fields][: len(pointers)] == pointers
    assert seen.addresses == {("127.0.0.1", provider.port)}
    assert provider.connections == 2
    assert [received.start.split(" ")[0] for received in provider.received] == [method, "GET"]


async def test_no_proxy_of_the_environment_is_asked(
    ssp: Running, provider: StubProvider, trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
        monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{trap.port}")

    (answer,), seen = await watched(ssp, trap, ssp.request())

    assert (answer.status, answer.body) == (200, b"ok")
    assert seen.addresses == {("127.0.0.1", provider.port)}
