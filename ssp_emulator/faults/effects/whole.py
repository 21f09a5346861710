"""A delivery that holds a body until it is whole, and passes on what is made of it: for json-patch and invalid-json."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from ssp_emulator.faults.effects.editing import with_field
from ssp_emulator.faults.effects.effect import NO_BODY, Passing
from ssp_emulator.message import Framing

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.message import Head

MOST_BYTES = 32 * 1024 * 1024
_QUICK_BYTES = 4 * 1024  # what is changed before anyone would notice that nothing else goes on
_GZIP = zlib.MAX_WBITS + 16


class UnfitError(Exception):
    """A body cannot be changed as a rule would have it; the text says why, and repeats nothing of the body."""


class Whole(Passing):
    """Holds a body of up to 32 MiB, has it changed, and sends it on with the Content-Length that it then has.

    `change` returns a body in the place of one, or raises `UnfitError`; it is handed what is within gzip, and what it
    returns goes into gzip again. A body that it cannot change goes on as it was, and so does one that is larger.
    `did` says what it has done.
    """

    def __init__(
        self, change: Callable[[bytes], bytes], did: str, following: Delivery, wire: Wire, firing: Firing
    ) -> None:
        super().__init__(following, wire, firing)
        self._change = change
        self._did = did
        self._head: Head | None = None
        self._closes = False
        self._held = bytearray()

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        """Keep a head until the body is here."""
        self._held.clear()
        self._head, self._closes = head, closes
        if head.framing is Framing.NONE:
            await self._go_on(NO_BODY)

    async def write(self, piece: bytes, *, last: bool) -> None:
        """Keep a piece; after the last, send the changed body."""
        if self._head is None:
            await super().write(piece, last=last)
            return
        self._held += piece
        if len(self._held) > MOST_BYTES:
            await self._go_on(f"nothing: the body is longer than {MOST_BYTES} bytes")
            await super().write(self._taken(), last=last)
        elif last:
            await self._changed(self._head)

    async def _changed(self, head: Head) -> None:
        body = self._taken()
        try:
            changed = await self._made(head, body)
        except UnfitError as error:
            await self._go_on(f"nothing: {error}")
            await super().write(body, last=True)
            return
        fitting = with_field(head, "Content-Length", str(len(changed)))
        self._head = replace(fitting, framing=Framing.LENGTH)
        await self._go_on(self._did)
        await super().write(changed, last=True)

    async def _made(self, head: Head, body: bytes) -> bytes:
        if _is_gzip(head):
            return await asyncio.to_thread(_within_gzip, body, self._change)
        if len(body) > _QUICK_BYTES:
            return await asyncio.to_thread(self._change, body)
        return self._change(body)

    async def _go_on(self, did: str) -> None:
        """Send the head on, and hold nothing from now on."""
        head, self._head = self._head, None
        self.firing.note(did)
        if head is not None:
            await super().begin(head, closes=self._closes)

    def _taken(self) -> bytes:
        body = bytes(self._held)
        self._held.clear()
        return body


def _is_gzip(head: Head) -> bool:
    """Tell whether a body is in gzip. Raises `UnfitError` where it is in another coding."""
    codings = [coding.strip().lower() for value in head.all(b"Content-Encoding") for coding in value.split(b",")]
    applied = [coding for coding in codings if coding not in (b"", b"identity")]
    if applied in ([b"gzip"], [b"x-gzip"]):
        return True
    if applied:
        raise UnfitError("the body is in a content coding other than gzip")
    return False


def _within_gzip(body: bytes, change: Callable[[bytes], bytes]) -> bytes:
    return gzip.compress(change(_inflated(body)), mtime=0)


def _inflated(body: bytes) -> bytes:
    """Return what is within gzip: up to 32 MiB, so that a small body cannot fill the memory. Raises `UnfitError`."""
    parts: list[bytes] = []
    room = MOST_BYTES
    while body:
        member = zlib.decompressobj(_GZIP)
        try:
            parts.append(member.decompress(body, room + 1))
        except zlib.error as error:
            raise UnfitError("the body is not in gzip, though its Content-Encoding says so") from error
        room -= len(parts[-1])
        if room < 0:
            raise UnfitError(f"the body is longer than {MOST_BYTES} bytes when it is taken out of gzip")
        if not member.eof:
            raise UnfitError("the body is not whole in gzip")
        body = member.unused_data
    return b"".join(parts)
