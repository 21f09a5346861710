"""A consumer's part before it knows whom to ask: endpoint, party key and ASID, looked up in the directory.

Source: GP Connect 1.6.2, "Spine Directory Service"; Spine Directory Service FHIR API.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from ssp_emulator.demo.consumer import ConsumerError, Route
from ssp_emulator.directory.sds.answer import BASE, MEDIA_TYPE
from ssp_emulator.directory.sds.question import INTERACTION, ODS_CODE, PARTY_KEY
from ssp_emulator.directory.sds.resources import ASID

if TYPE_CHECKING:
    from ssp_emulator.address import Address

_PATIENCE_S = 10.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Found:
    """What the directory says of a practice: the service root URL, and by which party key and ASID it is known."""

    root: str
    party_key: str
    asid: str

    def instead_of(self, route: Route) -> Route:
        """Return a route that leads where the directory says."""
        receiver = replace(route.receiver, asid=self.asid, party_key=self.party_key)
        return replace(route, receiver=receiver, endpoint=replace(route.endpoint, root=self.root))


async def look_up(directory: Address, ods: str, interaction: str, correlation_id: str) -> Found:
    """Look up where a practice (its ODS code) receives an interaction (its ID), and its ASID.

    Raises `ConsumerError` where the directory does not answer, refuses, or knows nothing of the kind.
    """
    asked = [("organization", f"{ODS_CODE}|{ods}"), ("identifier", f"{INTERACTION}|{interaction}")]
    headers = {"apikey": "ssp-emulator", "X-Correlation-Id": correlation_id, "Accept": MEDIA_TYPE}
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=_PATIENCE_S)) as session:
            endpoint = await _first(session, directory, "Endpoint", asked)
            party_key = _identifier(endpoint, PARTY_KEY)
            with_key = [*asked, ("identifier", f"{PARTY_KEY}|{party_key}")]
            device = await _first(session, directory, "Device", with_key)
            return Found(_text(endpoint["address"]), party_key, _identifier(device, ASID))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ConsumerError(
            f"the directory at {directory} did not answer: {str(error) or 'it took too long'}"
        ) from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ConsumerError(f"what answers at {directory} is no directory") from error


async def _first(
    session: aiohttp.ClientSession, directory: Address, kind: str, asked: list[tuple[str, str]]
) -> dict[str, Any]:
    """Return the first resource of a kind that matches."""
    url = URL(f"http://{directory}{BASE}/{kind}").with_query(asked)
    async with session.get(url, allow_redirects=False) as answer:
        said = json.loads(await answer.read())
    if answer.status != _OK:
        why = said["issue"][0].get("diagnostics") or "it does not say why"
        raise ConsumerError(f"the directory at {directory} refused with {answer.status}: {why}")
    if not said["entry"]:
        sought = " and ".join(value.rpartition("|")[2] for _, value in asked)
        raise ConsumerError(f"the directory at {directory} has no {kind} for {sought}")
    found: dict[str, Any] = said["entry"][0]["resource"]
    return found


def _identifier(resource: dict[str, Any], system: str) -> str:
    value, *_ = [each["value"] for each in resource["identifier"] if each["system"] == system]
    return _text(value)


def _text(value: object) -> str:
    """Return what goes into URL and headers of the request that follows."""
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("a word was expected")
    return value
