"""Handshakes with an emulator whose fault rules meet them: contexts, raw bytes, and what is shown."""

from __future__ import annotations

import asyncio
import socket
import ssl
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from ssp_emulator.faults.rule import Rule
from ssp_emulator.pki.files import read_certificates
from support.wire import PATIENCE_S, Wire, context

if TYPE_CHECKING:
    from pathlib import Path

    from support.running import Running


LENIENT = {"check_hostname": False, "verify_mode": ssl.CERT_NONE}


async def put(ssp: Running, effect: dict[str, Any], **more: Any) -> None:
    """Put a rule in force, under the name of its kind."""
    await ssp.emulator.control.put([Rule.model_validate({"name": effect["kind"], "effect": effect, **more})])


async def put_certificate(ssp: Running, fault: str, **more: Any) -> None:
    """Put a rule in force that shows a certificate with that fault."""
    await put(ssp, {"kind": "server-certificate", "fault": fault}, **more)


def tls(ssp: Running, *, crl: Path | None = None, **settings: Any) -> ssl.SSLContext:
    """Return a consumer's context; with a list, it looks at that too."""
    made = context(ssp.certificates, ssp.certificates.consumer, **settings)
    if crl is not None:
        made.load_verify_locations(crl)
        made.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    return made


def older(ssp: Running, lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a consumer's context that speaks old versions of TLS, from the lowest to the highest."""
    made = tls(ssp)
    made.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that they are old is the point
        made.minimum_version, made.maximum_version = lowest, highest
    return made


async def connected(ssp: Running, using: ssl.SSLContext, name: str = "localhost", source: str = "127.0.0.1") -> Wire:
    """Shake hands, asking for a name, from an address of this machine."""
    async with asyncio.timeout(PATIENCE_S):
        made = Wire(
            *await asyncio.open_connection(
                "127.0.0.1", ssp.port, ssl=using, server_hostname=name, local_addr=(source, 0)
            )
        )
    ssp.wires.append(made)
    return made


def shake_hands(port: int, using: ssl.SSLContext) -> None:
    """Shake hands as most clients do; asyncio's would leave out the alert that says what it minds."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        using.wrap_socket(connection, server_hostname="localhost").close()


def shown(wire: Wire) -> x509.Certificate:
    """Return the certificate that the proxy showed."""
    return x509.load_der_x509_certificate(wire.writer.get_extra_info("ssl_object").getpeercert(binary_form=True))


async def is_good(ssp: Running, **how: Any) -> bool:
    """Tell whether a verifying consumer gets through, and is shown the proxy's own certificate."""
    wire = await connected(ssp, tls(ssp, crl=ssp.certificates.crl), **how)
    answer = await wire.ask(ssp.request())
    own = read_certificates(ssp.certificates.ssp_server.certificate)[0]
    return answer.status == 200 and shown(wire) == own and ssp.record()["faults"] == []


def said_hello(name: str | None = "localhost") -> bytes:
    """Return a ClientHello of TLS 1.2, as a client would send it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.maximum_version = False, ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLWantReadError):
        made.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


async def raw(ssp: Running, data: bytes) -> Wire:
    """Connect with no TLS, and send bytes."""
    wire = await ssp.wire(tls=False)
    await wire.send(data)
    return wire


async def heard(wire: Wire) -> tuple[bytes, str]:
    """Read to the end, and tell how TCP ended."""
    received = b""
    async with asyncio.timeout(PATIENCE_S):
        try:
            while piece := await wire.reader.read(1 << 16):
                received += piece
        except ConnectionResetError:
            return received, "RST"
    return received, "FIN"


async def recorded(ssp: Running) -> dict[str, Any]:
    """Return the last record, once there is one."""
    async with asyncio.timeout(PATIENCE_S):
        while not ssp.records():  # noqa: ASYNC110 - nothing else tells of it
            await asyncio.sleep(0.005)
    return ssp.record()


def names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """Return the subject alternative names of a certificate."""
    return list(certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value)
