"""The collection, out of a registry: variables, the script that makes tokens, and every request."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ssp_emulator.demo.consumer import FHIR_JSON, ConsumerError, Route, issuer, route
from ssp_emulator.demo.postman import wording
from ssp_emulator.exchange import FROM, INTERACTION_ID, TO, TRACE_ID
from ssp_emulator.interactions import GP_CONNECT
from ssp_emulator.token.minting import Purpose, claims_for
from ssp_emulator.token.rules import LIFETIME_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssp_emulator.directory.loading import Registry
    from ssp_emulator.interactions import Interaction

Piece = dict[str, Any]

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_OWN = "Named in the registry"
_SENT_WITH = {"POST", "PUT", "PATCH"}
_REWRITES = (":update:", ":cancel:")
# Where a practice's endpoint of a capability usually is, below its own part of the path.
_BELOW = {
    "Access Document": "STU3/1/gpconnect/documents",
    "Access Record: Structured": "STU3/1/gpconnect/structured",
    "Access Record: HTML": "DSTU2/1/gpconnect",
    "National Record Locator": "nrl",
}
_USUALLY = "STU3/1/gpconnect"
_OTHER_TOKENS = {"Access Record: HTML": "GP Connect 0.x"}
_WORDS = re.compile(r"[^a-z0-9]+")
_DESCRIPTION = """\
Every interaction of ssp-emulator's catalogue, through the Spine Secure Proxy that it emulates. Made by
`ssp-emulator postman`: for another registry, sender or receiver, make it anew.

Each request has the provider's whole URL behind the proxy's address, the four Ssp- headers, and a token of its own that
the collection's script makes.

Before the first request, in Postman's Settings, Certificates:

1. CA certificates: on, with the PEM file `certs/ca/chain.pem`.
2. Client certificates, Add: the host and port of the variable `proxy`; the PFX file `certs/consumer/consumer.p12`, and
   its passphrase `changeit`.

