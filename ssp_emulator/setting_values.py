"""The values that the settings take: what each accepts, and what an editor is told of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from ssp_emulator.address import FORM, Address
from ssp_emulator.directory.registry_file import Asid
from ssp_emulator.hints import ecma, hint
from ssp_emulator.outcome import Reason

if TYPE_CHECKING:
    from pydantic.config import JsonDict

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+\Z")  # RFC 6838, 4.2
_ORIGIN = re.compile(r"\*\Z|https?://[^\s/?#@]+\Z|null\Z")  # RFC 6454, 6.2
_PATH = re.compile(r"[^\u0000]+\Z")
_NUMBER = re.compile(r"[\s0-9._eE+-]+\Z")

_RIGHT_ADDRESS = 'should be "host:port", such as "localhost:8443"'
_RIGHT_MEDIA_TYPE = 'should be a media type such as "application/fhir+json", with no parameters'
_RIGHT_ORIGIN = 'should be an origin such as "https://app.example.nhs.uk", or "*" for any'


def _address(text: str) -> str:
    Address.parse(text)
    return text


def _path(value: object) -> object:
    if not isinstance(value, str) or not value:
        return value
    if "\0" in value:
        raise ValueError("should be a path, and no path holds a NUL character")
    return Path(value)


def _media_type(text: str) -> str:
    if not _MEDIA_TYPE.match(text):
        raise ValueError(f"{_RIGHT_MEDIA_TYPE}, found {text!r}")
    return text.lower()


def _origin(text: str) -> str:
    if not _ORIGIN.match(text):
        raise ValueError(f"{_RIGHT_ORIGIN}, found {text!r}")
    return text


def _number(value: object) -> object:
    if isinstance(value, bool):  # which would be 0 or 1
        raise ValueError(f"should be a number, found {value!r}")  # noqa: TRY004 - pydantic's own
    return value


def _or_text(schema: JsonDict) -> None:
    """Let the schema of a number take it as text too."""
    moved = [key for key in schema if key == "type" or "inimum" in key or "aximum" in key]
    schema["anyOf"] = [{key: schema.pop(key) for key in moved}, {"type": "string", "pattern": ecma(_NUMBER)}]


AddressText = Annotated[str, AfterValidator(_address), hint(FORM, _RIGHT_ADDRESS)]
# YAML has no paths; the reader gives text, and everyone after that a path.
FilePath = Annotated[Path, BeforeValidator(_path, json_schema_input_type=str), hint(_PATH, "should be a path")]
MediaType = Annotated[str, AfterValidator(_media_type), hint(_MEDIA_TYPE, _RIGHT_MEDIA_TYPE, ["application/fhir+json"])]
Origin = Annotated[str, AfterValidator(_origin), hint(_ORIGIN, _RIGHT_ORIGIN, ["*", "https://app.example.nhs.uk"])]
Requests = Annotated[int, Field(ge=0, le=1_000_000_000)]
RequestsByAsid = dict[Asid, Requests | None]
ReasonText = Annotated[Reason, Field(strict=False)]  # YAML has no enumerations
_Number = BeforeValidator(_number)
# YAML 1.1 reads 1e3 as text, which is a number all the same.
Seconds = Annotated[float, Field(gt=0, le=86_400, strict=False, json_schema_extra=_or_text), _Number]
SegmentMib = Annotated[float, Field(ge=0.001, le=1_000_000, strict=False, json_schema_extra=_or_text), _Number]
SegmentAge = Annotated[float, Field(ge=1, le=31_536_000, strict=False, json_schema_extra=_or_text), _Number]
KeptMib = Annotated[float, Field(ge=0, le=1_000_000_000, strict=False, json_schema_extra=_or_text), _Number]
KeptAge = Annotated[float, Field(ge=1, le=3_153_600_000, strict=False, json_schema_extra=_or_text), _Number]
