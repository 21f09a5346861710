"""Whether a provider serves: a TLS handshake with it, as the proxy makes one."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from ssp_emulator.errors import said
from ssp_emulator.pki.folder import CertificateFolder

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.address import Address


class ProviderDownError(Exception):
    """A provider does not serve; the text says why."""


def shake_hands(address: Address, certificates: Path, patience_s: float) -> None:
    """Shake hands with a provider as the proxy does, with its client certificate; nothing is asked.

    The host's name is not looked at: it is the registry that knows which one is right. Raises `ProviderDownError`.
    """
    folder = CertificateFolder(certificates)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    # In TLS 1.3 a server judges the client's certificate only after the client has done with the handshake.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(folder.chain)
        context.load_cert_chain(folder.ssp_client.certificate, folder.ssp_client.key)
    except OSError as error:
        raise ProviderDownError(
            f"the proxy's certificate in {certificates} cannot be used: {said(error)}; "
            "`ssp-emulator provider` makes it where there is none"
        ) from error
    try:
        with (
            socket.create_connection((address.host, address.port), patience_s) as connection,
            context.wrap_socket(connection),
        ):
            pass
    except OSError as error:
        raise ProviderDownError(f"no provider serves at {address}: {said(error)}") from error
