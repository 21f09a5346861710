"""The JSON Schemas of what people write and programs read, made from the models that judge them.

An editor that knows one completes keys, shows what they mean, and marks what would be refused. Whatever a schema
refuses the emulator refuses too; what depends on other places or files only the emulator can tell.

Source: JSON Schema, draft 2020-12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssp_emulator.audit.model import Record
from ssp_emulator.directory.registry_file import RegistryFile
from ssp_emulator.faults.scenario import Scenario
from ssp_emulator.settings import Settings

if TYPE_CHECKING:
    from pydantic import BaseModel

Piece = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
WRITTEN: dict[str, tuple[str, type[BaseModel]]] = {
    "emulator": ("emulator.yaml of ssp-emulator", Settings),
    "registry": ("registry.yaml of ssp-emulator", RegistryFile),
    "scenario": ("a scenario of faults for ssp-emulator", Scenario),
}
_BY_NAME = ("$defs", "properties", "patternProperties")  # whose keys are names, and no keywords
NAMES = (*WRITTEN, "audit")


def schema(name: str) -> Piece:
    """Return the schema of a name: one of `NAMES`."""
    if name in WRITTEN:
        title, model = WRITTEN[name]
        return {"$schema": DRAFT, "title": title, **_for_editors(model)}
    made = Record.model_json_schema(by_alias=True)
    return {"$schema": DRAFT, "title": made.pop("title"), **made}


def _for_editors(model: type[BaseModel]) -> Piece:
    """Return a model's schema without what is noise in an editor."""
    made: Piece = _tidied(model.model_json_schema(by_alias=True))
    del made["title"]
    return made


def _tidied(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_tidied(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _all_tidied(value) if key in _BY_NAME else _tidied(value) for key, value in schema.items()}
    for each in tidy.get("properties", {}).values():
        each.pop("title", None)  # the key again, in capitals
    tidy.pop("discriminator", None)  # a word of OpenAPI
    tidy.pop("format", None)  # pydantic's, which takes what the standard's own would not
    if isinstance(tidy.get("default"), dict) or (tidy.get("default", "") is None and "anyOf" not in tidy):
        del tidy["default"]  # each of its keys says its own; or it is what nobody may write
    if "patternProperties" in tidy:
        tidy["additionalProperties"] = False
        tidy.get("propertyNames", {}).pop("patternErrorMessage", None)
        if not tidy.get("propertyNames", True):
            del tidy["propertyNames"]
    return tidy


def _all_tidied(schemas: Piece) -> Piece:
    return {name: _tidied(each) for name, each in schemas.items()}
