"""nginx twice: as the provider that answers from files, and as the proxy that everything is compared with."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from scenario import BenchmarkError

from peers.peer import Missing, Peer
from peers.process import free_ports, output, started
from peers.setting import PROVIDER_NAME

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from peers.setting import Setting

MISSING = Missing("nginx", "`apt-get install nginx-light`, or whatever your distribution calls it")


@asynccontextmanager
async def provider(setting: Setting) -> AsyncIterator[Peer]:
    """Start the provider, and lend it. Raises `BenchmarkError`, with what would help where there is no nginx."""
    async with _nginx(setting, "provider", "direct", ("nginx-documents.conf",), PROVIDER_NAME) as peer:
        yield peer


@asynccontextmanager
async def proxy(setting: Setting, provider: Peer) -> AsyncIterator[Peer]:
    """Start the proxy before a provider, and lend it. Raises `BenchmarkError`."""
    async with _nginx(
        setting, "proxy", "nginx", ("nginx-forward.conf",), "localhost", PROVIDER_PORT=provider.port
    ) as peer:
        yield peer


@asynccontextmanager
async def _nginx(
    setting: Setting, part: str, name: str, includes: tuple[str, ...], server_name: str, **values: object
) -> AsyncIterator[Peer]:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise BenchmarkError(f"there is no nginx here: {MISSING.remedy}")
    port, resuming_port = free_ports(2)
    for template in includes:
        setting.filled(template)
    # Where we are root, the worker would else be somebody who cannot read the folder.
    user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    common = setting.filled("nginx-common.conf", NAME=f"nginx-{part}", USER=user, GROUP=group)
    http = setting.filled(f"nginx-{part}.conf", PORT=port, RESUMING_PORT=resuming_port, **values)
    http.write_text(common.read_text(encoding="utf-8") + http.read_text(encoding="utf-8"), encoding="utf-8")
    command = [program, "-p", str(setting.folder), "-c", str(http)]
    version = (await output(program, "-v")).rpartition("/")[2]
    async with started(f"nginx ({part})", command, setting.folder / f"nginx-{part}.log", [port, resuming_port]) as pid:
        yield Peer(name, port, pid, server_name, f"nginx {version}", resuming_port, direct=part == "provider")
