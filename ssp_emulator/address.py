"""A host and a port, as configuration and registry write them: `localhost:8443`, `[::1]:8443`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*\Z")
FORM = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\[\]:]+)):(?P<port>[0-9]{1,5})\Z")
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing listens here


@dataclass(frozen=True, slots=True)
class Address:
    """Where something listens; `host` is a name or an IP address without brackets, `port` 0 to 65535."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `host:port`. Raises `ValueError` with a sentence that says what would be right."""
        match = FORM.match(text)
        if match is None or not _names_a_host(match) or int(match["port"]) > 65535:
            raise ValueError(f'should be "host:port", such as "localhost:8443", found {text!r}')
        return cls(match["six"] or match["host"], int(match["port"]))

    @property
    def reachable(self) -> Address:
        """Where to call what listens here, from the same machine: who listens everywhere is called on loopback."""
        return Address(_EVERYWHERE.get(self.host, self.host), self.port)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_host_name(text: str) -> bool:
    """Tell whether a text can be a host name or an IPv4 address. Source: RFC 1123, 2.1."""
    return HOST.match(text) is not None


def _names_a_host(match: re.Match[str]) -> bool:
    if match["six"] is None:
        return is_host_name(match["host"])
    try:
        ipaddress.IPv6Address(match["six"])
    except ValueError:
        return False
    return True
