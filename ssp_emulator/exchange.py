"""The exchange: what is known of one request, step by step, from its first byte to its audit record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from multidict import CIMultiDictProxy

    from ssp_emulator.directory.model import Endpoint, System
    from ssp_emulator.faults.firing import Firing
    from ssp_emulator.interactions import Interaction
    from ssp_emulator.limits import Standing
    from ssp_emulator.outcome import Denial
    from ssp_emulator.pki.verdict import CertificateFault, ClientCertificate
    from ssp_emulator.target import Target
    from ssp_emulator.token.claims import Claims
    from ssp_emulator.verdict import Verdict

T = TypeVar("T")

TRACE_ID, FROM, TO, INTERACTION_ID = "Ssp-TraceID", "Ssp-From", "Ssp-To", "Ssp-InteractionID"
SSP_HEADERS = (TRACE_ID, FROM, TO, INTERACTION_ID)
BLANKS = " \t"  # the white space around a header's value; Python strips more. Source: RFC 9110, 5.6.3


class NotRecordedError(Exception):
    """An exchange could not be written down; the text says why. What is not in the trail is not answered either."""


def known(value: T | None) -> T:
    """Return what an earlier step has put on an exchange.

    Raises `LookupError` where it has not: the steps then stand in the wrong order, and going on would be a guess.
    """
    if value is None:
        raise LookupError("an earlier step should have put this on the exchange")
    return value


@dataclass(frozen=True, slots=True)
class Client:
    """Who is at the other end of a consumer's connection.

    `address` is `host:port`; `tls` the protocol's name, None for plain HTTP; `sni` the host name that was asked for in
    the handshake, and `handshake_s` how long it took.
    """

    address: str
    host: str
    tls: str | None = None
    cipher: str | None = None
    certificate: ClientCertificate | None = None
    fault: CertificateFault | None = None
    handshake_s: float | None = None
    sni: str | None = None
    firings: tuple[Firing, ...] = ()  # what was done to the handshake


@dataclass(slots=True)
class Timings:
    """Moments of one exchange, each as seconds since it began; None where it did not come to that.

    `provider_body_s` and `consumer_s` are spans: the waiting for pieces of the answer's body, and for the consumer to
    take them.
    """

    checked: float | None = None
    waited: float | None = None  # where a fault rule has fired
    connected: float | None = None
    first_byte: float | None = None
    total: float | None = None
    provider_body_s: float = 0.0
    consumer_s: float = 0.0
    ending: float | None = None  # when the last piece of the answer was there

    @property
    def asked_at(self) -> float | None:
        """When the provider's turn came."""
        return self.checked if self.waited is None else self.waited


class Shares(NamedTuple):
    """How much of an exchange's time was the provider's, None where none was tried, and the proxy's own; seconds."""

    provider_s: float | None
    own_s: float


class Addressing(NamedTuple):
    """The values of the four Ssp headers, as `Exchange.sole` finds them."""

    trace_id: str | None
    from_asid: str | None
    to_asid: str | None
    interaction_id: str | None


class Advisory(NamedTuple):
    """What worked but is not as the specification wants it: its name, and what was found."""

    name: str
    found: str


@dataclass(slots=True)
class Sample:
    """The beginning of a body, up to `limit` bytes."""

    limit: int
    data: bytearray = field(default_factory=bytearray)
    whole: bool = True

    def take(self, piece: bytes) -> None:
        """Keep what there is room for."""
        room = self.limit - len(self.data)
        self.data += piece[:room]
        self.whole = self.whole and len(piece) <= room


@dataclass(frozen=True, slots=True)
class Samples:
    """The beginnings of both bodies of an exchange."""

    from_consumer: Sample
    to_consumer: Sample


@dataclass(slots=True)
class ProviderLeg:
    """What is known of the connection to the provider, once one is tried."""

    address: str | None = None
    reused: bool = False
    status: int | None = None
    error: str | None = None
    bytes_sent: int = 0
    bytes_received: int = 0


@dataclass(slots=True)
class Exchange:
    """One request, as it came, as the checks read it, and as it was answered."""

    # As it came
    received_at: datetime
    started: float
    client: Client
    method: str
    raw_target: str
    headers: CIMultiDictProxy[str]
    raw_headers: tuple[tuple[bytes, bytes], ...] = ()
    nth: int = 1  # which request on its connection it is; 0 where none came

    # The Ssp headers as `sole` finds them, well-formed and known or not
    trace_id: str | None = field(init=False)
    from_asid: str | None = field(init=False)
    to_asid: str | None = field(init=False)
    interaction_id: str | None = field(init=False)

    # As the checks read it
    target: Target | None = None
    sender: System | None = None
    receiver: System | None = None
    interaction: Interaction | None = None
    endpoint: Endpoint | None = None
    claims: Claims | None = None
    standing: Standing | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    # As it was answered
    denial: Denial | None = None
    firings: list[Firing] = field(default_factory=list)  # of the fault rules
    additions: tuple[tuple[bytes, bytes], ...] = ()  # what the proxy adds to the fields of any answer
    provider: ProviderLeg = field(default_factory=ProviderLeg)
    status: int | None = None
    broken_off: bool = False
    timings: Timings = field(default_factory=Timings)
    bytes_in: int = 0
    bytes_out: int = 0
    samples: Samples | None = None  # where the trail is to hold bodies
    advisories: tuple[Advisory, ...] = ()
    recorded: bool = False
    lost: bool = False  # it could not be written down, and is not tried again

    def __post_init__(self) -> None:
        """Read the Ssp headers once: they are asked for some twenty times a request, and headers do not change."""
        self.trace_id, self.from_asid, self.to_asid, self.interaction_id = map(self.sole, SSP_HEADERS)

    def sole(self, name: str) -> str | None:
        """Return a header's value where it came just once and is not empty, without the white space around it."""
        values = self.headers.getall(name, ())
        return (values[0].strip(BLANKS) or None) if len(values) == 1 else None

    @property
    def addressing(self) -> Addressing:
        """The Ssp headers, in the order of `SSP_HEADERS`."""
        return Addressing(self.trace_id, self.from_asid, self.to_asid, self.interaction_id)

    @property
    def shares(self) -> Shares | None:
        """Whose the time was, once the exchange is over; what fault rules and the consumer took is nobody's."""
        timings = self.timings
        if timings.total is None:
            return None
        held_s = timings.consumer_s + (timings.total - timings.ending if timings.ending is not None else 0.0)
        if timings.waited is not None and timings.checked is not None:
            held_s += timings.waited - timings.checked
        provider_s = None
        if timings.asked_at is not None and (self.provider.address is not None or self.provider.error is not None):
            answered = timings.total if timings.first_byte is None else timings.first_byte
            provider_s = answered - timings.asked_at + timings.provider_body_s
        return Shares(provider_s, max(0.0, timings.total - (provider_s or 0.0) - held_s))

    @property
    def query(self) -> str:
        """The query of the target, without its question mark."""
        written = self.target.path_and_query if self.target is not None else self.raw_target
        return written.partition("?")[2]

    @property
    def target_text(self) -> str:
        """The target for people to read: as it was understood, else as it came."""
        return self.target.text if self.target is not None else self.raw_target.removeprefix("/")
