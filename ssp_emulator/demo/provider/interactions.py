"""The five interactions of Access Document.

Source: GP Connect Access Document 1.6.2, "Spine interactions".
"""

from __future__ import annotations

_PREFIX = "urn:nhs:names:services:gpconnect:documents:fhir:rest:"

READ_METADATA = f"{_PREFIX}read:metadata-1"
SEARCH_PATIENT = f"{_PREFIX}search:patient-1"
SEARCH_DOCUMENT = f"{_PREFIX}search:documentreference-1"
READ_BINARY = f"{_PREFIX}read:binary-1"
MIGRATE_BINARY = f"{_PREFIX}migrate:binary-1"
