"""The emulator's settings, as `emulator.yaml` holds them: frozen, and validated whole.

Paths are relative to the folder that the file is in. Units are in the names: `_s` is seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ssp_emulator.faults.rule import Name, Rule
from ssp_emulator.setting_values import (
    AddressText,
    FilePath,
    KeptAge,
    KeptMib,
    MediaType,
    Origin,
    ReasonText,
    Requests,
    RequestsByAsid,
    Seconds,
    SegmentAge,
    SegmentMib,
)

FAULTS = Path("scenarios")
TlsSide = Literal["proxy", "providers"]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ProxyTls(_Settings):
    """The consumer's side of TLS: our server certificate, and whom we trust."""

    certificate: FilePath = Field(
        default=Path("../certs/ssp/server.crt"),
        description="our server certificate (PEM), and those between it and its root",
    )
    key: FilePath = Field(default=Path("../certs/ssp/server.key"), description="the key to it (PEM)")
    trust: FilePath = Field(
        default=Path("../certs/ca/chain.pem"), description="the authorities whose client certificates are good (PEM)"
    )
    crl: FilePath | None = Field(
        default=Path("../certs/ca/crl.pem"),
        description="which of those certificates are revoked (PEM); empty: none is asked for",
    )
    tls_1_3: bool = Field(default=False, description="whether TLS 1.3 is spoken too; GP Connect asks for TLS 1.2")


class ProxySettings(_Settings):
    """The listener that consumers meet."""

    listen: AddressText = Field(
        default="localhost:8443", description="where consumers connect to, `host:port`; port 0 is any that is free"
    )
    tls: ProxyTls = ProxyTls()
    handshake_timeout_s: Seconds = Field(
        default=10.0, description="how many seconds a consumer may take to shake hands"
    )
    keep_alive_timeout_s: Seconds = Field(
        default=75.0, description="after how many seconds a connection without a request is closed"
    )
    idle_timeout_s: Seconds = Field(
        default=30.0, description="how many seconds a consumer may neither send nor take a byte within a request"
    )
    drain_timeout_s: Seconds = Field(
        default=10.0, description="how many seconds requests in flight may take when the emulator is stopped"
    )


class ProviderTls(_Settings):
    """The provider's side of TLS: our client certificate, and whom we trust."""

    certificate: FilePath = Field(default=Path("../certs/ssp/client.crt"), description="our client certificate (PEM)")
    key: FilePath = Field(default=Path("../certs/ssp/client.key"), description="the key to it (PEM)")
    trust: FilePath = Field(
        default=Path("../certs/ca/chain.pem"), description="the authorities whose server certificates are good (PEM)"
    )


class ProviderSettings(_Settings):
    """The leg to providers: trust, patience and kept connections."""

    tls: ProviderTls = ProviderTls()
    connect_timeout_s: Seconds = Field(
        default=5.0, description="how many seconds name look-up, TCP and TLS may take together"
    )
    first_byte_timeout_s: Seconds = Field(
        default=60.0, description="how many seconds from the end of the request to the head of the answer"
    )
    idle_timeout_s: Seconds = Field(default=60.0, description="how many seconds between two pieces of the answer")
    connect_timeout_status: Literal[504, 599] = Field(
        default=504, description="the status where a provider is not reached in time"
    )
    kept_connections: Annotated[int, Field(ge=0, le=10_000)] = Field(
        default=256, description="how many idle connections are kept for each endpoint"
    )
    kept_for_s: Seconds = Field(default=30.0, description="how many seconds they are kept")


class TokenSettings(_Settings):
    """How strictly bearer tokens are read."""

    mode: Literal["enforce", "record"] = Field(
        default="enforce", description="`enforce` refuses what is wrong; `record` writes it down, and lets it pass"
    )
    leeway_s: Annotated[int, Field(ge=0, le=3600)] = Field(
        default=0, description="how many seconds after its `exp` a token may still be used"
    )


class QuotaSettings(_Settings):
    """How many requests a window has for each ASID, and for single ones another number; None is no limit."""

    requests: Requests | None = Field(
        default=None, description="how many requests each ASID has in a window; empty: as many as come"
    )
    asids: RequestsByAsid = Field(default={}, description="another number for single ASIDs")


class LimitSettings(_Settings):
    """How many requests the proxy lets through in a window, from each sender and to each receiver."""

    window_s: Seconds = Field(default=60.0, description="each number of requests is for so many seconds")
    sender: QuotaSettings = Field(default=QuotaSettings(), description="from one sender; 429 when they are spent")
    receiver: QuotaSettings = Field(
        default=QuotaSettings(), description="to one receiver, from all senders together; 503 when they are spent"
    )


class MediaSettings(_Settings):
    """Which media types a request's body may have; none listed is any."""

    allowed: list[MediaType] = Field(
        default=[], description="media types that a request's body may have; none listed: any"
    )


class CorsSettings(_Settings):
    """Whose pages may speak through the proxy from a browser, and how long a browser remembers that."""

    origins: list[Origin] = Field(default=["*"], description="origins whose pages may ask; `*` is any")
    max_age_s: Annotated[int, Field(ge=0, le=86_400)] = Field(
        default=600, description="how many seconds a browser may remember what OPTIONS told it"
    )


class ErrorSettings(_Settings):
    """The format of an error body where a request asks for none, and the refusals that are not said at all.

    `described_by` has each refusal link to its explanation at the admin API.
    """

    default_format: Literal["json", "xml"] = Field(
        default="json", description="the format of an error body where a request asks for neither"
    )
    described_by: bool = Field(default=True, description="whether refusals link to their explanation at the admin API")
    unanswered: list[ReasonText] = Field(
        default=[], description="reasons (docs/refusals.md) for which the connection closes without an answer: 444"
    )