`ssp-emulator audit list` shows what became of each request.
"""


@dataclass(frozen=True, slots=True)
class Values:
    """What the collection's variables begin with: the proxy's URL, and what is asked for."""

    proxy: str
    nhs_number: str
    patient_id: str
    document_id: str


def collection(registry: Registry, values: Values, from_asid: str | None = None, to_asid: str | None = None) -> Piece:
    """Return the collection of every interaction that a registry knows.

    ASIDs that are left out are those of the first pair that has an agreement, on Access Document if on anything of
    that. Raises `ConsumerError` where there is no such pair.
    """
    main = _main(registry, from_asid, to_asid)
    routes = {each.id: _route(registry, each, main) for each in registry.catalogue}
    roots: dict[str, str] = {}
    folders: dict[str, list[Piece]] = {}
    about: Piece = {}
    for each in registry.catalogue:
        capability, found = each.capability or _OWN, routes[each.id]
        name = f"root_{_WORDS.sub('_', capability.lower()).strip('_')}"
        root = found.endpoint.root if found is not None else None
        if root is not None and root != roots.setdefault(name, root):
            name = f"{name}_{len(roots)}"
            roots[name] = root
        about[each.id] = {"root": f"{{{{{name}}}}}", "scope": each.scope or "patient/*.read"}
        folders.setdefault(capability, []).append(_request(each, name, has_route=root is not None))
    for capability in folders:
        name = f"root_{_WORDS.sub('_', capability.lower()).strip('_')}"
        below = f"{main.receiver.organisation.ods}/{_BELOW.get(capability, _USUALLY)}"
        roots.setdefault(name, f"https://{main.receiver.fqdn}/{below}")
    return {
        "info": {"name": "ssp-emulator", "description": _DESCRIPTION, "schema": SCHEMA},
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "event": [_script("prerequest", _token_script(main, about))],
        "variable": _variables(main, values, roots),
        "item": [{"name": capability, "item": requests} for capability, requests in folders.items()],
    }


def _main(registry: Registry, from_asid: str | None, to_asid: str | None) -> Route:
    """Return the route that says who asks whom."""
    problem = ConsumerError("the registry knows no interaction")
    for each in sorted(registry.catalogue, key=lambda each: each.capability != "Access Document"):
        try:
            return route(registry, each.id, from_asid, to_asid)
        except ConsumerError as error:
            problem = error
    raise problem


def _route(registry: Registry, interaction: Interaction, main: Route) -> Route | None:
    """Return the route between the same two for another interaction; None where they may not exchange it."""
    sender, receiver = main.sender, main.receiver
    endpoint = receiver.endpoint(interaction.received_as)
    if endpoint is None or registry.directory.agreement(sender.asid, receiver.asid, interaction.id) is None:
        return None
    return Route(sender, receiver, interaction, endpoint)


def _request(interaction: Interaction, root: str, *, has_route: bool) -> Piece:
    method = "PUT" if any(part in interaction.id for part in _REWRITES) else interaction.methods[0]
    path = wording.segments(interaction.path or "")
    query = wording.query(interaction.path or "")
    asked = "&".join(f"{each['key']}={each['value']}" for each in query)
    raw = "/".join(["{{proxy}}", f"{{{{{root}}}}}", *path])
    url: Piece = {"raw": f"{raw}?{asked}" if asked else raw, "host": ["{{proxy}}"], "path": [f"{{{{{root}}}}}", *path]}
    headers = {
        "Accept": FHIR_JSON,
        TRACE_ID: "{{$guid}}",
        FROM: "{{from}}",
        TO: "{{to}}",
        INTERACTION_ID: interaction.id,
    }
    request: Piece = {"method": method, "url": {**url, "query": query} if query else url}
    if method in _SENT_WITH:
        headers["Content-Type"] = FHIR_JSON
        text = json.dumps(wording.body(interaction.path or ""), indent=2)
        request["body"] = {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}
    request["header"] = [{"key": name, "value": value} for name, value in headers.items()]
    request["description"] = _described(interaction, has_route=has_route)
    made: Piece = {"name": interaction.id.removeprefix(GP_CONNECT), "request": request, "response": []}
    if has_route and interaction.capability not in _OTHER_TOKENS:
        test = ['pm.test("it is answered", () => pm.expect(pm.response.code).to.be.below(400));']
        made["event"] = [_script("test", test)]
    return made


def _described(interaction: Interaction, *, has_route: bool) -> str:
    told = f"`{interaction.id}`" + (f", whose token asks for `{interaction.scope}`." if interaction.scope else ".")
    if dialect := _OTHER_TOKENS.get(interaction.capability or ""):
        told += f" {dialect} has other tokens than those that this collection makes: put one of yours in its place."
    if has_route:
        return told
    return (
        f"{told} In this registry the two systems do not exchange it: the proxy refuses, until the sender's `sends`, "
        f"an endpoint's `receives` ({interaction.received_as}) and an agreement have it."
    )


def _token_script(main: Route, about: Piece) -> list[str]:
    purpose = Purpose(main.endpoint.root, main.interaction.scope or "")
    claims = claims_for(purpose, main.sender.organisation, issuer(main.sender), datetime.fromtimestamp(0, UTC))
    text = (files("ssp_emulator.demo.postman") / "token.js").read_text(encoding="utf-8")
    values = {
        "ABOUT": json.dumps(about, indent=4),
        "CLAIMS": json.dumps(claims, indent=4),
        "LIFETIME_S": str(LIFETIME_S),
    }
    return re.sub(r"__([A-Z_]+)__", lambda found: values[found[1]], text).splitlines()


def _script(listen: str, lines: list[str]) -> Piece:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": lines}}


def _variables(main: Route, values: Values, roots: Mapping[str, str]) -> list[Piece]:
    told = {
        "proxy": values.proxy,
        "from": main.sender.asid,
        "to": main.receiver.asid,
        **roots,
        "nhs_number": values.nhs_number,
        "patient_id": values.patient_id,
        "document_id": values.document_id,
        "resource_id": "1",
        "ods_code": main.receiver.organisation.ods,
        "sds_user_id": "111111111111",
    }
    return [{"key": name, "value": value, "type": "string"} for name, value in told.items()]
