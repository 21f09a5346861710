"""The admin API as it starts and stops with the emulator."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.api import OFF
from support.caller import Caller
from support.running import running
from support.wire import PATIENCE_S

from ssp_emulator.errors import SetupError
from ssp_emulator.located import InvalidFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.stub import StubProvider

    from ssp_emulator.pki.folder import CertificateFolder


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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def is_free(port: int) -> bool:
    """Tell whether nobody holds a port, listening on it or not."""
    with socket.socket() as trying:
        try:
            trying.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def a_bad_certificate(folder: CertificateFolder) -> dict[str, Any]:
    folder.ssp_server.certificate.write_text("no certificate")
    return {}


def a_bad_journal(_: CertificateFolder) -> dict[str, Any]:
    return {"audit": {"journal": "."}}


def a_bad_rule(folder: CertificateFolder) -> dict[str, Any]:
    folder.authority_sub.key.unlink()  # without which no other certificate can be issued
    return {"faults": {"rules": [{"name": "a", "effect": {"kind": "server-certificate", "fault": "expired"}}]}}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (a_bad_certificate, r"proxy\.tls: "),
        (a_bad_journal, "cannot be opened: is a directory"),
        (a_bad_rule, "server-certificate needs the emulated PKI"),
    ],
)
async def test_a_start_that_fails_later_leaves_both_ports_free(
    tmp_path: Path,
    own_certificates: CertificateFolder,
    provider: StubProvider,
    spoil: Callable[[CertificateFolder], dict[str, Any]],
    said: str,
) -> None:
    ports = free_port(), free_port()
    proxy, admin = ({"listen": f"127.0.0.1:{port}"} for port in ports)
    changes = spoil(own_certificates)

    with pytest.raises(SetupError, match=said) as refused:
        async with running(tmp_path, own_certificates, provider.port, proxy=proxy, admin=admin, **changes):
            pass

    assert refused.tb is not None  # whose frames would keep a socket alive that nobody has closed
    assert [is_free(port) for port in ports] == [True, True]


async def test_a_start_that_fails_for_the_proxys_port_leaves_the_admin_apis_free(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        admin, proxy = ({"listen": f"127.0.0.1:{each}"} for each in (port, taken.getsockname()[1]))
        with pytest.raises(InvalidFileError, match=r"proxy\.listen: 127\.0\.0\.1:[0-9]+ is in use") as refused:
            async with running(tmp_path, certificates, provider.port, admin=admin, proxy=proxy):
                pass
        assert refused.tb is not None
        assert is_free(port)


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
