"""A configuration folder of a test's own: free ports, its own journal, a registry that leads to the test's provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.pki.folder import CertificateFolder

DOCUMENTS = "urn:nhs:names:services:gpconnect:documents:"
READ_BINARY = f"{DOCUMENTS}fhir:rest:read:binary-1"
READ_METADATA = f"{DOCUMENTS}fhir:rest:read:metadata-1"
ROOT = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
GP_CONNECT = "urn:nhs:names:services:gpconnect:fhir:"
SEARCH_SLOTS = f"{GP_CONNECT}rest:search:slot-1"  # its scope is organization/*.read
REGISTER_PATIENT = f"{GP_CONNECT}operation:gpc.registerpatient-1"  # its scope is patient/*.write
GET_RECORD = f"{GP_CONNECT}operation:gpc.getstructuredrecord-1"
MIGRATE_RECORD = f"{GP_CONNECT}operation:gpc.migratestructuredrecord-1"
GET_HTML = f"{GP_CONNECT}operation:gpc.getcarerecord"  # GP Connect 0.x
NRL_READ = "urn:nhs:names:services:nrl:DocumentReference.content.read"
NRL_RECEIVED = "urn:nhs:names:services:nrl:DocumentReference.content"
FOUNDATIONS_ROOT = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect"
STRUCTURED_ROOT = f"{FOUNDATIONS_ROOT}/structured"
HTML_ROOT = "https://gp.example.nhs.uk/A20047/DSTU2/1/gpconnect"
NRL_ROOT = "https://gp.example.nhs.uk/A20047/nrl"
CONSUMER, PROVIDER, OTHER_CONSUMER, OTHER_PROVIDER = "200000000115", "200000000116", "200000000118", "200000000119"
CPA_ID = "S20001A000116"


def registry(provider_port: int) -> dict[str, Any]:
    """Return a registry's data: the use case's systems, and others that each lack one thing.

    OTHER_CONSUMER bears the same FQDN and has no agreement; OTHER_PROVIDER receives metadata only. The interactions
    beyond documents, each family at a root of its own, are those whose tokens differ.
    """
    everything = [f"{DOCUMENTS}*"]
    beyond = [SEARCH_SLOTS, REGISTER_PATIENT, GET_RECORD, MIGRATE_RECORD, GET_HTML, NRL_READ]
    return {
        "organisations": [{"ods": "A1001", "name": "Example Hospital"}, {"ods": "A20047", "name": "Example Surgery"}],
        "systems": [
            _system(CONSUMER, "A1001", "consumer.example.nhs.uk", sends=[*everything, *beyond]),
            _system(
                PROVIDER,
                "A20047",
                "gp.example.nhs.uk",
                endpoints=[
                    _endpoint(ROOT, CPA_ID, everything, provider_port),
                    _endpoint(FOUNDATIONS_ROOT, "S20002A000116", [SEARCH_SLOTS, REGISTER_PATIENT], provider_port),
                    _endpoint(STRUCTURED_ROOT, "S20003A000116", [GET_RECORD, MIGRATE_RECORD], provider_port),
                    _endpoint(HTML_ROOT, "S20004A000116", [GET_HTML], provider_port),
                    _endpoint(NRL_ROOT, "S20005A000116", [NRL_RECEIVED], provider_port),
                ],
            ),
            _system(OTHER_CONSUMER, "A1001", "consumer.example.nhs.uk", sends=[READ_BINARY]),
            _system(
                OTHER_PROVIDER,
                "A20047",
                "gp.example.nhs.uk",
                endpoints=[_endpoint(f"{ROOT}-2", "S20001A000119", [READ_METADATA], provider_port)],
            ),
        ],
        "agreements": [
            {"from": CONSUMER, "to": PROVIDER, "interactions": [*everything, *beyond]},
            {"from": CONSUMER, "to": OTHER_PROVIDER, "interactions": everything},
        ],
    }


def write(folder: Path, certificates: CertificateFolder, provider_port: int, **changes: Any) -> Path:
    """Write `emulator.yaml` and `registry.yaml` into a folder, and return the path of the first.

    Each change is a section of the settings with the keys to set in it, as `providers={"idle_timeout_s": 1}`, or a
    setting that stands alone.
    """
    certs = certificates.root
    settings: dict[str, Any] = {
        "certificates": str(certs),
        "proxy": {
            "listen": "127.0.0.1:0",
            "tls": {
                "certificate": str(certificates.ssp_server.certificate),
                "key": str(certificates.ssp_server.key),
                "trust": str(certificates.chain),
                "crl": str(certificates.crl),
            },
            "drain_timeout_s": 2,
        },
        "providers": {
            "tls": {
                "certificate": str(certificates.ssp_client.certificate),
                "key": str(certificates.ssp_client.key),
                "trust": str(certificates.chain),
            },
            "first_byte_timeout_s": 8,
        },
        "admin": {"listen": "127.0.0.1:0"},
        "sds": {"listen": "127.0.0.1:0"},
        "audit": {"journal": "audit/journal.jsonl"},
    }
    for section, change in changes.items():
        settings[section] = {**settings.get(section, {}), **change} if isinstance(change, dict) else change
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "registry.yaml").write_text(yaml.safe_dump(registry(provider_port), sort_keys=False))
    path = folder / "emulator.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    return path


def _system(asid: str, ods: str, fqdn: str, **more: Any) -> dict[str, Any]:
    return {"asid": asid, "organisation": ods, "party_key": f"{ods}-{asid[-6:]}", "fqdn": fqdn, **more}


def _endpoint(root: str, cpa_id: str, receives: list[str], port: int) -> dict[str, Any]:
    return {"root": root, "cpa_id": cpa_id, "receives": receives, "connect_to": f"127.0.0.1:{port}"}
