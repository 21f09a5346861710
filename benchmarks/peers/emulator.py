"""The emulator, as it is shipped: tokens enforced, every check, the audit journal and its index, the admin API."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import registries

import ssp_emulator
from peers.peer import Peer
from peers.process import free_ports, output, started
from ssp_emulator.directory import loading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from peers.setting import Setting
    from ssp_emulator.directory.loading import Registry
    from ssp_emulator.pki.folder import CertificateFolder, KeyPair

NAME = "emulator"

_READY = "Emulator ready"
_START_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Variant:
    """An emulator that differs from the one that is shipped: in its name, its registry's size and its settings."""

    name: str = NAME
    systems: int = registries.SMALLEST
    settings: dict[str, Any] = field(default_factory=dict)


@asynccontextmanager
async def running(setting: Setting, provider: Peer, variant: Variant = Variant()) -> AsyncIterator[Peer]:
    """Start an emulator before a provider, and lend it. Raises `BenchmarkError`."""
    port, admin_port = free_ports(2)
    config = await asyncio.to_thread(_configured, setting, provider, variant, port, admin_port)
    log = config.parent / "up.log"
    command = [sys.executable, "-m", "ssp_emulator", "up", "--config", str(config)]
    async with started(variant.name, command, log, [port], says=_READY, patience_s=_START_PATIENCE_S) as pid:
        yield Peer(variant.name, port, pid, "localhost", f"ssp-emulator {ssp_emulator.__version__}")


async def complaint(setting: Setting, provider: Peer, variant: Variant) -> str | None:
    """Return why an emulator would not take a variant's settings; None where it takes them."""
    config = await asyncio.to_thread(_configured, setting, provider, variant, *free_ports(2))
    said = await output(sys.executable, "-m", "ssp_emulator", "check", "--config", str(config))
    return None if ": valid;" in said else said


def small_registry(setting: Setting, provider: Peer) -> Registry:
    """Return the registry that has the consumer and the provider alone."""
    path = setting.folder / "registry.yaml"
    registries.write(path, registries.SMALLEST, f"127.0.0.1:{provider.port}")
    return loading.load(path.read_text(encoding="utf-8"), path.name)


def _configured(setting: Setting, provider: Peer, variant: Variant, port: int, admin_port: int) -> Path:
    """Write `emulator.yaml` and its registry into a folder of the variant's own, and return the former's path."""
    folder = setting.folder / variant.name.replace(" ", "-")
    folder.mkdir(exist_ok=True)
    ours = setting.certificates
    settings = {
        "registry": "registry.yaml",
        "certificates": str(setting.certificates.root),
        "proxy": {"listen": f"127.0.0.1:{port}", "tls": {**_files(ours.ssp_server, ours), "crl": str(ours.crl)}},
        "providers": {"tls": _files(ours.ssp_client, ours)},
        "admin": {"listen": f"127.0.0.1:{admin_port}"},
        "sds": {"listen": None},
        "audit": {"journal": "journal.jsonl"},
        **variant.settings,
    }
    registries.write(folder / "registry.yaml", variant.systems, f"127.0.0.1:{provider.port}")
    config = folder / "emulator.yaml"
    config.write_text(json.dumps(settings, indent=2), encoding="utf-8")  # JSON is YAML too
    return config


def _files(pair: KeyPair, certificates: CertificateFolder) -> dict[str, str]:
    return {"certificate": str(pair.certificate), "key": str(pair.key), "trust": str(certificates.chain)}
