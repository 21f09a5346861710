"""The effects, each a file. `ALL` is their order in the documents; it has no meaning on the way of a request."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from ssp_emulator.faults.effects.bandwidth import Bandwidth
from ssp_emulator.faults.effects.body import Body
from ssp_emulator.faults.effects.close import Close
from ssp_emulator.faults.effects.close_idle import CloseIdle
from ssp_emulator.faults.effects.connection_refused import ConnectionRefused
from ssp_emulator.faults.effects.content_type import WrongContentType
from ssp_emulator.faults.effects.dribble import Dribble
from ssp_emulator.faults.effects.effect import Effect
from ssp_emulator.faults.effects.empty_body import EmptyBody
from ssp_emulator.faults.effects.flip_bytes import FlipBytes
from ssp_emulator.faults.effects.garbage import Garbage
from ssp_emulator.faults.effects.handshake_cut import HandshakeCut
from ssp_emulator.faults.effects.handshake_stall import HandshakeStall
from ssp_emulator.faults.effects.headers import Headers
from ssp_emulator.faults.effects.invalid_json import InvalidJson
from ssp_emulator.faults.effects.json_patch import JsonPatchEffect
from ssp_emulator.faults.effects.latency import Latency
from ssp_emulator.faults.effects.malformed_chunk import MalformedChunk
from ssp_emulator.faults.effects.name_not_resolved import NameNotResolved
from ssp_emulator.faults.effects.old_protocol import OldProtocol
from ssp_emulator.faults.effects.provider_certificate import ProviderCertificate
from ssp_emulator.faults.effects.provider_error import ProviderErrorEffect
from ssp_emulator.faults.effects.refusal import Refusal
from ssp_emulator.faults.effects.reset import Reset
from ssp_emulator.faults.effects.server_certificate import ServerCertificate
from ssp_emulator.faults.effects.sized_body import SizedBody
from ssp_emulator.faults.effects.slow_close import SlowClose
from ssp_emulator.faults.effects.slow_first_byte import SlowFirstByte
from ssp_emulator.faults.effects.stall import Stall
from ssp_emulator.faults.effects.status import Status
from ssp_emulator.faults.effects.truncate import Truncate

AnyEffect = Annotated[
    Refusal
    | ProviderErrorEffect
    | Latency
    | SlowFirstByte
    | Dribble
    | Bandwidth
    | Stall
    | Close
    | Reset
    | Truncate
    | MalformedChunk
    | Garbage
    | SlowClose
    | CloseIdle
    | Status
    | Headers
    | WrongContentType
    | Body
    | JsonPatchEffect
    | FlipBytes
    | InvalidJson
    | EmptyBody
    | SizedBody
    | ConnectionRefused
    | NameNotResolved
    | ProviderCertificate
    | ServerCertificate
    | OldProtocol
    | HandshakeStall
    | HandshakeCut,
    Field(discriminator="kind"),
]
ALL: tuple[type[Effect], ...] = get_args(get_args(AnyEffect)[0])


def kinds(effect: type[Effect]) -> tuple[str, ...]:
    """Return the kinds that an effect's model stands for."""
    return get_args(effect.model_fields["kind"].annotation)
