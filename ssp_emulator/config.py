"""The emulator's settings: `emulator.yaml`, frozen, and validated whole before anything starts.

Paths in the file are relative to the folder that the file is in. Units are in the names: `_s` is seconds.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ssp_emulator.address import Address
from ssp_emulator.directory.registry_file import Asid
from ssp_emulator.errors import said
from ssp_emulator.located import InvalidFileError, Located, Problem, parse
from ssp_emulator.outcome import Reason

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+\Z")  # RFC 6838, 4.2
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
        return _tidy(self._folder / path)

    def problem(self, key: str, message: str) -> Problem:
        """Name a problem at a dotted key, such as `proxy.tls.key`."""
        return self._document.problem(tuple(key.split(".")), message)

    def missing_files(self, side: TlsSide | None = None) -> list[Problem]:
        """Return a problem for each certificate, key, trust or revocation file that cannot be read."""
        problems = []
        for key, path in self.tls_files(side).items():
            if (why := _unreadable(path)) is not None:
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
    return Configuration(document, document.validated(Settings), path.parent)


def text_of(path: Path) -> str:
    """Return a file's text. Raises `InvalidFileError` where it cannot be read as UTF-8 text."""
    try:
        if path.exists() and not path.is_file():  # a pipe, say, would be waited for
            raise InvalidFileError([Problem(str(path), None, "", "should be a file")])
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidFileError([Problem(str(path), None, "", f"cannot be read: {said(error)}")]) from error
    except UnicodeDecodeError as error:
        raise InvalidFileError([Problem(str(path), None, "", f"is not UTF-8 text: byte {error.start}")]) from error


def _unreadable(path: Path) -> str | None:
    """Say why a file cannot be read; None where it can. A pipe, say, would be waited for."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        return said(error)
    try:
        return None if stat.S_ISREG(os.fstat(opened).st_mode) else "it should be a file"
    finally:
        os.close(opened)


def _tidy(path: Path) -> Path:
    """Take the `x/..` out of a path, for messages that read well; links are left as they are."""
    kept: list[str] = []
    for part in path.parts:
        if part == ".." and kept and kept[-1] not in ("..", "/"):
            kept.pop()
        elif part != ".":
            kept.append(part)
    return Path(*kept)
