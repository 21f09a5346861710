"""`ssp-emulator smoke` and `health` as real processes: what they say when all is well, and when it is not."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from support import setup
from support.processes import ours, started

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Bench

    from ssp_emulator.pki.folder import CertificateFolder


@dataclass
class Reached:
    """A bench with the URL of its admin API."""

    bench: Bench
    admin: str

    @property
    def where(self) -> tuple[str, ...]:
        """What tells `smoke` where the emulator is."""
        return ("--proxy", f"127.0.0.1:{self.bench.emulator.port}", "--admin", self.admin)


@pytest.fixture
async def reached(bench: Bench) -> Reached:
    """The demo provider and the emulator, and where they are."""
    assert bench.emulator.process.stdout is not None
    said = (await bench.emulator.process.stdout.readline()).decode()
    return Reached(bench, said.removeprefix("Admin API: ").strip())


async def test_it_retrieves_the_document_and_shows_the_trail(reached: Reached) -> None:
    ended = await ours(reached.bench.folder, "smoke", *reached.where)

    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert lines[:2] == [
        f"Ready: the emulator at {reached.admin}.",
        f"Ready: the provider at 127.0.0.1:{reached.bench.provider.port}.",
    ]
    assert "200 OK: a document" in lines
    assert "agreement    pass" in ended.out
    assert lines[-2:] == ["The audit trail is sound, with 1 of its records kept.", "Smoke test passed."]


async def test_it_fails_where_the_proxy_refuses(reached: Reached) -> None:
    rule = reached.bench.folder / "rule.yaml"
    rule.write_text("name: closed\neffect: {kind: unavailable}\n")
    assert (await ours(reached.bench.folder, "fault", "add", "rule.yaml", "--admin", reached.admin)).code == 0
    ended = await ours(reached.bench.folder, "smoke", *reached.where)

    assert ended.code == 1
    assert ended.err.startswith("error: the answer was 50")
    assert "Smoke test passed" not in ended.out


async def test_it_fails_where_the_trail_was_altered(reached: Reached) -> None:
    before = await ours(reached.bench.folder, "smoke", *reached.where)
    (journal,) = reached.bench.folder.rglob("journal.jsonl")
    text = journal.read_bytes()
    with journal.open("r+b") as file:
        file.write(text.replace(b'"status":200', b'"status":201', 1))
    ended = await ours(reached.bench.folder, "smoke", *reached.where)

    assert before.code == 0
    assert b'"status":200' in text
    assert ended.code == 1
    assert ended.err.startswith("error: the audit trail is not sound: ")


async def test_it_gives_up_where_no_provider_comes(reached: Reached) -> None:
    await reached.bench.provider.end()
    ended = await ours(reached.bench.folder, "smoke", *reached.where, "--timeout", "0.3")

    provider = f"127.0.0.1:{reached.bench.provider.port}"
    assert ended.code == 1
    assert ended.err == f"error: not ready in time: no provider serves at {provider}: connection refused\n"


@pytest.mark.parametrize("command", ["smoke", "health"])
async def test_they_say_that_no_emulator_answers(bench: Bench, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    more = ("--timeout", "0.1", "--proxy", "127.0.0.1:1") if command == "smoke" else ()
    ended = await ours(bench.folder, command, "--admin", f"http://127.0.0.1:{port}", *more)

    assert (ended.code, ended.out) == (1, "")
    assert f"no emulator answers at http://127.0.0.1:{port}: connection refused" in ended.err


async def test_both_are_healthy(reached: Reached) -> None:
    emulator = await ours(reached.bench.folder, "health", "--admin", reached.admin)
    provider = await ours(reached.bench.folder, "health", "--provider", f"127.0.0.1:{reached.bench.provider.port}")

    assert (emulator.code, emulator.out, emulator.err) == (0, "Healthy.\n", "")
    assert (provider.code, provider.out, provider.err) == (0, "Healthy.\n", "")
    ended = await reached.bench.provider.end()
    assert ended.err == ""  # being asked every few seconds fills no log


async def test_a_provider_that_does_not_serve_is_not_healthy(bench: Bench) -> None:
    await bench.provider.end()
    where = f"127.0.0.1:{bench.provider.port}"
    ended = await ours(bench.folder, "health", "--provider", where)

    assert (ended.code, ended.err) == (1, f"error: no provider serves at {where}: connection refused\n")


async def test_a_provider_of_another_authority_is_not_healthy(bench: Bench, tmp_path: Path) -> None:
    assert (await ours(tmp_path, "certs", "init", "--certs", "others")).code == 0
    where = f"127.0.0.1:{bench.provider.port}"
    ended = await ours(tmp_path, "health", "--provider", where, "--certs", "others")

    assert ended.code == 1
    assert ended.err.startswith(f"error: no provider serves at {where}: ")
    assert "certificate verify failed" in ended.err


async def test_a_provider_is_not_met_without_certificates(tmp_path: Path) -> None:
    ended = await ours(tmp_path, "health", "--provider", "127.0.0.1:1")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "error: the proxy's certificate in certs cannot be used: no such file or directory; "
        "`ssp-emulator provider` makes it where there is none\n"
    )


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            {
                "status": "not ready",
                "parts": {"proxy": {"ready": True}, "journal": {"ready": False, "reason": "it is full"}},
            },
            "journal: it is full",
        ),
        ({"parts": []}, "it said 503"),
        ([], "it said 503"),
    ],
)
async def test_an_emulator_that_is_not_ready_says_why(tmp_path: Path, body: object, why: str) -> None:
    said = json.dumps(body).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /health/ready HTTP/1.1\r\n")
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        ended = await ours(tmp_path, "health", "--admin", f"http://127.0.0.1:{port}")

    assert (ended.code, ended.out, ended.err) == (1, "", f"error: not ready: {why}\n")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--admin", "8440"), """--admin: should be as in "http://127.0.0.1:8440", found '8440'"""),
        (
            ("--admin", "http://127.0.0.1"),
            """--admin: should be "host:port", such as "localhost:8443", found '127.0.0.1'""",
        ),
        (("--provider", "9443"), """--provider: should be "host:port", such as "localhost:8443", found '9443'"""),
    ],
)
async def test_an_address_that_is_none(tmp_path: Path, options: tuple[str, ...], problem: str) -> None:
    ended = await ours(tmp_path, "health", *options)

    assert (ended.code, ended.out, ended.err) == (2, "", f"error: {problem}\n")


async def test_the_environments_token_is_the_token_of_both_sides(
    tmp_path: Path, certificates: CertificateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSP_EMULATOR_ADMIN_TOKEN", "abcdefghij-12345")
    setup.write(tmp_path / "config", certificates, 9)
    async with started(tmp_path, "up") as emulator:
        assert emulator.process.stdout is not None
        admin = (await emulator.process.stdout.readline()).decode().removeprefix("Admin API: ").strip()
        with_it = await ours(tmp_path, "fault", "list", "--admin", admin)
        elsewhere = await ours(certificates.root, "fault", "list", "--admin", admin)
        monkeypatch.delenv("SSP_EMULATOR_ADMIN_TOKEN")
        without = await ours(tmp_path, "fault", "list", "--admin", admin)

    assert (with_it.code, with_it.out) == (0, "No fault rule is in force.\n")
    assert (elsewhere.code, elsewhere.out) == (0, "No fault rule is in force.\n")
    assert without.code == 1
    assert "should show the token" in without.err


@pytest.mark.parametrize("command", [("up",), ("check",), ("fault", "list")])
async def test_a_bad_token_in_the_environment_is_named_and_not_shown(
    tmp_path: Path, certificates: CertificateFolder, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SSP_EMULATOR_ADMIN_TOKEN", "too short")
    setup.write(tmp_path / "config", certificates, 9)
    ended = await ours(tmp_path, *command)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: the environment variable SSP_EMULATOR_ADMIN_TOKEN should hold 16 or more letters, digits and any of "
        "-._~+/ and nothing else\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["config"]
