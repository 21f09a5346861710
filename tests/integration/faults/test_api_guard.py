"""Who may speak to the admin API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs
from support.api import OFF, PROBLEM, SLOW, in_force, is_problem, write_scenario
from support.caller import Caller
from support.running import running
from support.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.running import Running
    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


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


async def test_an_expectation_is_judged_after_whoever_has_it(api: Caller) -> None:
    stranger = await api.ask("GET", "/faults", Host="evil.example", Expect="a miracle")
    known = await api.ask("GET", "/faults", Expect="a miracle")
    waiting = await api.ask("PUT", "/faults/a", {"effect": SLOW}, Expect="100-continue")

    assert (stranger.status, stranger.interim) == (421, [])
    is_problem(known, 417, "Expectation Failed", "Expect should be 100-continue, or not be there")
    assert (waiting.status, waiting.interim) == (201, [100])


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


@pytest.mark.parametrize(
    ("first", "second"),
    [(TOKEN, TOKEN), (TOKEN, "another-0123456789"), ("another-0123456789", TOKEN)],
    ids=["the token twice", "the token first", "the token last"],
)
async def test_who_shows_two_tokens_is_not_let_in(with_token: Running, first: str, second: str) -> None:
    api = Caller(with_token.emulator.admin_address)
    asking = api.request("GET", "/faults", Host="127.0.0.1", Authorization=f"Bearer {first}")
    wire = await Wire.open(api.address.port, None)
    refused = await wire.ask(
        asking.replace(b"Authorization:", f"Authorization: Bearer {second}\r\nAuthorization:".encode(), 1)
    )
    await wire.close()

    is_problem(refused, 401, "Unauthorized", "this is not the token")
    assert refused.one("WWW-Authenticate") == 'Bearer realm="ssp-emulator", error="invalid_token"'


async def test_beyond_loopback_any_host_is_good_and_no_other_origin(with_token: Running) -> None:
    api = Caller(with_token.emulator.admin_address)
    everywhere = api.address.host == "0.0.0.0"
    bearer = f"Bearer {TOKEN}"

    named = await api.ask("GET", "/faults", Host="ssp.example:8440", Authorization=bearer)
    foreign = await api.ask("GET", "/faults", Host="localhost", Origin="http://evil.example", Authorization=bearer)

    assert named.status == (200 if everywhere else 421)
    assert foreign.status == 403
