"""The emulator's settings, as `emulator.yaml` holds them: frozen, and validated whole.

Paths are relative to the folder that the file is in. Units are in the names: `_s` is seconds.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from ssp_emulator.address import Address
from ssp_emulator.directory.registry_file import Asid
from ssp_emulator.faults.rule import Name, Rule
from ssp_emulator.outcome import Reason

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+\Z")  # RFC 6838, 4.2
FAULTS = Path("scenarios")
_ORIGIN = re.compile(r"\*\Z|https?://[^\s/?#@]+\Z|null\Z")  # RFC 6454, 6.2


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
        raise ValueError(f'should be a media type such as "application/fhir+json", with no parameters, found {text!r}')
    return text.lower()


def _origin(text: str) -> str:
    if not _ORIGIN.match(text):
        raise ValueError(f'should be an origin such as "https://app.example.nhs.uk", or "*" for any, found {text!r}')
    return text


AddressText = Annotated[str, AfterValidator(_address)]
# YAML has no paths; the reader gives text, and everyone after that a path.
FilePath = Annotated[Path, BeforeValidator(_path)]
MediaType = Annotated[str, AfterValidator(_media_type)]
Origin = Annotated[str, AfterValidator(_origin)]
Requests = Annotated[int, Field(ge=0, le=1_000_000_000)]
RequestsByAsid = dict[Asid, Requests | None]
ReasonText = Annotated[Reason, Field(strict=False)]  # YAML has no enumerations
TlsSide = Literal["proxy", "providers"]
Seconds = Annotated[float, Field(gt=0, le=86_400, strict=False)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ProxyTls(_Settings):
    """The consumer's side of TLS: our server certificate, and whom we trust."""

    certificate: FilePath = Path("../certs/ssp/server.crt")
    key: FilePath = Path("../certs/ssp/server.key")
    trust: FilePath = Path("../certs/ca/chain.pem")
    crl: FilePath | None = Path("../certs/ca/crl.pem")
    tls_1_3: bool = False


class ProxySettings(_Settings):
    """The listener that consumers meet."""

    listen: AddressText = "localhost:8443"
    tls: ProxyTls = ProxyTls()
    handshake_timeout_s: Seconds = 10.0
    keep_alive_timeout_s: Seconds = 75.0
    idle_timeout_s: Seconds = 30.0
    drain_timeout_s: Seconds = 10.0


class ProviderTls(_Settings):
    """The provider's side of TLS: our client certificate, and whom we trust."""

    certificate: FilePath = Path("../certs/ssp/client.crt")
    key: FilePath = Path("../certs/ssp/client.key")
    trust: FilePath = Path("../certs/ca/chain.pem")


class ProviderSettings(_Settings):
    """The leg to providers: trust, patience and kept connections."""

    tls: ProviderTls = ProviderTls()
    connect_timeout_s: Seconds = 5.0
    first_byte_timeout_s: Seconds = 60.0
    idle_timeout_s: Seconds = 60.0
    connect_timeout_status: Literal[504, 599] = 504
    kept_connections: Annotated[int, Field(ge=0, le=10_000)] = 256
    kept_for_s: Seconds = 30.0


class TokenSettings(_Settings):
    """How strictly bearer tokens are read."""

    mode: Literal["enforce", "record"] = "enforce"
    leeway_s: Annotated[int, Field(ge=0, le=3600)] = 0


class QuotaSettings(_Settings):
    """How many requests a window has for each ASID, and for single ones another number; None is no limit."""

    requests: Requests | None = None
    asids: RequestsByAsid = {}


class LimitSettings(_Settings):
    """How many requests the proxy lets through in a window, from each sender and to each receiver."""

    window_s: Seconds = 60.0
    sender: QuotaSettings = QuotaSettings()
    receiver: QuotaSettings = QuotaSettings()


class MediaSettings(_Settings):
    """Which media types a request's body may have; none listed is any."""

    allowed: list[MediaType] = []


class CorsSettings(_Settings):
    """Whose pages may speak through the proxy from a browser, and how long a browser remembers that."""

    origins: list[Origin] = ["*"]
    max_age_s: Annotated[int, Field(ge=0, le=86_400)] = 600


class ErrorSettings(_Settings):
    """The format of an error body where a request asks for none, and the refusals that are not said at all.

    `described_by` has each refusal link to its explanation at the admin API.
    """

    default_format: Literal["json", "xml"] = "json"
    described_by: bool = True
    unanswered: list[ReasonText] = []


class RotateSettings(_Settings):
    """When a segment of the journal is closed and the next begun: at a size in MiB, or an age, whichever is first."""

    size_mib: Annotated[float, Field(ge=0.001, le=1_000_000, strict=False)] = 64.0
    age_s: Annotated[float, Field(ge=1, le=31_536_000, strict=False)] = 86_400.0


class KeepSettings(_Settings):
    """How much of the journal is kept, of the segments that are closed; None: all."""

    size_mib: Annotated[float, Field(ge=0, le=1_000_000_000, strict=False)] | None = 1024.0
    age_s: Annotated[float, Field(ge=1, le=3_153_600_000, strict=False)] | None = 2_592_000.0


class AuditSettings(_Settings):
    """Where the trail is kept, how safely, for how long, and what of a request is in it."""

    journal: FilePath = Path("../audit/journal.jsonl")
    sync: Literal["always", "interval", "os"] = "interval"
    sync_interval_s: Seconds = 1.0
    on_failure: Literal["refuse", "continue"] = "refuse"
    rotate: RotateSettings = RotateSettings()
    keep: KeepSettings = KeepSettings()
    nhs_numbers: Literal["keep", "mask"] = "keep"
    tokens: bool = False
    bodies_bytes: Annotated[int, Field(ge=0, le=1_048_576)] = 0

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

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    by_header: bool = True
    folder: FilePath = FAULTS
    scenarios: list[Name] = []
    rules: list[Rule] = []


class AdminSettings(_Settings):
    """The admin API: where it listens, if anywhere, and the file of the token that it wants to see."""

    listen: AddressText | None = "127.0.0.1:8440"
    token: FilePath | None = None


class SdsSettings(_Settings):
    """The directory's FHIR face: where it listens, if anywhere."""

    listen: AddressText | None = "127.0.0.1:8441"


class ReloadSettings(_Settings):
    """How often the registry and the certificates are looked at for a change; None: only on SIGHUP."""

    every_s: Seconds | None = 1.0


class LogSettings(_Settings):
    """The emulator's own log, on standard error."""

    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(_Settings):
    """The whole of `emulator.yaml`; `workers` is how many processes share the proxy's port."""

    registry: FilePath = Path("registry.yaml")
    certificates: FilePath = Path("../certs")
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    proxy: ProxySettings = ProxySettings()
    providers: ProviderSettings = ProviderSettings()
    compatibility: Literal["documented", "observed-2018"] = "documented"
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
