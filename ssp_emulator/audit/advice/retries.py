"""Retries: three of them at most, and each after a longer pause than the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.advice.advice import Advice, Wanted
from ssp_emulator.audit.advice.retrying import WITHIN_S
from ssp_emulator.audit.advice.sources import ssp_guide

if TYPE_CHECKING:
    from ssp_emulator.audit.advice.past import Seen
    from ssp_emulator.exchange import Exchange

_MOST = 3
# What a pause has to be longer by: the way through a network alone makes equal pauses differ.
_LONGER_BY, _LONGER_BY_S = 1.2, 0.01
_SOURCE = ssp_guide("Consumer (graceful handling of transient error conditions)")


def _too_many(_: Exchange, seen: Seen) -> str | None:
    retry = seen.retry
    if retry is None or retry.number <= _MOST:
        return None
    return f"retry {retry.number}; the attempt before it ended in: {retry.failure}"


def _no_back_off(_: Exchange, seen: Seen) -> str | None:
    retry = seen.retry
    if retry is None or len(retry.pauses_s) < 2:
        return None
    before_s, pause_s = retry.pauses_s[-2:]
    if pause_s >= before_s * _LONGER_BY and pause_s >= before_s + _LONGER_BY_S:
        return None
    told = ", ".join(str(round(each_s * 1000)) for each_s in retry.pauses_s)
    return f"retry {retry.number}; the pauses before the retries: {told} ms"


TOO_MANY_RETRIES = Advice(
    name="too-many-retries",
    title="A request was tried again more than three times",
    remedy=f"Retry a request three times at most by itself (here: within {WITHIN_S:.0f} s of the failure), then report "
    "the failure.",
    wanted=Wanted.SPECIFICATION,
    source=_SOURCE,
    look=_too_many,
    of_the_past=True,
)

NO_BACK_OFF = Advice(
    name="no-back-off",
    title="Retries came without back-off",
    remedy="Before each retry, wait clearly longer than before the previous one, such as twice as long.",
    wanted=Wanted.SPECIFICATION,
    source=_SOURCE,
    look=_no_back_off,
    of_the_past=True,
)
