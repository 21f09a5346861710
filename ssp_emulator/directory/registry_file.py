"""The shape of `registry.yaml`: each entry's fields and the forms they accept."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

from ssp_emulator.address import Address, is_host_name
from ssp_emulator.target import TargetError, parse
from ssp_emulator.token.signing import VerificationKey

_ASID = re.compile(r"[0-9]{1,20}\Z")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}\Z")
_INTERACTION = re.compile(r"[\x21-\x7f]+\Z")
_WORD = re.compile(r"[\x21-\x7e]{1,200}\Z")
_DURATION = re.compile(
    r"P(?=[0-9T])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?\Z"
)  # ISO 8601-1, 5.5.2.2


def _asid(text: str) -> str:
    if not _ASID.match(text):
        raise ValueError(f'should be an ASID, digits in quotes such as "200000000115", found {text!r}')
    return text


def _code(text: str) -> str:
    if not _CODE.match(text):
        raise ValueError(f"should be letters, digits and hyphens, found {text!r}")
    return text


def _host_name(text: str) -> str:
    if not is_host_name(text):
        raise ValueError(f"should be a fully qualified domain name, found {text!r}")
    return text


def _root(text: str) -> str:
    right = "should be a service root URL such as https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
    if text.endswith("/"):
        raise ValueError(f"should not end with a slash, found {text!r}")
    try:
        target = parse(f"/{text}")  # whatever no target could be, no root should be
    except TargetError as error:
        raise ValueError(f"{right}; {error}") from error
    if target.text != text or "?" in text or not text.startswith("https://"):
        raise ValueError(f"{right}, with no query, found {text!r}")
    return text


def _interaction(text: str) -> str:
    if not _INTERACTION.match(text):
        raise ValueError(f"should be an interaction id, or a glob of them with *, found {text!r}")
    return text


def _connect_to(text: str) -> str:
    Address.parse(text)
    return text


def _word(text: str) -> str:
    if not _WORD.match(text):
        raise ValueError(f"should be one word of printable ASCII, found {text!r}")
    return text


def _duration(text: str) -> str:
    if not _DURATION.match(text):
        raise ValueError(f'should be a duration as ISO 8601 writes it, such as "PT1M", found {text!r}')
    return text


def _token_key(value: object) -> str:
    # What was found is never said: it may be a private key. And an empty value is no "unsigned", which is to leave
    # the key out: a PEM that was not indented far enough would lift the duty to sign.
    if not isinstance(value, str) or not value.strip():
        raise ValueError("should be the PEM of a public key or certificate, after `|` and on lines of its own")
    VerificationKey.from_pem(value)
    return value


Asid = Annotated[str, AfterValidator(_asid)]
Code = Annotated[str, AfterValidator(_code)]
HostName = Annotated[str, AfterValidator(_host_name)]
Root = Annotated[str, AfterValidator(_root)]
Interaction = Annotated[str, AfterValidator(_interaction)]
ConnectTo = Annotated[str, AfterValidator(_connect_to)]
Word = Annotated[str, AfterValidator(_word)]
Duration = Annotated[str, AfterValidator(_duration)]
TokenKey = Annotated[str | None, PlainValidator(_token_key, json_schema_input_type=str)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class OrganisationEntry(_Entry):
    """An organisation: its ODS code and name."""

    ods: Code
    name: str = Field(min_length=1)


class ReliabilityEntry(_Entry):
    """What the directory tells of an endpoint's reliability, each where it is known."""

    sync_reply_mode: Word | None = None
    retry_interval: Duration | None = None
    retries: Annotated[int, Field(ge=0, le=1000)] | None = None
    persist_duration: Duration | None = None
    duplicate_elimination: Word | None = None
    ack_requested: Word | None = None
    actor: Word | None = None


class EndpointEntry(_Entry):
    """An endpoint: service root URL, CPA id, what it receives, where it really listens, and what SDS tells of it."""

    root: Root
    cpa_id: Code
    receives: list[Interaction] = Field(min_length=1)
    connect_to: ConnectTo | None = None
    mhs_id: Code | None = None
    reliability: ReliabilityEntry | None = None


class SystemEntry(_Entry):
    """An accredited system: what it sends, where it receives, its tokens' key and its manufacturer, if any."""

    asid: Asid
    organisation: Code
    party_key: Code
    fqdn: HostName
    sends: list[Interaction] = []
    endpoints: list[EndpointEntry] = []
    token_key: TokenKey = None
    manufacturer: Code | None = None


class AgreementEntry(_Entry):
    """A data sharing agreement between two ASIDs."""

    from_: Asid = Field(alias="from")
    to: Asid
    interactions: list[Interaction] = Field(min_length=1)


class RegistryFile(_Entry):
    """The whole of `registry.yaml`."""

    organisations: list[OrganisationEntry]
    systems: list[SystemEntry]
    agreements: list[AgreementEntry] = []
