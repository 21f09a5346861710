"""The record's fields: what docs/audit.md and the JSON Schema are made from, and what the tests hold records against.

Records are made as plain objects (`record_of`), as a model's validation has no place on the way of a request.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Party(_Part):
    """A sender or a receiver."""

    asid: str | None = Field(description="its ASID, from `Ssp-From` or `Ssp-To`, known or not")
    ods: str | None = Field(description="its organisation's ODS code, where the checks came to know it")


class Certificate(_Part):
    """The certificate that a consumer showed."""

    subject: str = Field(description="its subject")
    issuer: str = Field(description="its issuer")
    serial: str = Field(description="its serial number, hexadecimal")
    sha256: str = Field(description="its fingerprint", pattern=r"^[0-9a-fA-F:]+$")
    names: list[str] = Field(description="its FQDNs")


class Client(_Part):
    """The consumer's end of the connection."""

    address: str = Field(description="the consumer's `host:port`")
    tls: str | None = Field(description="the protocol; null over plain HTTP")
    cipher: str | None = Field(description="the cipher suite; null over plain HTTP")
    request: int = Field(description="which request on its connection this was, from 1; 0 where none came", ge=0)
    certificate: Certificate | None = Field(description="the certificate that it showed")


class Claims(_Part):
    """What the token says."""

    dialect: str = Field(description="`gp-connect-1`, `spine-core` or `gp-connect-0`")
    user: str | None = Field(description="the user")
    role: str | None = Field(description="the user's role profile")
    organisation: str | None = Field(description="the ODS code of `requesting_organization`")
    device: str | None = Field(description="the device, or the system")
    reason: str | None = Field(description="`reason_for_request`")
    scope: str | None = Field(description="the scope that it asks for")


class Check(_Part):
    """One check's verdict."""

    check: str = Field(description="its name; they stand in their order")
    result: Literal["pass", "fail", "skipped", "not reached"] = Field(
        description="`skipped` where the configuration gives it nothing to look at, `not reached` behind a failure"
    )
    expected: str | None = Field(default=None, description="what would have been right, where it failed")
    found: str | None = Field(default=None, description="what it found; not there where it was not reached")


class Denial(_Part):
    """Why the proxy itself refused."""

    reason: str = Field(description="the reason's name (docs/refusals.md)")
    text: str = Field(description="the text that the consumer read")


class Fault(_Part):
    """A fault rule that fired."""

    rule: str = Field(description="its name")
    kind: str = Field(description="the kind of its effect (docs/faults.md)")
    count: int = Field(description="which of its matches this was; where the request asked for it, which of those")
    asked: bool = Field(description="whether the request asked for it by name")
    did: str | None = Field(description="in words what it did; null where the exchange did not come to that")


class Advisory(_Part):
    """Something that worked, but is not as the specification wants it."""

    advisory: str = Field(description="its name (`ssp-emulator audit advise` says more)")
    found: str = Field(description="what was found")


class Provider(_Part):
    """The leg to the provider."""

    address: str | None = Field(description="where it was reached, `host:port`; null where it was not")
    reused: bool = Field(description="whether a kept connection was used")
    status: int | None = Field(description="the status that it answered")
    error: str | None = Field(description="what went wrong with it")
    bytes_sent: int = Field(description="bytes sent to it, heads and bodies", ge=0)
    bytes_received: int = Field(description="bytes received from it, heads and bodies", ge=0)


class Bytes(_Part):
    """How much went through."""

    from_consumer: int = Field(description="bytes of the request's body", ge=0)
    to_consumer: int = Field(description="bytes of the answer's body", ge=0)


class Timings(_Part):
    """How long it took, in milliseconds; null where it did not come to that."""

    tls: float | None = Field(description="the connection's handshake")
    checks: float | None = Field(description="from the request's head to the end of the checks")
    faults: float | None = Field(
        description="how long fault rules kept the request waiting before it went on: neither delays of the answer "
        "nor stalls"
    )
    connect: float | None = Field(description="from there until there was a connection to the provider")
    first_byte: float | None = Field(description="from there to the head of the provider's answer")
    total: float | None = Field(description="from the request's head to the last byte of the answer, that one excepted")
    provider: float | None = Field(description="all the waiting for the provider: connection, head, and body")
    own: float | None = Field(
        description="the proxy's own share: `total` without the waiting for the provider, for the consumer to take "
        "its answer, and for fault rules"
    )


