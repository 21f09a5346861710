"""A host and a port, as configuration and registry write them: `localhost:8443`, `[::1]:8443`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*\Z")
_FORM = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\[\]:]+)):(?P<port>[0-9]{1,5})\Z")


@dataclass(frozen=True, slots=True)
class Address:
    """Where something listens; `host` is a name or an IP address without brackets, `port` 0 to 65535."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `host:port`. Raises `ValueError` with a sentence that says what would be right."""
        match = _FORM.match(text)
        if match is None or (match["host"] and not is_host_name(match["host"])) or int(match["port"]) > 65535:
            raise ValueError(f'should be "host:port", such as "localhost:8443", found {text!r}')
        return cls(match["six"] or match["host"], int(match["port"]))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_host_name(text: str) -> bool:
    """Tell whether a text can be a host name or an IPv4 address. Source: RFC 1123, 2.1."""
    return _HOST.match(text) is not None
