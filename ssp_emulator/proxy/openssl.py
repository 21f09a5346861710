"""PyOpenSSL under asyncio: what `asyncio` asks of an SSL context and object, answered by a pyOpenSSL connection.

The standard library's `ssl` breaks off the handshake over a bad client certificate; the Spine finishes it, and says
what is wrong in HTTP. PyOpenSSL's verify callback lets it finish and keeps what it was told.

Source: asyncio, `sslproto.SSLProtocol` (it calls `wrap_bio`, and on the result `do_handshake`, `read`, `write`,
`unwrap`, `getpeercert`, `cipher` and `compression`); OpenSSL, SSL_CTX_set_verify(3).
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from OpenSSL import SSL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from OpenSSL import crypto

    from ssp_emulator.exchange import Client
    from ssp_emulator.faults.firing import Firing

_RECORD = 16 * 1024  # a TLS record holds no more, so a read never gets more
_FLIGHT = 64 * 1024


def note_error(connection: SSL.Connection, _: crypto.X509, error: int, __: int, ok: int) -> bool:
    """Keep what OpenSSL finds wrong with a client's certificate, and let the handshake go on (a verify callback)."""
    if not ok:
        connection.get_app_data().append(error)
    return True


class Begun(NamedTuple):
    """What there is of a handshake: the bytes that were read already, and the fault rules that fired on it."""

    received: bytes
    firings: tuple[Firing, ...]


class ContextAdapter:
    """Stands where asyncio expects an `ssl.SSLContext`; `monotonic` tells seconds, to measure handshakes."""

    def __init__(
        self,
        context: SSL.Context,
        monotonic: Callable[[], float],
        send: Callable[[bytes], object] | None = None,
        begun: Begun | None = None,
    ) -> None:
        self.context = context
        self._monotonic = monotonic
        self._send = send
        self._begun = begun

    @property
    def expires(self) -> datetime:
        """When the certificate that it shows ends, in UTC. Raises `LookupError` where it has none."""
        shown = SSL.Connection(self.context, None).get_certificate(as_cryptography=True)
        if shown is None:
            raise LookupError("this context has no certificate to show")
        return shown.not_valid_after_utc

    def over(self, send: Callable[[bytes], object], begun: Begun | None = None) -> ContextAdapter:
        """Return this context for one connection, which says with `send` why a handshake failed; asyncio would not.

        `begun` is what there is of the handshake already.
        """
        return ContextAdapter(self.context, self._monotonic, send, begun)

    def answer(self, received: bytes) -> bytes:
        """Return what a server answers to the first bytes of a handshake, which goes no further."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        incoming.write(received)
        with suppress(ssl.SSLError):  # more bytes are needed, or the answer is an alert
            self.wrap_bio(incoming, outgoing).do_handshake()
        return outgoing.read()

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = True,
        server_hostname: str | None = None,
    ) -> TlsObject:
        """Return a server's end of a new TLS connection between two buffers."""
        if not server_side or server_hostname is not None:
            raise ValueError("this context is for a server")
        tls = TlsObject(SSL.Connection(self.context, None), incoming, outgoing, self._monotonic, self._send)
        if self._begun is not None:
            incoming.write(self._begun.received)
            tls.firings = self._begun.firings
        return tls


class TlsObject:
    """Stands where asyncio expects an `ssl.SSLObject`.

    `errors` are the X509_V_ERR numbers found in the handshake, `handshake_s` the seconds that it took.
    """

    def __init__(
        self,
        connection: SSL.Connection,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        monotonic: Callable[[], float],
        send: Callable[[bytes], object] | None = None,
    ) -> None:
        self.errors: list[int] = []
        self.handshake_s: float | None = None
        self.client: Client | None = None  # whoever finds out who this is may keep it here
        self.firings: tuple[Firing, ...] = ()  # and whoever did something to the handshake, that
        self._monotonic = monotonic
        self._started = monotonic()
        self._connection = connection
        self._incoming = incoming
        self._outgoing = outgoing
        self._send = send
        connection.set_app_data(self.errors)
        connection.set_accept_state()

    def do_handshake(self) -> None:
        """Take the handshake as far as the bytes that are there allow."""
        try:
            with self._translated():
                self._connection.do_handshake()
        except ssl.SSLWantReadError:
            raise
        except ssl.SSLError:
            if self._send is not None:
                with suppress(OSError):
                    self._send(self._outgoing.read())  # the alert. Source: RFC 5246, 7.2.2
            raise
        self.handshake_s = self._monotonic() - self._started

    def read(self, size: int, buffer: memoryview | None = None) -> bytes | int:
        """Return decrypted bytes, or put them into a buffer and return their number; nothing at close_notify."""
        try:
            with self._translated():
                if buffer is None:
                    return self._connection.recv(min(size, _RECORD))
                return self._connection.recv_into(buffer, min(size, _RECORD))
        except ssl.SSLZeroReturnError:
            return b"" if buffer is None else 0

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Encrypt bytes and return how many were taken."""
        with self._translated():
            return self._connection.send(data)

    def unwrap(self) -> None:
        """Send close_notify, and wait for the other side's."""
        with self._translated():
            if not self._connection.shutdown():
                raise SSL.WantReadError

    def farewell(self) -> bytes:
        """Return close_notify, for whoever sends it past asyncio and does not wait for the other side's."""
        with suppress(ssl.SSLError):
            self.unwrap()
        return self._outgoing.read()

    def getpeercert(self) -> None:
        """Return nothing: `certificate` has it, for whoever wants it."""

    def cipher(self) -> tuple[str | None, str | None, int | None]:
        """Return the cipher suite's name, its protocol and its secret bits."""
        connection = self._connection
        return connection.get_cipher_name(), connection.get_cipher_version(), connection.get_cipher_bits()

    def compression(self) -> None:
        """Return nothing: TLS compression is off."""

    def version(self) -> str:
        """Return the protocol's name, such as `TLSv1.2`."""
        return self._connection.get_protocol_version_name()

    def sni(self) -> str | None:
        """Return the host name that the client asked for, if it did, in lower case. Source: RFC 6066, 3."""
        name = self._connection.get_servername()
        return name.decode("ascii", "replace").lower() if name is not None else None

    def certificate(self) -> crypto.X509 | None:
        """Return the client's certificate, not read yet; None where it showed none."""
        return self._connection.get_peer_certificate()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Move bytes in before and out after an operation, and turn its errors into those that asyncio knows."""
        if self._incoming.pending:
            self._connection.bio_write(self._incoming.read())
        try:
            yield
        except SSL.WantReadError:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "more bytes are needed") from None
        except SSL.ZeroReturnError:
            raise ssl.SSLZeroReturnError(ssl.SSL_ERROR_ZERO_RETURN, "the other side has closed TLS") from None
        except SSL.Error as error:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, _said(error)) from None
        finally:
            self._flush()

    def _flush(self) -> None:
        try:
            while True:
                flight = self._connection.bio_read(_FLIGHT)
                self._outgoing.write(flight)
                if len(flight) < _FLIGHT:
                    return
        except SSL.WantReadError:
            return


def _said(error: SSL.Error) -> str:
    details = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return "; ".join(str(detail[-1]) for detail in details) or "the connection broke off"
