"""Disguises are made once a day at most, away from the event loop, all or none, and anew when they are told to."""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING

import pytest
from support.clocks import MovableClock

from ssp_emulator.errors import SetupError
from ssp_emulator.faults.effects.handshake_stall import HandshakeStall
from ssp_emulator.faults.effects.old_protocol import OldProtocol
from ssp_emulator.faults.effects.server_certificate import ServerCertificate
from ssp_emulator.pki.authority import SUB_NAME
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.proxy import disguises
from ssp_emulator.proxy.disguises import Disguises
from ssp_emulator.proxy.tls import ConsumerTls

if TYPE_CHECKING:
    from pathlib import Path

EXPIRED = ServerCertificate(kind="server-certificate", fault="expired")
OLD = OldProtocol(kind="old-protocol", version="TLSv1")
STALL = HandshakeStall(kind="handshake-stall")


def files(folder: CertificateFolder) -> ConsumerTls:
    return ConsumerTls(folder.ssp_server.certificate, folder.ssp_server.key, folder.chain, folder.crl)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def ready(certificates: CertificateFolder, clock: MovableClock) -> Disguises:
    return Disguises(files(certificates), certificates, clock)


async def test_what_is_ready_stays_as_it_is_for_the_day(ready: Disguises, clock: MovableClock) -> None:
    await ready.prepare([EXPIRED, STALL])
    first = ready.of(EXPIRED)
    await ready.prepare([ServerCertificate(kind="server-certificate", fault="expired"), OLD])
    second = ready.of(EXPIRED)
    clock.elapse(86_400)
    await ready.prepare([EXPIRED])
    third = ready.of(EXPIRED)

    assert first is second is not third
    assert first is not None
    assert third is not None
    assert (third.made_on - first.made_on).days == 1
    assert third.words == f"showed a certificate that expired at {third.made_on}T00:00:00Z"
    assert ready.of(OLD) is not None
    assert ready.of(STALL) is None


async def test_keys_are_not_made_on_the_event_loop(ready: Disguises, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    make = disguises.make_faulty_server

    def spied(*args: object, **options: object) -> object:
        threads.append(threading.current_thread())
        return make(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(disguises, "make_faulty_server", spied)
    await ready.prepare([EXPIRED])

    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


async def test_the_certificate_of_its_authority_is_sent_with_one_that_nobody_trusts(ready: Disguises) -> None:
    untrusted = ServerCertificate(kind="server-certificate", fault="untrusted")
    await ready.prepare([untrusted])
    disguise = ready.of(untrusted)
    assert disguise is not None
    flight = disguise.context.answer(said_hello())

    assert flight.count(SUB_NAME.encode()) == 2  # the leaf's issuer, and the subject of the next


def said_hello() -> bytes:
    """Return a ClientHello of TLS 1.2, in which certificates are not hidden."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


async def test_where_one_cannot_be_made_none_is(certificates: CertificateFolder, tmp_path: Path) -> None:
    elsewhere = CertificateFolder(tmp_path / "certs")
    ready = Disguises(files(certificates), elsewhere, MovableClock())
    await ready.prepare([OLD])
    before = ready.of(OLD)
    newer = OldProtocol(kind="old-protocol", version="TLSv1.1")

    with pytest.raises(SetupError) as refused:
        await ready.prepare([OLD, newer, EXPIRED])

    (line,) = refused.value.lines
    assert line.startswith(
        f"server-certificate needs the emulated PKI in {elsewhere.root}, and the proxy's own certificate from there: "
    )
    assert line.endswith("sub.crt is missing, `certs init` makes a new PKI where there is none")
    assert (ready.of(OLD), ready.of(newer), ready.of(EXPIRED)) == (before, None, None)


async def test_what_is_in_use_is_made_anew_and_nothing_else(ready: Disguises) -> None:
    await ready.prepare([OLD])
    before = ready.of(OLD)
    ready.renew()

    assert before is not None
    assert ready.of(OLD) not in (None, before)
    assert ready.of(EXPIRED) is None
