"""The shape of `registry.yaml`: each entry's fields and the forms they accept."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

from ssp_emulator.address import FORM, HOST, Address, is_host_name
from ssp_emulator.hints import hint
from ssp_emulator.interactions import GP_CONNECT, KNOWN
from ssp_emulator.target import TargetError, parse
from ssp_emulator.token.signing import VerificationKey

_ASID = re.compile(r"[0-9]{1,20}\Z")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}\Z")
_INTERACTION = re.compile(r"[\x21-\x7f]+\Z")
_WORD = re.compile(r"[\x21-\x7e]{1,200}\Z")
_DURATION = re.compile(
    r"P(?=[0-9T])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?\Z"
)  # ISO 8601-1, 5.5.2.2

_ROOT = re.compile(r"https://[^/?#@\\\s]+(/[^?#\\\s]*[^/?#\\\s])?\Z")  # what `_root` takes, and some more

_RIGHT_ASID = 'should be an ASID, digits in quotes such as "200000000115"'
_RIGHT_ROOT = "should be a service root URL such as https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
_RIGHT_INTERACTION = "should be an interaction id, or a glob of them with *"
_RIGHT_DURATION = 'should be a duration as ISO 8601 writes it, such as "PT1M"'
_INTERACTIONS = (
    f"{GP_CONNECT}documents:*",
    *dict.fromkeys(name for each in KNOWN for name in (each.id, each.received_as)),
)


def _asid(text: str) -> str:
    if not _ASID.match(text):
        raise ValueError(f"{_RIGHT_ASID}, found {text!r}")
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
    if text.endswith("/"):
        raise ValueError(f"should not end with a slash, found {text!r}")
    try:
        target = parse(f"/{text}")  # whatever no target could be, no root should be
    except TargetError as error:
        raise ValueError(f"{_RIGHT_ROOT}; {error}") from error
    if target.text != text or "?" in text or not text.startswith("https://"):
        raise ValueError(f"{_RIGHT_ROOT}, with no query, found {text!r}")
    return text


def _interaction(text: str) -> str:
    if not _INTERACTION.match(text):
        raise ValueError(f"{_RIGHT_INTERACTION}, found {text!r}")
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
        raise ValueError(f"{_RIGHT_DURATION}, found {text!r}")
    return text


def _token_key(value: object) -> str:
    # What was found is never said: it may be a private key. And an empty value is no "unsigned", which is to leave
    # the key out: a PEM that was not indented far enough would lift the duty to sign.
    if not isinstance(value, str) or not value.strip():
        raise ValueError("should be the PEM of a public key or certificate, after `|` and on lines of its own")
    VerificationKey.from_pem(value)
    return value


Asid = Annotated[str, AfterValidator(_asid), hint(_ASID, _RIGHT_ASID)]
Code = Annotated[str, AfterValidator(_code), hint(_CODE, "should be letters, digits and hyphens")]
HostName = Annotated[str, AfterValidator(_host_name), hint(HOST, "should be a fully qualified domain name")]
Root = Annotated[str, AfterValidator(_root), hint(_ROOT, _RIGHT_ROOT)]
Interaction = Annotated[str, AfterValidator(_interaction), hint(_INTERACTION, _RIGHT_INTERACTION, _INTERACTIONS)]
ConnectTo = Annotated[str, AfterValidator(_connect_to), hint(FORM, 'should be "host:port", such as "localhost:8443"')]
Word = Annotated[str, AfterValidator(_word), hint(_WORD, "should be one word of printable ASCII")]
Duration = Annotated[str, AfterValidator(_duration), hint(_DURATION, _RIGHT_DURATION, ["PT1M"])]
TokenKey = Annotated[str | None, PlainValidator(_token_key, json_schema_input_type=str)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class OrganisationEntry(_Entry):
    """An organisation: its ODS code and name."""

    ods: Code = Field(description="its ODS code")
    name: str = Field(min_length=1, description="its name, for people")


class ReliabilityEntry(_Entry):
    """What the directory tells of an endpoint's reliability, each where it is known."""

    sync_reply_mode: Word | None = Field(default=None, description="nhsMHSSyncReplyMode")
    retry_interval: Duration | None = Field(default=None, description="nhsMHSRetryInterval")
    retries: Annotated[int, Field(ge=0, le=1000)] | None = Field(default=None, description="nhsMHSRetries")
    persist_duration: Duration | None = Field(default=None, description="nhsMHSPersistDuration")
    duplicate_elimination: Word | None = Field(default=None, description="nhsMHSDuplicateElimination")
    ack_requested: Word | None = Field(default=None, description="nhsMHSAckRequested")
    actor: Word | None = Field(default=None, description="nhsMHSActor")


class EndpointEntry(_Entry):
    """An endpoint: service root URL, CPA id, what it receives, where it really listens, and what SDS tells of it."""

    root: Root = Field(description="the service root URL that targets lie below, with no slash at its end")
    cpa_id: Code = Field(description="its CPA id")
    receives: list[Interaction] = Field(
        min_length=1, description="the ids under which it receives interactions, or globs of them"
    )
    connect_to: ConnectTo | None = Field(
        default=None, description="where that host really listens, `host:port`; if not given, the URL's own"
    )
    mhs_id: Code | None = Field(
        default=None, description="the id of its message handling system; if not given, one that is made up"
    )
    reliability: ReliabilityEntry | None = Field(
        default=None, description="what the directory tells of its reliability"
    )


class SystemEntry(_Entry):
    """An accredited system: what it sends, where it receives, its tokens' key and its manufacturer, if any."""

    asid: Asid = Field(description="its ASID, in quotes")
    organisation: Code = Field(description="the ODS code of its organisation, which is listed above")
    party_key: Code = Field(description="its party key")
    fqdn: HostName = Field(description="the name in its certificates")
    sends: list[Interaction] = Field(
        default=[], description="the interactions that it may send, by their ids or globs of them"
    )
    endpoints: list[EndpointEntry] = Field(default=[], description="where it receives interactions, if anywhere")
    token_key: TokenKey = Field(
        default=None,
        description="the PEM of the public key that its tokens are signed with; if not given, they need not be",
    )
    manufacturer: Code | None = Field(default=None, description="the ODS code of its maker, for the directory to tell")


class AgreementEntry(_Entry):
    """A data sharing agreement between two ASIDs."""

    from_: Asid = Field(alias="from", description="the sender's ASID, in quotes")
    to: Asid = Field(description="the receiver's ASID, in quotes")
    interactions: list[Interaction] = Field(
        min_length=1, description="the interactions that are agreed on, by their ids or globs of them"
    )


class RegistryFile(_Entry):
    """The whole of `registry.yaml`."""

    organisations: list[OrganisationEntry] = Field(description="every organisation that systems belong to")
    systems: list[SystemEntry] = Field(description="every accredited system")
    agreements: list[AgreementEntry] = Field(default=[], description="who may send what to whom")