class RotateSettings(_Settings):
    """When a segment of the journal is closed and the next begun: at a size in MiB, or an age, whichever is first."""

    size_mib: SegmentMib = Field(default=64.0, description="how many MiB a segment may have")
    age_s: SegmentAge = Field(default=86_400.0, description="how many seconds old it may become")


class KeepSettings(_Settings):
    """How much of the journal is kept, of the segments that are closed; None: all."""

    size_mib: KeptMib | None = Field(default=1024.0, description="how many MiB of closed segments are kept; empty: all")
    age_s: KeptAge | None = Field(
        default=2_592_000.0, description="how many seconds closed segments are kept; empty: for ever"
    )


class AuditSettings(_Settings):
    """Where the trail is kept, how safely, for how long, and what of a request is in it."""

    journal: FilePath = Field(
        default=Path("../audit/journal.jsonl"),
        description="the journal's file; its closed segments, anchors and index are beside it",
    )
    sync: Literal["always", "interval", "os"] = Field(
        default="interval",
        description="when a record reaches the disk: before its answer's end, at intervals, or when the system likes",
    )
    sync_interval_s: Seconds = Field(default=1.0, description="the seconds of `sync: interval`")
    on_failure: Literal["refuse", "continue"] = Field(
        default="refuse", description="where nothing can be written: 503 for every request, or go on and count them"
    )
    rotate: RotateSettings = RotateSettings()
    keep: KeepSettings = KeepSettings()
    nhs_numbers: Literal["keep", "mask"] = Field(
        default="keep",
        description="whether NHS numbers are kept, or masked: ten digits that stand alone, however they are written",
    )
    tokens: bool = Field(default=False, description="whether bearer tokens are recorded")
    bodies_bytes: Annotated[int, Field(ge=0, le=1_048_576)] = Field(
        default=0, description="how many bytes of each body are recorded"
    )

    @field_validator("journal")
    @classmethod
    def _is_not_taken(cls, path: Path) -> Path:
        if path.suffix in (".anchor", ".index"):
            raise ValueError(f"should not end in {path.suffix}, as a file beside the journal does, found {str(path)!r}")
        return path

    @model_validator(mode="after")
    def _mask_all(self) -> Self:
        # A token is base64, and a document anything: NHS numbers in them cannot be found for certain.
        if self.nhs_numbers == "mask" and (self.tokens or self.bodies_bytes):
            raise ValueError("nhs_numbers: mask goes with tokens: false and bodies_bytes: 0, as both may hold them")
        return self


class FaultSettings(_Settings):
    """Faults on demand: the seed of their chances, whether requests may ask for them, and which are there at once.

    `folder` holds the scenarios, and the files that rules name.
    """

    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(
        default=0, description="what chances depend on: the same seed, the same decisions"
    )
    by_header: bool = Field(default=True, description="whether a request may ask for rules by X-Ssp-Emulator-Fault")
    folder: FilePath = Field(
        default=FAULTS, description="the folder of the scenarios, and of the files that rules name"
    )
    scenarios: list[Name] = Field(default=[], description="names of scenarios that are in force from the start")
    rules: list[Rule] = Field(default=[], description="rules that are in force from the start")


class AdminSettings(_Settings):
    """The admin API: where it listens, if anywhere, and the file of the token that it wants to see."""

    listen: AddressText | None = Field(
        default="127.0.0.1:8440",
        description="where the admin API listens; empty: there is none; beyond loopback it wants a token",
    )
    token: FilePath | None = Field(
        default=None, description="a file with nothing but the token: 16 or more letters, digits and -._~+/"
    )


class SdsSettings(_Settings):
    """The directory's FHIR face: where it listens, if anywhere."""

    listen: AddressText | None = Field(default="127.0.0.1:8441", description="where it listens; empty: there is none")


class ReloadSettings(_Settings):
    """How often the registry and the certificates are looked at for a change; None: only on SIGHUP."""

    every_s: Seconds | None = Field(
        default=1.0, description="how many seconds between two looks; empty: only on SIGHUP"
    )


class LogSettings(_Settings):
    """The emulator's own log, on standard error."""

    format: Literal["console", "json"] = Field(default="console", description="for people, or for programs")
    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="the least that is logged")


class Settings(_Settings):
    """The whole of `emulator.yaml`; `workers` is how many processes share the proxy's port."""

    registry: FilePath = Field(default=Path("registry.yaml"), description="the file that says who may talk to whom")
    certificates: FilePath = Field(
        default=Path("../certs"), description="the folder of the emulated PKI: made there where nothing is"
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1, description="how many processes share the proxy's port (docs/workers.md)"
    )
    proxy: ProxySettings = ProxySettings()
    providers: ProviderSettings = ProviderSettings()
    compatibility: Literal["documented", "observed-2018"] = Field(
        default="documented", description="`observed-2018`: an interaction that nobody knows is 415, and not 403"
    )
    token: TokenSettings = TokenSettings()
    limits: LimitSettings = LimitSettings()
    media: MediaSettings = MediaSettings()
    cors: CorsSettings = CorsSettings()
    errors: ErrorSettings = ErrorSettings()
    faults: FaultSettings = FaultSettings()
    admin: AdminSettings = AdminSettings()
    sds: SdsSettings = SdsSettings()
    reload: ReloadSettings = ReloadSettings()
    audit: AuditSettings = AuditSettings()
    log: LogSettings = LogSettings()
