"""The schema: it has every attribute that is exported, and says the same in both forms."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from ldif import LDIFParser

from ssp_emulator.directory.model import Directory, Reliability
from ssp_emulator.directory.sds import entries
from ssp_emulator.directory.sds.schema import for_cn_config

if TYPE_CHECKING:
    from ssp_emulator.spine import Spine

SCHEMA = (resources.files("ssp_emulator.directory.sds") / "sds.schema").read_text()
STANDARD = {"dn", "objectClass", "uniqueIdentifier", "description", "o", "ou"}
EVERYTHING = Reliability("None", "PT1M", 2, "PT5M", "always", "never", "urn:oasis:names:tc:ebxml-msg:actor:nextMSH")


@pytest.fixture
def config() -> dict[str, list[str]]:
    written = for_cn_config(SCHEMA, "ssp-emulator").encode("ascii")
    ((dn, entry),) = LDIFParser(io.BytesIO(written)).parse()
    assert dn == "cn=ssp-emulator,cn=schema,cn=config"
    return entry


def test_the_schema_has_what_is_exported_and_nothing_else(spine: Spine) -> None:
    consumer, provider = spine.directory.systems
    endpoint = replace(provider.endpoints[0], reliability=EVERYTHING)
    full = Directory([consumer, replace(provider, endpoints=(endpoint,), manufacturer="YEX02")], [])
    exported = set(re.findall(r"^([A-Za-z]+):", "".join(entries.ldif(full)), re.MULTILINE)) - STANDARD - {"version"}

    named = re.findall(r"^attributetype \( \S+\n  NAME '([A-Za-z]+)'", SCHEMA, re.MULTILINE)

    assert len(named) == len(set(named))
    assert {each.lower() for each in exported} == {each.lower() for each in named}  # as LDAP compares them
    assert exported - set(named) == {"nhsMHSPartyKey"}  # an AS record's, in another spelling


def test_every_object_identifier_is_another(config: dict[str, list[str]]) -> None:
    identifiers = re.findall(r"^(?:attributetype|objectclass) \( (\S+)$", SCHEMA, re.MULTILINE)

    assert len(identifiers) == len(set(identifiers)) == 18
    assert config["olcObjectIdentifier"][0] == f"sspEmulator 2.25.{int('4a543d5e97cf47b1aa9dce46fadb5af9', 16)}"


def test_both_forms_define_the_same(config: dict[str, list[str]]) -> None:
    keywords = {"olcObjectIdentifier": "objectidentifier", "olcAttributeTypes": "attributetype"}
    keywords["olcObjectClasses"] = "objectclass"
    words = [[keywords[name], *value.split()] for name in keywords for value in config[name]]

    without_comments = re.sub(r"#.*", "", SCHEMA)
    assert [word for each in words for word in each] == without_comments.split()
    assert config["objectClass"] == ["olcSchemaConfig"]
    assert config["cn"] == ["ssp-emulator"]
