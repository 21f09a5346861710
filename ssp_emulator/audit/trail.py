"""The trail as the proxy sees it: where exchanges go when they are over, and whether it takes any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from ssp_emulator.audit.enquiry import facts_of as facts_of_enquiry
from ssp_emulator.audit.masking import masked, masked_facts
from ssp_emulator.audit.record import facts_of
from ssp_emulator.exchange import NotRecordedError, Sample, Samples

if TYPE_CHECKING:
    from ssp_emulator.audit.durability import Durability
    from ssp_emulator.audit.enquiry import Enquiry
    from ssp_emulator.audit.journal import Journal
    from ssp_emulator.audit.reading import Record
    from ssp_emulator.exchange import Advisory, Exchange


class Advice(Protocol):
    """Whoever has something to say of requests that worked."""

    def advise(self, exchange: Exchange) -> tuple[Advisory, ...]:
        """Return what the specification does not want of an exchange that is over."""
        ...


@dataclass(frozen=True, slots=True)
class Manner:
    """What is written down, and what follows where nothing can be.

    `goes_on`: requests are answered all the same, and counted. `masks`: NHS numbers are left out. `tokens`: bearer
    tokens are kept. `bodies_bytes`: how much of each body is.
    """

    goes_on: bool = False
    masks: bool = False
    tokens: bool = False
    bodies_bytes: int = 0


class Trail:
    """Writes exchanges down; `failures` counts those that could not be."""

    def __init__(self, journal: Journal, durability: Durability, advice: Advice, manner: Manner) -> None:
        self.failures = 0
        self._unwritten: str | None = None  # why the last record could not be handed to the operating system
        self._unkept: str | None = None  # why the journal could not be brought to the disk, or looked after
        self._is_said = False
        self._journal = journal
        self._durability = durability
        self._advice = advice
        self._manner = manner
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("ssp_emulator.audit")

    @property
    def failure(self) -> str | None:
        """Why nothing can be written down that is safe; None where all is well."""
        return self._unwritten or self._unkept

    @property
    def closed(self) -> str | None:
        """Why no request is let through, as it could not be written down; None where they are."""
        return None if self._manner.goes_on else self.failure

    def samples(self) -> Samples | None:
        """Return where a request's bodies are to be kept; None where they are not."""
        limit = self._manner.bodies_bytes
        return Samples(Sample(limit), Sample(limit)) if limit else None

    def shown(self, text: str) -> str:
        """Return a text as it may be written into a log."""
        return masked(text) if self._manner.masks else text

    def record(self, exchange: Exchange) -> None:
        """Write an exchange down; it is the operating system's when this returns.

        Raises `NotRecordedError` where it cannot be written down and the request is to be refused for that.
        """
        exchange.advisories = self._advice.advise(exchange)
        self._keep(facts_of(exchange, with_token=self._manner.tokens))

    def record_enquiry(self, enquiry: Enquiry) -> None:
        """Write an enquiry of the directory down, as `record` does."""
        self._keep(facts_of_enquiry(enquiry))

    def _keep(self, facts: Record) -> None:
        try:
            self._journal.append(masked_facts(facts) if self._manner.masks else facts)
        except NotRecordedError as error:
            self.failures += 1
            self._say(error)
            self._unwritten = str(error)
            if not self._manner.goes_on:
                raise
        else:
            self._unwritten = None
            self._say_recovered()

    async def settled(self) -> None:
        """Return when what was recorded is as safe as it is to be before it is answered. Raises `NotRecordedError`."""
        try:
            await self._durability.settled()
        except NotRecordedError as error:
            self.failures += 1
            self.failed(error)
            if not self._manner.goes_on:
                raise

    def failed(self, error: NotRecordedError) -> None:
        """Take note that the journal cannot be kept as it should be; this stays so until `recovered`."""
        self._say(error)
        self._unkept = str(error)

    def recovered(self) -> None:
        """Take note that the journal takes records, and keeps them."""
        self._unwritten = self._unkept = None
        self._say_recovered()

    def _say(self, error: NotRecordedError) -> None:
        if not self._is_said:
            self._log.critical("the audit trail cannot be written", reason=str(error), goes_on=self._manner.goes_on)
        self._is_said = True

    def _say_recovered(self) -> None:
        if self._is_said and self.failure is None:
            self._log.warning("the audit trail is written again", failed=self.failures)
            self._is_said = False
