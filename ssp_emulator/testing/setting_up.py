"""Setting up: the folder of the session's own emulator, with a registry that leads to the stub provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ssp_emulator.directory import loading
from ssp_emulator.files import text_of
from ssp_emulator.interactions import GP_CONNECT
from ssp_emulator.testing.errors import UnusableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ssp_emulator.directory.loading import Registry
    from ssp_emulator.pki.folder import CertificateFolder

_CONSUMER, _PROVIDER, _CLOSED = "200000000115", "200000000116", "200000000117"
_HOST = "gp.example.nhs.uk"
_ROOTS = {
    "documents": f"https://{_HOST}/{{ods}}/STU3/1/gpconnect/documents",
    "structured": f"https://{_HOST}/{{ods}}/STU3/1/gpconnect/structured",
    "foundations": f"https://{_HOST}/{{ods}}/STU3/1/gpconnect",
    "html": f"https://{_HOST}/{{ods}}/DSTU2/1/gpconnect",
}
_RECEIVED = {
    "documents": ["documents:*"],
    "structured": [
        "fhir:operation:gpc.getstructuredrecord-1",
        "fhir:operation:gpc.migratestructuredrecord-1",
        "structured:*",
    ],
    "foundations": ["fhir:rest:*", "fhir:operation:gpc.registerpatient-1"],
    "html": ["fhir:operation:gpc.getcarerecord"],
}


def registry_data(path: Path | None) -> dict[str, Any]:
    """Return the registry in YAML's types: that of a file, or the usual one. Raises `InvalidFileError`."""
    if path is None:
        return _usual()
    text = text_of(path)
    loading.load(text, str(path))  # what is wrong is said with the file's own lines
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def hosts_of(registry: Registry) -> list[str]:
    """Return the host names by which providers are reached, each once. Raises `UnusableError` where there are none."""
    hosts = [endpoint.host for system in registry.directory.systems for endpoint in system.endpoints]
    if not hosts:
        raise UnusableError("the registry has no endpoint, so there is nothing that a stub provider could be")
    return list(dict.fromkeys(hosts))


def consumer_of(registry: Registry) -> str:
    """Return the FQDN of the first system that sends anything. Raises `UnusableError` where none does."""
    for system in registry.directory.systems:
        if system.sends:
            return system.fqdn
    raise UnusableError("the registry has no system that sends anything, so there is no consumer")


def write(
    folder: Path,
    registry: dict[str, Any],
    certificates: CertificateFolder,
    provider: str,
    scenarios: Path | None,
    settings: Mapping[str, Any],
) -> Path:
    """Write `registry.yaml`, all of whose endpoints are reached at an address, and `emulator.yaml`; return its path."""
    for system in registry["systems"]:
        for endpoint in system.get("endpoints", ()):
            endpoint["connect_to"] = provider
    (folder / "registry.yaml").write_text(yaml.safe_dump(registry, sort_keys=False), encoding="utf-8")
    (folder / "scenarios").mkdir()
    path = folder / "emulator.yaml"
    own = _settings(certificates, scenarios)
    path.write_text(yaml.safe_dump(_merged(own, settings), sort_keys=False), encoding="utf-8")
    return path


def _settings(certificates: CertificateFolder, scenarios: Path | None) -> dict[str, Any]:
    server, client, chain = certificates.ssp_server, certificates.ssp_client, str(certificates.chain)
    return {
        "certificates": str(certificates.root),
        "proxy": {
            "listen": "127.0.0.1:0",
            "tls": {
                "certificate": str(server.certificate),
                "key": str(server.key),
                "trust": chain,
                "crl": str(certificates.crl),
            },
            "drain_timeout_s": 1,
        },
        "providers": {"tls": {"certificate": str(client.certificate), "key": str(client.key), "trust": chain}},
        "faults": {"folder": str(scenarios or "scenarios")},
        "admin": {"listen": "127.0.0.1:0"},
        "sds": {"listen": "127.0.0.1:0"},
        "reload": {"every_s": None},
        "audit": {"journal": "audit/journal.jsonl", "sync": "os"},
    }


def _merged(own: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(own)
    for key, value in more.items():
        there = merged.get(key)
        merged[key] = _merged(there, value) if isinstance(there, dict) and isinstance(value, dict) else value
    return merged


def _usual() -> dict[str, Any]:
    """Return the use case of config/registry.yaml, with the other capabilities of GP Connect beside documents."""
    everything = [f"{GP_CONNECT}*"]
    return {
        "organisations": [
            {"ods": "A1001", "name": "Example Hospital"},
            {"ods": "A20047", "name": "Example Surgery"},
            {"ods": "A20048", "name": "Second Example Surgery"},
        ],
        "systems": [
            {
                "asid": _CONSUMER,
                "organisation": "A1001",
                "party_key": "A1001-810001",
                "fqdn": "consumer.example.nhs.uk",
                "sends": everything,
            },
            _practice(_PROVIDER, "A20047", "A20047-810002", _ROOTS),
            _practice(_CLOSED, "A20048", "A20048-810003", {"documents": _ROOTS["documents"]}),
        ],
        "agreements": [
            {"from": _CONSUMER, "to": _PROVIDER, "interactions": everything},
            {"from": _CONSUMER, "to": _CLOSED, "interactions": [f"{GP_CONNECT}documents:*"]},
        ],
    }


def _practice(asid: str, ods: str, party_key: str, roots: Mapping[str, str]) -> dict[str, Any]:
    endpoints = [
        {
            "root": root.format(ods=ods),
            "cpa_id": f"S2000{number}A{asid[-6:]}",
            "receives": [f"{GP_CONNECT}{each}" for each in _RECEIVED[capability]],
        }
        for number, (capability, root) in enumerate(roots.items(), 1)
    ]
    return {"asid": asid, "organisation": ods, "party_key": party_key, "fqdn": _HOST, "endpoints": endpoints}
