"""`ssp-emulator wait` as a real process, beside one that starts, one that never does, and one that is not ready."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from support import setup
from support.processes import PATIENCE_S, PIPE, ours, started
from support.small_disk import small_disk

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Bench

    from ssp_emulator.pki.folder import CertificateFolder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def configured(folder: Path, certificates: CertificateFolder) -> str:
    """Write a configuration whose admin API has a port that is known before, and return its URL."""
    (folder / "certs").symlink_to(certificates.root)
    listen = f"127.0.0.1:{free_port()}"
    setup.write(folder / "config", certificates, 1, admin={"listen": listen})
    return f"http://{listen}"


async def test_it_waits_for_an_emulator_that_is_started_after_it(
    tmp_path: Path, certificates: CertificateFolder
) -> None:
    url = configured(tmp_path, certificates)
    command = (sys.executable, "-m", "ssp_emulator", "wait")
    waiting = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=PIPE, stderr=PIPE)
    async with started(tmp_path, "up"), asyncio.timeout(PATIENCE_S):
        out, err = await waiting.communicate()

    assert (waiting.returncode, out.decode(), err.decode()) == (0, f"Ready: the emulator at {url}.\n", "")


async def test_it_gives_up_where_none_is_started(tmp_path: Path, certificates: CertificateFolder) -> None:
    url = configured(tmp_path, certificates)
    ended = await ours(tmp_path, "wait", "--timeout", "0.3")

    said = f"no emulator answers at {url}: connection refused; start one with `ssp-emulator up`"
    assert (ended.code, ended.out, ended.err) == (1, "", f"error: not ready after 0.3 s: {said}\n")


async def test_it_says_what_is_not_ready(tmp_path: Path, certificates: CertificateFolder) -> None:
    url = configured(tmp_path, certificates)
    disk = await small_disk(tmp_path / "audit")
    listen, journal = url.removeprefix("http://"), str(disk.folder / "journal.jsonl")
    setup.write(tmp_path / "config", certificates, 1, admin={"listen": listen}, audit={"journal": journal})
    async with started(tmp_path, "up", by=disk.by) as emulator:
        disk.process = emulator
        directory = await emulator.address_of("SDS")
        disk.fill()
        await asyncio.to_thread(ask_until_refused, directory)
        ended = await ours(tmp_path, "wait", "--timeout", "0.2")

    said = "error: not ready after 0.2 s: journal: "
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(said)
    assert "no space left on device" in ended.err.lower()
    assert len(ended.err.splitlines()) == 1


def ask_until_refused(directory: str) -> None:
    """Ask the directory for what is not there, until that cannot be written down: a page of a file has some room."""
    for _ in range(100):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://{directory}/", timeout=PATIENCE_S)
        refused.value.close()
        if refused.value.code == 503:
            return
    raise AssertionError("there is still room")


async def test_for_programs(bench: Bench) -> None:
    url = f"http://{await bench.emulator.address_of('Admin API')}"
    ended = await ours(bench.folder, "wait", "--json", "--admin", url)

    told = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert (told["ready"], told["url"], told["health"]["status"]) == (True, url, "ready")
