"""Transports: a channel under asyncio, with nothing in between that keeps or copies bytes.

asyncio's own TLS has a buffer for what comes, another for what goes, and a transport beneath it with a third; here the
socket is watched, and OpenSSL reads and writes it directly.

What is small goes out at the event loop's next turn, back to back with what other transports were given in this one: to
wake whoever sleeps at the other end costs more than all else about a write, and then it is done once for all of them.

Source: asyncio, "Transports and Protocols"; RFC 9112, 9.6 (closing in stages).
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ssp_emulator.proxy.channel import LARGEST, CutShortError, MoreNeededError, RoomNeededError
from ssp_emulator.proxy.readiness import readable, writable

if TYPE_CHECKING:
    from ssp_emulator.proxy.channel import Channel

_MOST_AT_ONCE = 16  # pieces that are read before others have their turn
_HIGH_WATER = 64 * 1024  # bytes that may wait for room in the socket before whoever writes is asked to stop
_FAREWELL_S = 2.0  # how long the other side may take to close as well


async def shake_hands(connection: socket.socket, channel: Channel) -> None:
    """Shake hands on a non-blocking socket. Raises `ssl.SSLError` and `OSError`."""
    while True:
        try:
            channel.shake_hands()
        except MoreNeededError:
            await readable(connection)
        except RoomNeededError:
            await writable(connection)
        else:
            return


class Transport(asyncio.Transport):
    """A connection whose handshake is done, for a protocol; it reads from the start.

    The protocol's `eof_received` is called where the other side has said that this is the end, and then the transport
    closes; where it only stops, `connection_lost` is all that comes. `farewell_s` is how long the other side may take,
    in seconds, to take what waits and then to close as well. Until then what it sends is read and thrown away: to close
    over bytes that nobody has read would send a RST, and that could overtake the last that we have sent.
    """

    def __init__(
        self,
        connection: socket.socket,
        channel: Channel,
        protocol: asyncio.Protocol,
        *,
        farewell_s: float = _FAREWELL_S,
    ) -> None:
        super().__init__({"socket": connection, "peername": connection.getpeername(), "channel": channel})
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._fd = connection.fileno()
        self._channel = channel
        self._protocol = protocol
        self._farewell_s = farewell_s
        self._next = b""  # what goes out at the next turn
        self._backlog = bytearray()
        self._high, self._low = _HIGH_WATER, _HIGH_WATER // 4
        self._paused = False  # for us, by whoever reads
        self._holds = False  # whoever writes, by us
        self._bids_farewell = True
        self._closing = self._has_ended = self._is_lost = False
        self._end: asyncio.TimerHandle | None = None
        protocol.connection_made(self)
        if not self._closing:
            self._loop.add_reader(self._fd, self._readable)

    def is_closing(self) -> bool:
        """Tell whether nothing more can be written."""
        return self._closing

    def is_reading(self) -> bool:
        """Tell whether what comes is handed on."""
        return not (self._paused or self._closing)

    def pause_reading(self) -> None:
        """Leave what comes where it is."""
        if not (self._paused or self._closing):
            self._paused = True
            self._loop.remove_reader(self._fd)

    def resume_reading(self) -> None:
        """Hand on what comes again."""
        if self._paused and not self._closing:
            self._paused = False
            self._loop.add_reader(self._fd, self._readable)

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send bytes: few of them at the next turn, many at once; what there is no room for waits here."""
        if self._closing or not data:
            return
        if not self._backlog and len(self._next) + len(data) <= LARGEST:
            if not self._next:
                self._loop.call_soon(self.flush)
            self._next += data
        else:
            self.flush()
            self._put(data)

    def flush(self) -> None:
        """Send now what was to go out at the next turn."""
        if self._next and not self._is_lost:
            data, self._next = self._next, b""
            self._put(data)

    def _put(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if not self._backlog:
            rest = self._sent(memoryview(data))
            if not rest:
                return
            data = rest
            self._loop.add_writer(self._fd, self._writable)
        self._backlog += data
        if len(self._backlog) > self._high and not self._holds:
            self._holds = True
            self._protocol.pause_writing()

    def _sent(self, data: memoryview) -> memoryview | None:
        """Send what there is room for, and return the rest; None where the connection is broken."""
        try:
            while data:
                sent = self._channel.send(data[:LARGEST])
                if not sent:
                    return data
                data = data[sent:]
        except OSError as error:
            self._lose(error)
            return None
        return data

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait for room in the socket."""
        return len(self._backlog)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return below how many waiting bytes more is wanted, and above how many no more."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set them; `low` is a quarter of `high` where it is left out."""
        self._high = _HIGH_WATER if high is None else high
        self._low = self._high // 4 if low is None else low
        if len(self._backlog) > self._high and not self._holds:
            self._holds = True
            self._protocol.pause_writing()

    def close(self) -> None:
        """Send what waits, say that this is the end, and close once the other side has closed as well."""
        self._leave(bids_farewell=True)

    def hang_up(self) -> None:
        """Close in the same way, and say nothing in TLS: the FIN alone tells it."""
        self._leave(bids_farewell=False)

    def abort(self) -> None:
        """Close at once; what there is no room for is lost."""
        self.flush()
        self._lose(None)

    def _leave(self, *, bids_farewell: bool) -> None:
        self.flush()
        if self._closing:
            return
        self._closing = True
        self._bids_farewell = bids_farewell
        if self._paused:
            self._loop.add_reader(self._fd, self._readable)
        if self._backlog:
            self._end = self._loop.call_later(self._farewell_s, self._lose, None)
        else:
            self._bid_farewell()

    def _bid_farewell(self) -> None:
        if self._end is not None:
            self._end.cancel()
        if self._bids_farewell:
            with suppress(OSError):
                self._channel.bid_farewell()
        if self._has_ended:
            self._lose(None)
            return
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        self._end = self._loop.call_later(self._farewell_s, self._lose, None)

    def _readable(self) -> None:
        """Read what there is. A piece that is not full was the last for now; if not, the socket is readable still.

        What was to go out goes first: behind a FIN that comes without a word OpenSSL sends nothing any more.
        """
        self.flush()
        if self._is_lost:
            return
        for _ in range(_MOST_AT_ONCE):
            try:
                piece = self._channel.receive()
            except CutShortError:
                self._lose(None)
                return
            except OSError as error:
                self._lose(error)
                return
            if piece is None:
                return
            if not piece:
                self._ended()
                return
            if not self._closing:
                self._protocol.data_received(piece)
            if len(piece) < LARGEST or self._paused or self._is_lost:
                return

    def _ended(self) -> None:
        """The other side has said that this is the end: there is nothing more to read, or to answer."""
        self._has_ended = True
        self._loop.remove_reader(self._fd)
        if self._closing and not self._backlog:
            self._lose(None)
        elif not self._closing:
            self._protocol.eof_received()
            self._leave(bids_farewell=True)

    def _writable(self) -> None:
        with memoryview(self._backlog) as backlog:
            rest = self._sent(backlog)
            if rest is None:
                return
            sent = len(backlog) - len(rest)
            rest.release()
        del self._backlog[:sent]
        if not self._backlog:
            self._loop.remove_writer(self._fd)
            if self._closing:
                self._bid_farewell()
        if self._holds and len(self._backlog) <= self._low:
            self._holds = False
            self._protocol.resume_writing()

    def _lose(self, error: Exception | None) -> None:
        if self._is_lost:
            return
        self._is_lost = self._closing = True
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        if self._end is not None:
            self._end.cancel()
        self._loop.call_soon(self._tell_lost, error)

    def _tell_lost(self, error: Exception | None) -> None:
        try:
            self._protocol.connection_lost(error)
        finally:
            self._backlog = bytearray()
            self._connection.close()
