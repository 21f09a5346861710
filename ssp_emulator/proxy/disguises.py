"""Disguises: the TLS contexts that fault rules meet consumers with in place of the proxy's own.

Making one takes a key, and a key takes a while: they are made when their rules are put in force, away from the event
loop, and made anew when the proxy's own certificates are.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import structlog

from ssp_emulator.errors import SetupError, said
from ssp_emulator.faults.effects.old_protocol import OldProtocol
from ssp_emulator.faults.effects.server_certificate import ServerCertificate
from ssp_emulator.pki.faulty import issuer_of, make_faulty_server
from ssp_emulator.proxy import tls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from ssp_emulator.clock import Clock
    from ssp_emulator.faults.effects.effect import Effect
    from ssp_emulator.pki.folder import CertificateFolder
    from ssp_emulator.proxy.openssl import ConsumerContext


class DisguiseError(SetupError):
    """What an effect shakes hands with cannot be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Disguise:
    """What is shaken hands with, in words too, and the day on which it was made (UTC)."""

    context: ConsumerContext
    words: str
    made_on: date


class Disguises:
    """Has those that are ready. Takes the files of the proxy's own TLS, and the folder of the emulated PKI."""

    def __init__(self, files: tls.ConsumerTls, folder: CertificateFolder, clock: Clock) -> None:
        self._files = files
        self._folder = folder
        self._clock = clock
        self._ready: dict[Effect, Disguise] = {}
        self._one_at_a_time = Lock()
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.proxy")

    def of(self, effect: Effect) -> Disguise | None:
        """Return what an effect shakes hands with; None where that is not ready."""
        return self._ready.get(effect)

    def examine(self, effect: Effect) -> None:
        """Raise `DisguiseError` where what an effect needs could not be made; nothing is made."""
        if isinstance(effect, ServerCertificate):
            with self._explained(effect):
                issuer_of(self._folder, self._files.certificate)

    async def prepare(self, effects: Iterable[Effect]) -> None:
        """Make ready what these effects need; those that need nothing may be among them.

        Raises `DisguiseError` where one cannot be made; then nothing has changed.
        """
        if needy := {effect for effect in effects if isinstance(effect, ServerCertificate | OldProtocol)}:
            await asyncio.to_thread(self._prepare, needy)

    def _prepare(self, effects: Iterable[ServerCertificate | OldProtocol]) -> None:
        with self._one_at_a_time:
            today = self._clock.now().date()
            stale = (effect for effect in effects if effect not in self._ready or self._ready[effect].made_on != today)
            self._ready = {**self._ready, **{effect: self._made(effect) for effect in stale}}

    def renew(self) -> None:
        """Make all of them anew from the files as they are now; it takes a while.

        One that cannot be made is gone, because what was made from the old files would show something else than meant.
        """
        with self._one_at_a_time:
            renewed = {}
            for effect in self._ready:
                try:
                    renewed[effect] = self._made(effect)
                except DisguiseError as error:
                    self._log.error("a fault rule has no effect any more", kind=effect.kind, reason=str(error))
            self._ready = renewed

    def _made(self, effect: Effect) -> Disguise:
        try:
            context, words = self._context(effect)
        except tls.TlsFileError as error:
            raise DisguiseError(f"{effect.kind} needs the proxy's own TLS files: {error}") from error
        return Disguise(context, words, self._clock.now().date())

    def _context(self, effect: Effect) -> tuple[ConsumerContext, str]:
        match effect:
            case ServerCertificate():
                with self._explained(effect):
                    shown = make_faulty_server(
                        self._folder, self._files.certificate, effect.fault, now=self._clock.now()
                    )
                return tls.for_consumers(self._files, self._clock, shown=shown), f"showed {shown.words}"
            case OldProtocol():
                context = tls.for_consumers(self._files, self._clock, only=effect.version)
                return context, f"spoke {effect.version} only"
            case _:
                raise LookupError(f"{effect.kind} shakes hands as ever")

    @contextmanager
    def _explained(self, effect: Effect) -> Iterator[None]:
        try:
            yield
        except (SetupError, OSError) as error:
            why = said(error) if isinstance(error, OSError) else str(error)
            raise DisguiseError(
                f"{effect.kind} needs the emulated PKI in {self._folder.root}, and the proxy's own certificate from "
                f"there: {why}"
            ) from error
