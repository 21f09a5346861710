"""What a listener says of itself; with a server that nobody asks anything."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from support.clocks import MovableClock
from support.waiting import until
from support.wire import Wire

from ssp_emulator import sockets
from ssp_emulator.handshakes import HandshakeFailure
from ssp_emulator.pki.files import read_certificates
from ssp_emulator.proxy import tls
from ssp_emulator.proxy.listener import Listener

if TYPE_CHECKING:
    from ssp_emulator.pki.folder import CertificateFolder


class Watching:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.came = 0
        self.failed: list[HandshakeFailure] = []

    def connected(self) -> None:
        self.came += 1

    def handshake_failed(self, reason: HandshakeFailure) -> None:
        self.failed.append(reason)


async def test_it_serves_from_its_start_to_its_stop_and_tells_who_comes(certificates: CertificateFolder) -> None:
    files = tls.ConsumerTls(certificates.ssp_server.certificate, certificates.ssp_server.key, certificates.chain, None)
    watching = Watching()
    nobody: Any = None  # no request is read, and no ClientHello heard
    listening = sockets.bind("127.0.0.1", 0)
    listener = Listener(
        listening,
        nobody,
        tls.for_consumers(files, MovableClock()),
        nobody,
        watching,
        handshake_timeout_s=5,
        keep_alive_timeout_s=5,
    )
    before = listener.serving, listener.connections
    listener.start()
    wire = await Wire.open(listening[0].getsockname()[1], None)
    await until(lambda: listener.connections)
    while_open = listener.serving, listener.connections, watching.came, list(watching.failed)
    await wire.close()
    await until(lambda: not listener.connections)
    await listener.stop(0)

    assert before == (False, 0)
    assert while_open == (True, 1, 1, [])
    assert watching.failed == [HandshakeFailure.LEFT]
    assert not listener.serving
    assert listener.expires == read_certificates(certificates.ssp_server.certificate)[0].not_valid_after_utc


async def test_it_does_not_serve_once_a_socket_is_gone() -> None:
    listening = sockets.bind("127.0.0.1", 0)
    nobody: Any = None
    listener = Listener(listening, nobody, nobody, nobody, Watching(), handshake_timeout_s=5, keep_alive_timeout_s=5)
    listener.start()
    assert listener.serving
    asyncio.get_running_loop().remove_reader(listening[0])
    listening[0].close()

    assert not listener.serving