class Sample(_Part):
    """The beginning of a body, where `audit.bodies_bytes` asks for it."""

    text: str | None = Field(default=None, description="it, where it is UTF-8")
    base64: str | None = Field(default=None, description="it in base64, where it is not")
    whole: bool = Field(description="whether that is all of it")


class Bodies(_Part):
    """The beginnings of both bodies."""

    from_consumer: Sample = Field(description="the request's")
    to_consumer: Sample = Field(description="the answer's")


class Gap(_Part):
    """What is missing just before this record."""

    torn_bytes: int = Field(
        description="bytes of a record that was cut off in the middle of being written, and of whose answer the last "
        "byte was never sent",
        ge=0,
    )
    unrecorded: int = Field(description="requests that could not be written down", ge=0)
    anchor_lost: Literal[True] | None = Field(
        default=None,
        description="`true` where the emulator that wrote this record found no readable anchor when it started, so "
        "that it cannot be told whether records before it were cut off; absent otherwise",
    )


class Record(_Part):
    """One request, as the journal keeps it."""

    sequence: int = Field(description="the record's place in its chain, from 1, going on over restarts", ge=1)
    previous: str = Field(
        description="the SHA-256 of the record before, over its line without the line's end; 64 zeros before the first",
        pattern=r"^[0-9a-f]{64}$",
    )
    worker: int = Field(description="the process that wrote it, from 0; each has a chain of its own", ge=0)
    gap: Gap | None = Field(description="what is missing just before this record")
    service: Literal["proxy", "directory"] = Field(
        description="who was asked: the proxy, or the Spine Directory Service (docs/sds.md), whose records have what "
        "it was asked for as `interaction` and `to.ods`, and none of the checks reached; lines of versions that had no "
        "directory are without it, and are read as the proxy's"
    )
    time: str = Field(
        description="when the request's head had come, UTC, to the millisecond",
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
    )
    trace_id: str | None = Field(description="`Ssp-TraceID`, well-formed or not; the directory's `X-Correlation-Id`")
    from_: Party = Field(alias="from", description="who asked")
    to: Party = Field(description="who was asked")
    interaction: str | None = Field(description="`Ssp-InteractionID`, known or not")
    method: str = Field(
        description="the method; `-` where the request could not be read, or none came because a fault rule was at the "
        "handshake"
    )
    target: str = Field(description="the provider's URL as it was understood, else the path as it came")
    client: Client = Field(description="the consumer's end of the connection")
    claims: Claims | None = Field(description="what the token says; null where it cannot be read")
    checks: list[Check] = Field(description="each check's verdict")
    denial: Denial | None = Field(description="why the proxy itself refused")
    faults: list[Fault] = Field(description="each fault rule that fired, in the order of the rules")
    advisories: list[Advisory] = Field(description="what worked, but is not as the specification wants it")
    provider: Provider | None = Field(description="the leg to the provider; null where none was tried")
    status: int | None = Field(
        description="the status sent, also where the answer was cut off later; 444 where the connection closed without "
        "an answer, for the configuration or a fault rule; 499 where the consumer went away first, or the emulator was "
        "stopped and waited no longer; null where no request came"
    )
    broken_off: bool = Field(description="the answer, or the wait for it, was cut off")
    bytes: Bytes = Field(description="how much went through")
    timings_ms: Timings = Field(description="how long it took, in milliseconds")
    notes: list[str] = Field(description="what was put up with, such as a target whose slashes had been collapsed")
    token: str | None = Field(description="the `Authorization` header, where `audit.tokens` asks for it")
    bodies: Bodies | None = Field(description="the beginnings of both bodies, where `audit.bodies_bytes` asks for them")
