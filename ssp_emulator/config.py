"""The emulator's settings: `emulator.yaml`, frozen, and validated whole before anything starts.

Paths in the file are relative to the folder that the file is in. Units are in the names: `_s` is seconds.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ssp_emulator.address import Address
from ssp_emulator.directory.registry_file import Asid
from ssp_emulator.faults.effects.effect import Context
from ssp_emulator.faults.rule import Name, Rule
from ssp_emulator.files import text_of, tidy, unreadable
from ssp_emulator.located import Located, Problem, parse
from ssp_emulator.outcome import Reason

if TYPE_CHECKING:
    from ssp_emulator.complaints import Key

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+\Z")  # RFC 6838, 4.2
_FAULTS = Path("scenarios")
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
    kept_connections: Annotated[int, Field(ge=0, le=10_000)] = 64
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
    """The format of an error body where a request asks for none, and the refusals that are not said at all."""

    default_format: Literal["json", "xml"] = "json"
    unanswered: list[ReasonText] = []


class AuditSettings(_Settings):
    """Where the trail is kept."""

    journal: FilePath = Path("../audit/journal.jsonl")


class FaultSettings(_Settings):
    """Faults on demand: the seed of their chances, whether requests may ask for them, and which are there at once.

    `folder` holds the scenarios, and the files that rules name.
    """

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    by_header: bool = True
    folder: FilePath = _FAULTS
    scenarios: list[Name] = []
    rules: list[Rule] = []


class AdminSettings(_Settings):
    """The admin API: where it listens, if anywhere, and the file of the token that it wants to see."""

    listen: AddressText | None = "127.0.0.1:8440"
    token: FilePath | None = None


class ReloadSettings(_Settings):
    """How often the registry and the certificates are looked at for a change; None: only on SIGHUP."""

    every_s: Seconds | None = 1.0


class LogSettings(_Settings):
    """The emulator's own log, on standard error."""

    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(_Settings):
    """The whole of `emulator.yaml`."""

    registry: FilePath = Path("registry.yaml")
    certificates: FilePath = Path("../certs")
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
    reload: ReloadSettings = ReloadSettings()
    audit: AuditSettings = AuditSettings()
    log: LogSettings = LogSettings()


class Configuration:
    """Settings together with the file they came from: paths resolved, problems named with its lines."""

    def __init__(self, document: Located, settings: Settings, folder: Path) -> None:
        self._document = document
        self._folder = folder
        self.settings = settings

    @property
    def file(self) -> str:
        """The file's name, for messages."""
        return self._document.file

    def path(self, path: Path) -> Path:
        """Return a path of the settings as one that can be opened; those from the file are relative to its folder."""
        return tidy(self._folder / path)

    def problem(self, key: str, message: str) -> Problem:
        """Name a problem at a dotted key, such as `proxy.tls.key`."""
        return self._document.problem(tuple(key.split(".")), message)

    def problem_at(self, key: Key, message: str) -> Problem:
        """Name a problem at a key with places in lists, such as `("faults", "scenarios", 0)`."""
        return self._document.problem(key, message)

    @property
    def fault_context(self) -> Context:
        """What fault rules are validated with."""
        return Context(self.path(self.settings.faults.folder))

    def missing_files(self, side: TlsSide | None = None) -> list[Problem]:
        """Return a problem for each certificate, key, trust or revocation file that cannot be read."""
        problems = []
        for key, path in self.tls_files(side).items():
            if (why := unreadable(path)) is not None:
                problems.append(self.problem(key, f"cannot read {path}: {why}"))
        return problems

    def tls_files(self, side: TlsSide | None = None) -> dict[str, Path]:
        """Return each file that TLS needs, on one side or on both, by its dotted key."""
        consumers, providers = self.settings.proxy.tls, self.settings.providers.tls
        files = {
            "proxy.tls.certificate": consumers.certificate,
            "proxy.tls.key": consumers.key,
            "proxy.tls.trust": consumers.trust,
            "proxy.tls.crl": consumers.crl,
            "providers.tls.certificate": providers.certificate,
            "providers.tls.key": providers.key,
            "providers.tls.trust": providers.trust,
        }
        return {
            key: self.path(path)
            for key, path in files.items()
            if path is not None and (side is None or key.startswith(f"{side}."))
        }


def read(path: Path) -> Configuration:
    """Read and validate `emulator.yaml`. Raises `InvalidFileError` with every problem that it has."""
    document = parse(text_of(path), str(path))
    return Configuration(document, document.validated(Settings, _context(document, path.parent)), path.parent)


def _context(document: Located, folder: Path) -> Context:
    """Return what fault rules are validated with, which the document itself says before it is known to be valid."""
    faults = document.data.get("faults") if isinstance(document.data, dict) else None
    said = faults.get("folder") if isinstance(faults, dict) else None
    return Context(tidy(folder / (said if isinstance(said, str) and "\0" not in said else _FAULTS)))
