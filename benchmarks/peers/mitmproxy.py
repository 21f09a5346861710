"""mitmproxy as a reverse proxy: `mitmdump` on the PATH, or where MITMDUMP says.

It asks consumers for a certificate but does not verify it, and writes no log of its own: what it is measured with here
is less than what the others do.
"""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from peers.peer import Missing, Peer
from peers.process import free_ports, output, started
from ssp_emulator.proxy.tls import CIPHERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from peers.setting import Setting
    from ssp_emulator.pki.folder import KeyPair

NAME = "mitmproxy"
_MISSING = Missing(NAME, "`pip install mitmproxy` in an environment of its own, and MITMDUMP=/path/to/its/bin/mitmdump")
_START_PATIENCE_S = 60.0


@asynccontextmanager
async def running(setting: Setting, provider: Peer) -> AsyncIterator[Peer | Missing]:
    """Start it before a provider, and lend it; or say how to get it. Raises `BenchmarkError`."""
    program = os.environ.get("MITMDUMP") or shutil.which("mitmdump")
    if program is None:
        yield _MISSING
        return
    folder = setting.folder / NAME
    folder.mkdir()
    (port,) = free_ports(1)
    options = {
        "confdir": folder,
        "client_certs": _together(setting.certificates.ssp_client, folder / "client.pem"),
        "ssl_verify_upstream_trusted_ca": setting.certificates.chain,
        "request_client_cert": "true",
        "tls_version_client_min": "TLS1_2",
        "tls_version_client_max": "TLS1_2",
        "tls_version_server_min": "TLS1_2",
        "tls_version_server_max": "TLS1_2",
        "ciphers_client": CIPHERS,
        "connection_strategy": "lazy",
        "stream_large_bodies": "1m",
        "http2": "false",
    }
    command = [program, "--quiet", "--mode", f"reverse:https://localhost:{provider.resuming_port}"]
    command += ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
    command += ["--certs", f"*={_together(setting.certificates.ssp_server, folder / 'server.pem')}"]
    for name, value in options.items():
        command += ["--set", f"{name}={value}"]
    version = (await output(program, "--version")).partition("\n")[0].rpartition(" ")[2]
    async with started(NAME, command, folder / "log", [port], patience_s=_START_PATIENCE_S) as pid:
        yield Peer(NAME, port, pid, "localhost", f"mitmproxy {version}", needed=False)


def _together(pair: KeyPair, path: Path) -> Path:
    """Write key and certificate into one file, as mitmproxy wants them."""
    path.write_bytes(pair.key.read_bytes() + pair.certificate.read_bytes())
    return path
