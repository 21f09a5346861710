"""What a load is: the doors, the sheet, how many connections, for how long. It travels between processes as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

Manner = Literal["closed", "paced", "alternating"]


@dataclass(frozen=True, slots=True)
class Door:
    """Where requests go in, and as whom: an address, the server's name that is expected, and PEM files.

    `fresh` is a new connection for each request, and `resume` whether it takes up the TLS session of one before.
    """

    host: str
    port: int
    server_name: str
    certificate: str
    key: str
    trust: str
    fresh: bool = False
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """What each request says: the target, the fields that do not change, and the claims of its token.

    `length` and `crc32` are those of the body of a right answer; None: any will do.
    """

    target: str
    fields: dict[str, str]
    claims: dict[str, Any]
    length: int | None = None
    crc32: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One load: through a door (or several in turn), with so many connections, for some seconds or some requests.

    `warm_up` requests go before it and are not counted; their answers have to be right, unless it is `lenient`. `rate`
    is requests a second, of a paced load. `idle` is how many connections more are opened, each asked once and then left
    alone.
    """

    doors: tuple[Door, ...]
    sheet: Sheet
    manner: Manner = "closed"
    connections: int = 1
    seconds: float = 5.0
    requests: int | None = None
    warm_up: int = 100
    rate: float | None = None
    idle: int = 0
    lenient: bool = False

    def to_json(self) -> str:
        """Return the job as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        doors = tuple(Door(**door) for door in fields.pop("doors"))
        return cls(doors=doors, sheet=Sheet(**fields.pop("sheet")), **fields)
