"""Options: what the command line and the ini file say about the emulator, examined when pytest starts.

Nothing of the emulator is imported here: this is read in every session of everybody who has the package installed.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

TOKEN_VARIABLE = "SSP_EMULATOR_ADMIN_TOKEN"  # noqa: S105 - its name

_URL = re.compile(r"http://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})/?\Z")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})\Z")
_HIGHEST_PORT = 65535


class _Known(NamedTuple):
    """An option; `value` is its metavariable."""

    name: str
    value: str
    help: str

    @property
    def flag(self) -> str:
        return f"--ssp-emulator-{self.name}"

    @property
    def ini(self) -> str:
        return f"ssp_emulator_{self.name}".replace("-", "_")


_KNOWN = {
    each.name: each
    for each in (
        _Known("admin", "URL", "use the running emulator whose admin API is at URL, and start none"),
        _Known("proxy", "HOST:PORT", "of a running emulator: where its proxy listens (localhost:8443)"),
        _Known("sds", "URL", "of a running emulator: the URL of its SDS FHIR API"),
        _Known("certificates", "FOLDER", "of a running emulator: its folder of certificates (certs)"),
        _Known(
            "token-file", "FILE", f"of a running emulator: the file of its admin token; {TOKEN_VARIABLE} goes first"
        ),
        _Known("provider", "HOST:PORT", "of a running emulator: where the stub provider is to listen, as registered"),
        _Known("registry", "FILE", "of an emulator of ours: the registry.yaml to use"),
        _Known("scenarios", "FOLDER", "of an emulator of ours: the folder of fault scenarios"),
    )
}
_CLEAR = "--ssp-emulator-clear-faults"
_OF_RUNNING = ("proxy", "sds", "certificates", "token-file", "provider")
_OF_OURS = ("registry", "scenarios")


@dataclass(frozen=True)
class Options:
    """What was said. With an `admin` URL there is an emulator already, and without one the session starts its own."""

    admin: str | None
    proxy: str
    sds: str | None
    certificates: Path
    token_file: Path | None
    provider: str | None
    registry: Path | None
    scenarios: Path | None
    clear_faults: bool


def add_to(parser: pytest.Parser) -> None:
    """Add the options to pytest's."""
    group = parser.getgroup("ssp-emulator", "emulated Spine Secure Proxy")
    for known in _KNOWN.values():
        group.addoption(known.flag, metavar=known.value, help=known.help)
        parser.addini(known.ini, f"{known.help}; the option {known.flag} goes first")
    group.addoption(
        _CLEAR, action="store_true", help="in a running emulator, lift everybody's fault rules around each test"
    )


def read(config: pytest.Config) -> Options:
    """Read the options. Raises `pytest.UsageError` that names the option, what it was, and what would be right."""
    admin = _text(config, "admin", _URL, 'a URL such as "http://127.0.0.1:8440"')
    for name in _OF_RUNNING if admin is None else _OF_OURS:
        if (found := _said(config, name)) is not None:
            how = "only goes with --ssp-emulator-admin" if admin is None else "does not go with --ssp-emulator-admin"
            raise pytest.UsageError(f"{found[0]} {how}: a running emulator has its own")
    clear = bool(config.getoption(_CLEAR))
    if clear and admin is None:
        raise pytest.UsageError(f"{_CLEAR} only goes with --ssp-emulator-admin: nobody else uses an emulator of ours")
    return Options(
        admin=admin.rstrip("/") if admin is not None else None,
        proxy=_text(config, "proxy", _ADDRESS, 'an address such as "localhost:8443"') or "localhost:8443",
        sds=_text(config, "sds", re.compile(r"http://[^\s?#]+\Z"), "an http:// URL"),
        certificates=_path(config, "certificates", folder=admin is not None) or config.rootpath / "certs",
        token_file=_path(config, "token-file"),
        provider=_text(config, "provider", _ADDRESS, 'an address such as "localhost:9443"'),
        registry=_path(config, "registry"),
        scenarios=_path(config, "scenarios", folder=True),
        clear_faults=clear,
    )


def token(options: Options) -> str | None:
    """Return the admin token, from the environment or else the file; None where neither is said. Raises `OSError`."""
    said = os.environ.get(TOKEN_VARIABLE, "").strip()
    if said or options.token_file is None:
        return said or None
    return options.token_file.read_text(encoding="utf-8").strip()


def _said(config: pytest.Config, name: str) -> tuple[str, str, Path] | None:
    """Return how an option was said: by which name, its value, and the folder that a path in it is relative to."""
    known = _KNOWN[name]
    if (value := config.getoption(known.flag)) is not None:
        return known.flag, str(value), config.invocation_params.dir
    if value := str(config.getini(known.ini)).strip():
        return known.ini, value, config.inipath.parent if config.inipath is not None else config.rootpath
    return None


def _text(config: pytest.Config, name: str, form: re.Pattern[str], right: str) -> str | None:
    found = _said(config, name)
    if found is None:
        return None
    match = form.match(found[1])
    port = match.groupdict().get("port") if match is not None else None
    if match is None or (port is not None and int(port) > _HIGHEST_PORT):
        raise pytest.UsageError(f"{found[0]} should be {right}, found {found[1]!r}")
    return found[1]


def _path(config: pytest.Config, name: str, *, folder: bool = False) -> Path | None:
    found = _said(config, name)
    if found is None:
        return None
    path = Path(found[2], found[1])
    if not (path.is_dir() if folder else path.is_file()):
        raise pytest.UsageError(f"{found[0]} should be a {'folder' if folder else 'file'}, found {str(path)!r}")
    return path
