"""Asking: what a consumer sends, for tests that make a request of their own, or need a part of one."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ssp_emulator.demo import consumer
from ssp_emulator.demo.consumer import ConsumerError, Question, Route
from ssp_emulator.errors import said as said_of
from ssp_emulator.exchange import FROM, INTERACTION_ID, TO, TRACE_ID
from ssp_emulator.interactions import GP_CONNECT
from ssp_emulator.testing.errors import AskingError
from ssp_emulator.token.minting import Purpose, claims_for, signed, unsigned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssp_emulator.directory.loading import Registry

__tracebackhide__ = True  # what is wrong is the test's, and so pytest shows its line

USUAL = "documents:fhir:rest:read:binary-1"  # retrieving a document


def whole(interaction: str) -> str:
    """Return the whole ID of an interaction, or pattern of IDs, whose beginning may be left out."""
    return interaction if interaction.startswith(("urn:", "*")) else GP_CONNECT + interaction


def route(registry: Registry, interaction: str, from_asid: str | None, to_asid: str | None) -> Route:
    """Return who asks whom for an interaction, out of the registry. Raises `AskingError`."""
    try:
        return consumer.route(registry, interaction, from_asid, to_asid)
    except ConsumerError as error:
        raise AskingError(str(error)) from None


def token(of: Route, sign_key: bytes | str | Path | None, claims: Mapping[str, Any]) -> str:
    """Return a fresh token for a route, with claims of the test's own in place of the usual; None leaves one out.

    `sign_key` is the private key that signs it: PEM, or the path of a file. Raises `AskingError` where it cannot sign.
    """
    purpose = Purpose(of.endpoint.root, of.interaction.scope or "patient/*.read")
    usual = claims_for(purpose, of.sender.organisation, f"https://{of.sender.fqdn}", datetime.now(UTC))
    said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    if sign_key is None:
        return unsigned(said)
    try:
        return signed(said, _pem(sign_key))
    except OSError as error:
        raise AskingError(f"the key to sign with cannot be read: {said_of(error)}: {error.filename}") from None
    except ValueError as error:
        raise AskingError(f"the key to sign with {error}") from None


def headers(of: Route, trace_id: str, authorization: str) -> dict[str, str]:
    """Return the headers that the SSP wants to see."""
    return {
        "Accept": "application/fhir+json",
        TRACE_ID: trace_id,
        FROM: of.sender.asid,
        TO: of.receiver.asid,
        INTERACTION_ID: of.interaction.id,
        "Authorization": authorization,
    }


def target(of: Route, resource_id: str | None, nhs_number: str | None, query: str | None) -> str:
    """Return the provider's URL of what is asked for. Raises `AskingError` where something for it is missing."""
    path = of.interaction.path or ""
    if "{id}" in path and resource_id is None:
        raise AskingError(f"{of.interaction.id} asks for {path}: say which with resource_id")
    if path == "/Patient" and nhs_number is None and query is None:
        raise AskingError(f"{of.interaction.id} finds a patient: say which with nhs_number")
    return consumer.request(of, Question(resource_id, nhs_number, query), datetime.now(UTC)).target


def _pem(sign_key: bytes | str | Path) -> bytes:
    if isinstance(sign_key, bytes):
        return sign_key
    if isinstance(sign_key, str) and not os.path.isfile(sign_key):  # noqa: PTH113 - it takes any text, as a key's
        return sign_key.encode()
    return Path(sign_key).read_bytes()
