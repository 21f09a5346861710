"""Remedies of the check `rate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.explaining import pages
from ssp_emulator.audit.explaining.explanation import Remedy

if TYPE_CHECKING:
    from ssp_emulator.audit.explaining.facts import Facts

_WAIT = "Wait as many seconds as the answer's X-Rate-Limit-Reset says before the next request"


def of_sender(facts: Facts) -> Remedy:
    """The sender's own limit is spent."""
    sender = facts.sender or "the sender"
    return Remedy(f"{_WAIT}, or raise `limits.sender` in emulator.yaml: {sender} has {_standing(facts)}", pages.SSP)


def of_receiver(facts: Facts) -> Remedy:
    """The receiver's limit, which all senders share, is spent."""
    receiver = facts.receiver or "the receiver"
    return Remedy(
        f"{_WAIT}, or raise `limits.receiver` in emulator.yaml: all senders together have {_standing(facts)} at "
        f"{receiver}",
        pages.SSP,
    )


def _standing(facts: Facts) -> str:
    return facts.failed.found if facts.failed is not None and facts.failed.found else "no request left"
