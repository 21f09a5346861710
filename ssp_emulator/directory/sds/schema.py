"""The LDAP schema that the exported records want, from the form of `slapd.conf` to that of `cn=config`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ssp_emulator.directory.sds import ldif

if TYPE_CHECKING:
    from collections.abc import Iterator

_ATTRIBUTES = {
    "objectidentifier": "olcObjectIdentifier",
    "attributetype": "olcAttributeTypes",
    "objectclass": "olcObjectClasses",
}


def for_cn_config(schema: str, name: str) -> str:
    """Return a schema as LDIF for a server that keeps its configuration in `cn=config`.

    Takes the schema as `slapd.conf` includes it, and the name under which the server is to list it. Source: OpenLDAP's
    slapd-config(5).
    """
    lines = [ldif.line("objectClass", "olcSchemaConfig"), ldif.line("cn", name)]
    lines += [ldif.line(_ATTRIBUTES[keyword], text) for keyword, text in _definitions(schema)]
    entry = ldif.entry(f"cn={ldif.escaped(name)},cn=schema,cn=config", lines)
    return f"{ldif.VERSION}{entry}"


def _definitions(schema: str) -> Iterator[tuple[str, str]]:
    """Yield each definition's keyword, and the rest of it in one line."""
    text = re.sub(r"^#.*\n", "", schema, flags=re.MULTILINE)
    for definition in re.split(r"\n(?=\S)", text.strip()):
        keyword, *rest = definition.split()
        yield keyword, " ".join(rest)
