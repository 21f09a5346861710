"""The registry in force: who there is, and who may talk to whom."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ssp_emulator.admin.route import Route
from ssp_emulator.directory.model import Reliability

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ssp_emulator.directory.model import Agreement, Directory, Endpoint, System
    from ssp_emulator.interactions import Catalogue, Interaction
    from ssp_emulator.spine import Spine

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    named = {name.removesuffix("_"): schema for name, schema in properties.items()}  # "from" is a word of Python's
    return {"type": "object", "properties": named, "required": list(named)}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


_MAYBE_TEXT = {"type": ["string", "null"]}
_RELIABILITY = {
    "type": ["object", "null"],
    "description": "what the directory tells of it, each where it is known",
    "properties": {
        each.name: {"type": ["integer" if each.name == "retries" else "string", "null"]} for each in fields(Reliability)
    },
}
_ENDPOINT = _object(
    root=_TEXT, cpa_id=_TEXT, receives=_TEXTS, connect_to=_TEXT, mhs_id=_MAYBE_TEXT, reliability=_RELIABILITY
)
_SYSTEM = _object(
    asid=_TEXT,
    organisation=_TEXT,
    party_key=_TEXT,
    fqdn=_TEXT,
    sends=_TEXTS,
    endpoints=_list(_ENDPOINT),
    signs_tokens={"type": "boolean", "description": "whether its tokens have to be signed with the key registered"},
    manufacturer={**_MAYBE_TEXT, "description": "the ODS code of who made it, where that is known"},
)
_AGREEMENT = _object(from_=_TEXT, to=_TEXT, interactions=_TEXTS)
_INTERACTION = _object(id=_TEXT, received_as=_TEXT, methods=_TEXTS, path=_MAYBE_TEXT, scope=_MAYBE_TEXT)
_REGISTRY = _object(
    organisations=_list(_object(ods=_TEXT, name=_TEXT)),
    systems=_list(_SYSTEM),
    agreements=_list(_AGREEMENT),
    interactions=_list(_INTERACTION),
)


class Registry:
    """Answers what is registered; `spine` returns what is in force at the moment, as a reload may change it."""

    def __init__(self, spine: Callable[[], Spine]) -> None:
        self._spine = spine

    @property
    def routes(self) -> tuple[Route, ...]:
        """What is answered, and where."""
        return (Route("GET", "/registry", self.show, answers=_REGISTRY),)

    async def show(self, _: web.Request) -> web.Response:
        """Return organisations, systems, agreements and interactions, as they are in force now.

        The globs of the file have become the interactions that they stand for. Organisations are those with a system.
        """
        spine = self._spine()
        body = await asyncio.to_thread(lambda: _written(_shown(spine.directory, spine.catalogue)))
        return web.Response(body=body, content_type="application/json", charset="utf-8")


def _shown(directory: Directory, catalogue: Catalogue) -> dict[str, Iterator[dict[str, Any]]]:
    return {
        "organisations": _organisations(directory.systems),
        "systems": map(_system, directory.systems),
        "agreements": map(_agreement, directory.agreements),
        "interactions": map(_interaction, catalogue),
    }


def _written(lists: dict[str, Iterator[dict[str, Any]]]) -> bytes:
    """Return an object of lists as JSON, written entry by entry: one call for all would hold up every other thread."""
    encode = json.JSONEncoder().encode
    members = [f"{encode(name)}: [{', '.join(map(encode, entries))}]" for name, entries in lists.items()]
    return f"{{{', '.join(members)}}}".encode()


def _organisations(systems: Iterable[System]) -> Iterator[dict[str, Any]]:
    names = {system.organisation.ods: system.organisation.name for system in systems}
    return ({"ods": ods, "name": name} for ods, name in names.items())


def _system(system: System) -> dict[str, Any]:
    return {
        "asid": system.asid,
        "organisation": system.organisation.ods,
        "party_key": system.party_key,
        "fqdn": system.fqdn,
        "sends": sorted(system.sends),
        "endpoints": list(map(_endpoint, system.endpoints)),
        "signs_tokens": system.token_key is not None,
        "manufacturer": system.manufacturer,
    }


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "root": endpoint.root,
        "cpa_id": endpoint.cpa_id,
        "receives": sorted(endpoint.receives),
        "connect_to": str(endpoint.connect_to),
        "mhs_id": endpoint.mhs_id,
        "reliability": asdict(endpoint.reliability) if endpoint.reliability is not None else None,
    }


def _agreement(agreement: Agreement) -> dict[str, Any]:
    return {"from": agreement.sender, "to": agreement.receiver, "interactions": sorted(agreement.interactions)}


def _interaction(interaction: Interaction) -> dict[str, Any]:
    return {
        "id": interaction.id,
        "received_as": interaction.received_as,
        "methods": list(interaction.methods),
        "path": interaction.path,
        "scope": interaction.scope,
    }
