"""Versions: ours, Python's, OpenSSL's, the libraries' and the system's."""

from __future__ import annotations

import os
import platform
import re
import ssl
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.backends.openssl import backend

from ssp_emulator import __version__

if TYPE_CHECKING:
    from ssp_emulator.diagnosis.findings import Section
    from ssp_emulator.diagnosis.subject import Subject

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def versions(_: Subject, section: Section) -> None:
    """Say what runs here."""
    section.facts |= {
        "ssp_emulator": __version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "openssl": ssl.OPENSSL_VERSION,
        "openssl_of_cryptography": backend.openssl_version_text(),
        "system": platform.platform(),
        "distribution": _distribution(),
        "machine": platform.machine(),
        "container": Path("/.dockerenv").exists() or Path("/run/.containerenv").exists(),
        "uid": os.geteuid(),
        "libraries": {},
    }
    section.ok(f"ssp-emulator {__version__}, Python {platform.python_version()}, {ssl.OPENSSL_VERSION}")
    section.ok(
        f"{_distribution() or platform.system()}, {platform.release()} on {platform.machine()}, uid {os.geteuid()}"
    )
    for name in _required():
        try:
            section.facts["libraries"][name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            section.problem(f"the library {name} is not installed", "install ssp-emulator again")


def _required() -> list[str]:
    """Return the libraries that we are installed with."""
    try:
        wanted = metadata.requires("ssp-emulator") or []
    except metadata.PackageNotFoundError:
        return []
    found = (_NAME.match(each) for each in wanted if "extra ==" not in each)
    return sorted(each[0] for each in found if each is not None)


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""
