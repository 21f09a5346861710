"""The consumers' end of TLS, over pyOpenSSL: a handshake that is finished over a bad client certificate as well.

The standard library's `ssl` breaks it off there; the Spine finishes it, and says what is wrong in HTTP. PyOpenSSL's
verify callback lets it finish and keeps what it was told.

Source: OpenSSL, SSL_CTX_set_verify(3), SSL_read(3), SSL_CTX_set_session_id_context(3).
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from OpenSSL import SSL

from ssp_emulator.proxy.channel import LARGEST, CutShortError, MoreNeededError, RoomNeededError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from datetime import datetime

    from OpenSSL import crypto

    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.proxy.acquaintances import Acquaintances, Judged

_FLIGHT = 64 * 1024


def note_error(connection: SSL.Connection, _: crypto.X509, error: int, __: int, ok: int) -> bool:
    """Keep what OpenSSL finds wrong with a client's certificate, and let the handshake go on (a verify callback)."""
    judging: Judging = connection.get_app_data()
    judging.judged = True
    if not ok:
        judging.errors.append(error)
    return True


class Judging:
    """What OpenSSL says of a client's certificate while it shakes hands: X509_V_ERR numbers.

    `judged` is False where it was not asked: there was no certificate, or a session was resumed.
    """

    __slots__ = ("errors", "judged")

    def __init__(self) -> None:
        self.errors: list[int] = []
        self.judged = False


class ConsumerContext:
    """What consumers are met with; `monotonic` tells seconds, to measure handshakes.

    `acquaintances` are those who may resume a session with it.
    """

    def __init__(self, context: SSL.Context, monotonic: Callable[[], float], acquaintances: Acquaintances) -> None:
        self.acquaintances = acquaintances
        self._context = context
        self._monotonic = monotonic

    @property
    def expires(self) -> datetime:
        """When the certificate that it shows ends, in UTC. Raises `LookupError` where it has none."""
        shown = SSL.Connection(self._context, None).get_certificate(as_cryptography=True)
        if shown is None:
            raise LookupError("this context has no certificate to show")
        return shown.not_valid_after_utc

    def over(self, connection: socket.socket, firings: tuple[Firing, ...] = ()) -> ToConsumer:
        """Return a server's end of TLS over a non-blocking socket; `firings` are what was done to its handshake."""
        return ToConsumer(SSL.Connection(self._context, connection), self.acquaintances, self._monotonic, firings)

    def answer(self, received: bytes) -> bytes:
        """Return what a server answers to the first bytes of a handshake, which goes no further."""
        answering = SSL.Connection(self._context, None)
        answering.set_app_data(Judging())
        answering.set_accept_state()
        answering.bio_write(received)
        with suppress(SSL.Error):  # more bytes are needed, or the answer is an alert
            answering.do_handshake()
        try:
            return answering.bio_read(_FLIGHT)
        except SSL.WantReadError:
            return b""


class ToConsumer:
    """A channel to a consumer. `handshake_s` is how many seconds its handshake took, once that is done."""

    def __init__(
        self,
        secured: SSL.Connection,
        acquaintances: Acquaintances,
        monotonic: Callable[[], float],
        firings: tuple[Firing, ...],
    ) -> None:
        self.handshake_s: float | None = None
        self.firings = firings
        self._acquaintances = acquaintances
        self._judging = Judging()
        self._monotonic = monotonic
        self._started = monotonic()
        self._secured = secured
        # Bound once: they are called for every request.
        self._recv, self._send = secured.recv, secured.send
        secured.set_app_data(self._judging)
        secured.set_accept_state()

    def shake_hands(self) -> None:
        """Take the handshake as far as it goes. See `Channel`. OpenSSL has sent the alert where it fails."""
        try:
            self._secured.do_handshake()
        except SSL.WantReadError:
            raise MoreNeededError from None
        except SSL.WantWriteError:
            raise RoomNeededError from None
        except SSL.SysCallError as error:
            raise _broken(error) from None
        except SSL.Error as error:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, _said(error)) from None
        self.handshake_s = self._monotonic() - self._started

    def receive(self) -> bytes | None:
        """Return bytes. See `Channel`."""
        try:
            return self._recv(LARGEST)
        except (SSL.WantReadError, SSL.WantWriteError):
            return None
        except SSL.ZeroReturnError:
            return b""
        except SSL.SysCallError as error:
            raise _broken(error) from None
        except SSL.Error as error:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, _said(error)) from None

    def send(self, data: bytes | memoryview) -> int:
        """Take bytes. See `Channel`."""
        try:
            return self._send(data)
        except (SSL.WantWriteError, SSL.WantReadError):
            return 0
        except SSL.SysCallError as error:
            raise _broken(error) from None
        except SSL.Error as error:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, _said(error)) from None

    def bid_farewell(self) -> None:
        """Send close_notify."""
        with suppress(SSL.Error):
            self._secured.shutdown()

    @property
    def cipher(self) -> str | None:
        """The cipher suite's name."""
        return self._secured.get_cipher_name()

    @property
    def version(self) -> str:
        """The protocol's name, such as `TLSv1.2`."""
        return self._secured.get_protocol_version_name()

    @property
    def sni(self) -> str | None:
        """The host name that the client asked for, if it did, in lower case. Source: RFC 6066, 3."""
        name = self._secured.get_servername()
        return name.decode("ascii", "replace").lower() if name is not None else None

    def judged(self) -> Judged | None:
        """Return what was found of the client's certificate; None where it showed none.

        Raises `StrangerError` where a session was resumed, and nobody here knows whose it was.
        """
        shown = self._secured.get_peer_certificate()
        if shown is None:
            return None
        if self._judging.judged:
            return self._acquaintances.met(shown, self._judging.errors)
        return self._acquaintances.again(shown)


def _broken(error: SSL.SysCallError) -> OSError:
    """Translate what the operating system said beneath OpenSSL; -1 stands for an end where none was announced."""
    number = error.args[0] if error.args else -1
    return (
        CutShortError("the consumer closed the connection")
        if number in (-1, 0)
        else OSError(number, str(error.args[-1]))
    )


def _said(error: SSL.Error) -> str:
    details = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return "; ".join(str(detail[-1]) for detail in details) or "the connection broke off"
