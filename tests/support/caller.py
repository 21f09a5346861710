"""A caller of the admin API at the level of bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.wire import Answer, Wire

if TYPE_CHECKING:
    from ssp_emulator.address import Address

NOTHING = object()


class Caller:
    """Calls the admin API at an address, each time on a connection of its own; `root` is what paths are below."""

    def __init__(self, address: Address | None, root: str = "/api/v1") -> None:
        assert address is not None
        self.address = address
        self.root = root

    async def ask(
        self, method: str, path: str, value: Any = NOTHING, *, raw: bytes | None = None, **headers: str | None
    ) -> Answer:
        """Call a path, with a value as JSON or with raw bytes; a header that is None is left out."""
        wire = await Wire.open(self.address.port, None)
        try:
            return await wire.ask(self.request(method, path, value, raw=raw, **headers))
        finally:
            await wire.close()

    def request(
        self, method: str, path: str, value: Any = NOTHING, *, raw: bytes | None = None, **headers: str | None
    ) -> bytes:
        """Return such a call's bytes."""
        body = raw if raw is not None else b"" if value is NOTHING else json.dumps(value).encode()
        fields: dict[str, str | None] = {"Host": str(self.address)}
        if raw is not None or value is not NOTHING:
            fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
        return f"{method} {self.root}{path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body
