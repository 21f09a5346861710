"""Addresses that cannot be listened on at start-up: each is named with its key and what to do, and exit 2."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from support import setup, walls
from support.processes import Finished, ours, run

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder

PORT = 28431  # it is only named, and never bound


def refusal(ended: Finished) -> str:
    """Return the one line of a start that was refused, without the number of the line that it names."""
    assert (ended.code, ended.out) == (2, ""), ended
    lines = ended.err.splitlines()
    assert len(lines) == 1, lines
    file, number, said = lines[0].removeprefix("error: ").split(":", 2)
    assert file == "config/emulator.yaml"
    assert number.isdecimal()
    return said.strip()


@pytest.mark.parametrize("command", ["up", "check"])
@pytest.mark.parametrize(
    ("proxy", "admin"),
    [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("[::]", "localhost")],
)
async def test_two_listeners_on_one_port(
    tmp_path: Path, certificates: CertificateFolder, command: str, proxy: str, admin: str
) -> None:
    one, other = f"{proxy}:{PORT}", f"{admin}:{PORT}"
    setup.write(tmp_path / "config", certificates, 9, proxy={"listen": one}, admin={"listen": other})

    said = refusal(await ours(tmp_path, command))

    assert said == f"admin.listen: {other} is where proxy.listen ({one}) listens; name another port"
    assert not (tmp_path / "config" / "audit").exists()


@pytest.mark.parametrize(("key", "section"), [("proxy.listen", "proxy"), ("admin.listen", "admin")])
async def test_a_provider_of_the_registry_on_our_own_port(
    tmp_path: Path, certificates: CertificateFolder, key: str, section: str
) -> None:
    setup.write(tmp_path / "config", certificates, PORT, **{section: {"listen": f"localhost:{PORT}"}})

    said = refusal(await ours(tmp_path, "up"))

    assert said == (
        f"{key}: localhost:{PORT} is where the registry has a provider listen too "
        f"(connect_to of {setup.ROOT}); name another port here or there"
    )


async def test_another_process_has_the_admin_port(tmp_path: Path, certificates: CertificateFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        setup.write(tmp_path / "config", certificates, 9, admin={"listen": f"127.0.0.1:{port}"})
        said = refusal(await ours(tmp_path, "up"))

    assert said == f"admin.listen: 127.0.0.1:{port} is in use; stop what listens there, or name another port"


async def test_another_process_has_the_providers_port(tmp_path: Path, certificates: CertificateFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = await ours(
            tmp_path, "provider", "--host", "127.0.0.1", "--port", port, "--certs", str(certificates.root)
        )

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"error: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "stop what listens there, or choose another port\n"
    )


@pytest.mark.parametrize(
    ("listen", "why"),
    [
        ("192.0.2.1:0", "is no address of this machine; name one that it has, such as 127.0.0.1"),
        ("no-such-host.invalid:0", "has a host that cannot be found: "),
    ],
)
async def test_a_host_that_is_not_this_machine(
    tmp_path: Path, certificates: CertificateFolder, listen: str, why: str
) -> None:
    setup.write(tmp_path / "config", certificates, 9, proxy={"listen": listen})

    said = refusal(await ours(tmp_path, "up"))

    assert said.startswith(f"proxy.listen: {listen} {why}")


async def test_a_low_port_that_is_not_ours_to_have(tmp_path: Path, certificates: CertificateFolder) -> None:
    by = await walls.alone_in_a_network(tmp_path)
    setup.write(tmp_path / "config", certificates, 9, proxy={"listen": "0.0.0.0:443"})

    said = refusal(await run(tmp_path, *by, sys.executable, "-m", "ssp_emulator", "up"))

    assert said == (
        "proxy.listen: 0.0.0.0:443 may not be listened on by this user: permission denied; name a port above 1023"
    )


async def test_the_same_port_of_two_addresses_is_no_clash(tmp_path: Path, certificates: CertificateFolder) -> None:
    listening = {"proxy": {"listen": f"127.0.0.2:{PORT}"}, "admin": {"listen": f"127.0.0.1:{PORT}"}}
    path = setup.write(tmp_path / "config", certificates, 9, **listening)

    checked = await ours(tmp_path, "check")

    assert (checked.code, checked.err) == (0, "")
    assert yaml.safe_load(path.read_text())["proxy"]["listen"] == f"127.0.0.2:{PORT}"
