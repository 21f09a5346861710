"""The start of an answer in HTTP, before it is bytes: status, phrase, fields, and how the end of its body is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

Field = tuple[bytes, bytes]
Fields = Iterable[Field]


class Framing(Enum):
    """How the end of a body is told. Source: RFC 9112, 6."""

    NONE = "no body"
    LENGTH = "Content-Length"
    CHUNKED = "chunked"
    CLOSE = "until the connection closes"


@dataclass(slots=True)
class Head:
    """The start of an answer: status, reason phrase, and fields in the order, case and number that they came.

    `omit` names fields, in lower case, that the proxy is not to add to it.
    """

    status: int = 0
    phrase: bytes = b""
    fields: list[Field] = field(default_factory=list)
    framing: Framing = Framing.CLOSE
    omit: frozenset[bytes] = frozenset()

    @property
    def interim(self) -> bool:
        """Whether another head follows this one. Source: RFC 9110, 15.2."""
        return 100 <= self.status < 200

    def all(self, name: bytes) -> list[bytes]:
        """Return every value of a field, its name in any case."""
        lowered = name.lower()
        return [value for field_name, value in self.fields if field_name.lower() == lowered]
