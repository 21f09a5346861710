"""What every effect is, what it may act on, and at which stages of an exchange it can act.

An effect is a frozen model of its parameters. `stages` says where it acts, and for each stage it has the one method of
that stage's protocol below. Whatever it does it notes on its firing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, NoReturn, Protocol

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.fhir import Resource
    from ssp_emulator.message import Head
    from ssp_emulator.outcome import Denial

LONGEST_MS = 3_600_000
LARGEST_BODY = 1 << 30

Milliseconds = Annotated[float, Field(ge=0, le=LONGEST_MS)]
Offset = Annotated[int, Field(ge=0, le=LARGEST_BODY)]


@dataclass(frozen=True, slots=True)
class Context:
    """What rules are validated with: the folder of the scenarios, which files that rules name have to be in."""

    folder: Path


class Stage(IntEnum):
    """Where in an exchange an effect acts, in the order in which the stages come to a request."""

    CONNECTION = 1  # while TLS shakes hands
    WAIT = 2  # before the request goes further
    INSTEAD = 3  # in place of what would have been the answer: the first that acts ends it
    UPLOAD = 4  # on the body of the request
    CONTENT = 5  # on the head and the body of the answer
    DELAY = 6  # on when the answer begins
    PACE = 7  # on how fast it goes
    CUT = 8  # on how the connection treats it


class Ending(Enum):
    """How a connection is ended."""

    CLOSE = "close"  # in good order: close_notify, then FIN
    DROP = "drop"  # a FIN with no close_notify
    RESET = "reset"  # a RST


class Imitation(NamedTuple):
    """An answer that stands in for a provider's."""

    status: int
    phrase: str
    resource: Resource


class Delivery(Protocol):
    """The way of an answer to its consumer: a head, and then the body, piece by piece."""

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        """Take the head; `closes` asks for the connection to end with this answer.

        It may be taken anew as long as nothing has been written.
        """
        ...

    async def write(self, piece: bytes, *, last: bool) -> None:
        """Take a piece of the body; `last` says that nothing follows."""
        ...


class Wire(Protocol):
    """A consumer's connection, for effects that treat it as no server should."""

    @property
    def reused(self) -> bool:
        """Whether the request is not the first on its connection."""
        ...

    @property
    def has_body(self) -> bool:
        """Whether the answer that has begun has a body."""
        ...

    @property
    def takes_chunks(self) -> bool:
        """Whether the consumer knows bodies in chunks."""
        ...

    async def flush(self) -> None:
        """Send what there is of the answer, and wait until it is on its way."""
        ...

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        ...

    async def end(self, how: Ending) -> NoReturn:
        """Let what was sent arrive, write the exchange down, and end the connection there and then."""
        ...

    async def left(self) -> NoReturn:
        """Wait until the consumer leaves."""
        ...


class Door(Protocol):
    """A consumer's connection before TLS has shaken hands on it; what is done there is noted on a firing."""

    def disguise(self, effect: Effect, firing: Firing) -> None:
        """Shake hands as an effect has it that was made ready when its rule was put in force."""
        ...

    async def left(self, firing: Firing) -> NoReturn:
        """Send nothing, and wait until the consumer leaves."""
        ...

    async def cut(self, after_bytes: int, how: Ending, firing: Firing) -> NoReturn:
        """Send so many bytes of the handshake's first flight, or all that it has, and end the connection."""
        ...


class Effect(BaseModel):
    """A kind of misbehaviour and its parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    group: ClassVar[str]
    example: ClassVar[str]  # an effect as YAML, for docs/faults.md

    kind: str

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Where it acts."""
        raise LookupError(f"{type(self).__name__} has no stage")

    def written(self) -> dict[str, Any]:
        """Return it as JSON's types, with what is not the default."""
        return {"kind": self.kind, **self.model_dump(mode="json", exclude_defaults=True)}


class Waits(Protocol):
    """An effect at `Stage.WAIT`."""

    async def wait(self, firing: Firing) -> None:
        """Keep a request waiting."""
        ...


class Instead(Protocol):
    """An effect at `Stage.INSTEAD`."""

    async def instead(self, exchange: Exchange, wire: Wire, firing: Firing) -> Denial | Imitation | None:
        """Return what is answered; None where the request had better go on. It may end the connection instead."""
        ...


class Uploads(Protocol):
    """An effect at `Stage.UPLOAD`."""

    def upload(self, body: AsyncIterator[bytes], firing: Firing) -> AsyncIterator[bytes]:
        """Yield the body of a request as it is to go on."""
        ...


class Around(Protocol):
    """An effect at one of the stages of an answer: `CONTENT`, `DELAY`, `PACE` and `CUT`."""

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Return a delivery that does something before, after or instead of what follows."""
        ...


class Greets(Protocol):
    """An effect at `Stage.CONNECTION`."""

    async def greet(self, door: Door, firing: Firing) -> None:
        """Do something to a connection whose ClientHello has come and that has been sent nothing."""
        ...


class Passing:
    """A delivery that passes everything on; effects override what they change."""

    def __init__(self, following: Delivery, wire: Wire, firing: Firing) -> None:
        self.following = following
        self.wire = wire
        self.firing = firing

    async def begin(self, head: Head, *, closes: bool = False) -> None:
        """Pass a head on."""
        await self.following.begin(head, closes=closes)

    async def write(self, piece: bytes, *, last: bool) -> None:
        """Pass a piece on."""
        await self.following.write(piece, last=last)


def asks_provider(exchange: Exchange) -> bool:
    """Tell whether the request would go to its provider: nothing refuses it, and the proxy does not answer itself."""
    return exchange.denial is None and exchange.method != "OPTIONS"


NOT_ASKED = "nothing: the provider would not have been asked"
NO_BODY = "nothing: the answer has no body"
