"""The advice: what worked but is not as the specification wants it. Each is in a file, and this is their order.

An advisory looks at an exchange that is over, and at what it has to do with those before it, and says what it found. It
refuses nothing: what is refused is a check's to say.

- advice: the one shape of an advisory
- past, memory, retrying, connecting: what is remembered of earlier exchanges
- summary: what a whole trail shows, sender by sender
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ssp_emulator.audit.advice.connections import CONNECTION_NOT_REUSED
from ssp_emulator.audit.advice.escapes import TARGET_ESCAPES
from ssp_emulator.audit.advice.formats import ACCEPT_MISSING, CHARSET_MISSING
from ssp_emulator.audit.advice.forms import TARGET_FORM, TARGET_NOT_ENCODED
from ssp_emulator.audit.advice.interactions import METHOD_DIFFERS, SCOPE_DIFFERS
from ssp_emulator.audit.advice.organisations import ORGANISATION_DIFFERS
from ssp_emulator.audit.advice.past import NOTHING, ROOM, Past
from ssp_emulator.audit.advice.ports import HOST_PORT, TARGET_PORT
from ssp_emulator.audit.advice.retries import NO_BACK_OFF, TOO_MANY_RETRIES
from ssp_emulator.audit.advice.tokens import TOKEN_REPEATED
from ssp_emulator.audit.advice.trace_ids import TRACE_ID_REPEATED, TRACE_ID_VERSION
from ssp_emulator.checks.sender import sender
from ssp_emulator.exchange import Advisory
from ssp_emulator.verdict import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssp_emulator.audit.advice.advice import Advice
    from ssp_emulator.exchange import Exchange

ORDER: tuple[Advice, ...] = (
    TRACE_ID_REPEATED,
    TRACE_ID_VERSION,
    TOKEN_REPEATED,
    ORGANISATION_DIFFERS,
    SCOPE_DIFFERS,
    METHOD_DIFFERS,
    TARGET_PORT,
    HOST_PORT,
    TARGET_FORM,
    TARGET_NOT_ENCODED,
    TARGET_ESCAPES,
    ACCEPT_MISSING,
    CHARSET_MISSING,
    TOO_MANY_RETRIES,
    NO_BACK_OFF,
    CONNECTION_NOT_REUSED,
)

CATALOGUE: Mapping[str, Advice] = MappingProxyType({advice.name: advice for advice in ORDER})

_LOOKS = tuple((advice.name, advice.look) for advice in ORDER)
_LOOKS_AT_THE_NEW = tuple((advice.name, advice.look) for advice in ORDER if not advice.of_the_past)
_PASSED, _SENDER = Result.PASSED, sender.__name__


class Adviser:
    """Gives advice on exchanges, one after the other as they end. Takes a random key, and how many it remembers."""

    def __init__(self, key: bytes, room: int = ROOM) -> None:
        self._past = Past(key, room)

    def advise(self, exchange: Exchange) -> tuple[Advisory, ...]:
        """Return what there is to advise on an exchange that is over.

        There is nothing where it is not certain who asked, nor on what a check refuses: the refusal says it.
        """
        if not _is_advised(exchange):
            return ()
        seen = self._past.meet(exchange)
        looks = _LOOKS_AT_THE_NEW if seen is NOTHING else _LOOKS
        return tuple([Advisory(name, found) for name, look in looks if (found := look(exchange, seen)) is not None])


def _is_advised(exchange: Exchange) -> bool:
    # What the proxy answers itself, OPTIONS, is no interaction with a provider.
    verdict = exchange.verdicts.get(_SENDER)
    return verdict is not None and verdict.result is _PASSED and exchange.method != "OPTIONS"
