"""Who is at the other end of a consumer's connection: found out once, and kept with the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.address import Address
from ssp_emulator.exchange import Client
from ssp_emulator.pki.verdict import CertificateFault, ClientCertificate, fault_of
from ssp_emulator.proxy.openssl import TlsObject

if TYPE_CHECKING:
    import asyncio


def client_of(transport: asyncio.BaseTransport | None) -> Client:
    """Return what is known of a connection's client."""
    if transport is None:
        return Client(address="unknown", host="unknown")
    tls = transport.get_extra_info("ssl_object")
    if not isinstance(tls, TlsObject):
        return _plain(transport)
    if tls.client is None:
        tls.client = _met(transport, tls)
    return tls.client


def _plain(transport: asyncio.BaseTransport) -> Client:
    address = _peer(transport)
    return Client(address=str(address), host=address.host)


def _met(transport: asyncio.BaseTransport, tls: TlsObject) -> Client:
    address = _peer(transport)
    shown = tls.certificate()
    certificate, fault = None, None
    if shown is not None:
        fault = fault_of(tls.errors)
        try:
            certificate = ClientCertificate.of(shown.to_cryptography())
        except Exception:  # noqa: BLE001 - it has many classes for DER that makes no sense; OpenSSL is more forgiving
            certificate, fault = ClientCertificate.unreadable(), CertificateFault.UNTRUSTED_ISSUER
    return Client(
        address=str(address),
        host=address.host,
        tls=tls.version(),
        cipher=tls.cipher()[0],
        certificate=certificate,
        fault=fault,
        handshake_s=tls.handshake_s,
        sni=tls.sni(),
        firings=tls.firings,
    )


def _peer(transport: asyncio.BaseTransport) -> Address:
    host, port, *_ = transport.get_extra_info("peername") or ("unknown", 0)
    return Address(host, port)
