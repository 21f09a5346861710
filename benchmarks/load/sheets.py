"""What a request says, out of a registry: the sheet that every request of a load is made from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from load.job import Sheet
from ssp_emulator.demo import consumer
from ssp_emulator.exchange import TRACE_ID
from ssp_emulator.token.minting import Purpose, claims_for

if TYPE_CHECKING:
    from ssp_emulator.directory.loading import Registry

READ = "urn:nhs:names:services:gpconnect:documents:fhir:rest:read:binary-1"
MIGRATE = "urn:nhs:names:services:gpconnect:documents:fhir:rest:migrate:binary-1"


def sheet(registry: Registry, host: str, resource_id: str, interaction: str = READ, target: str | None = None) -> Sheet:
    """Return the sheet of a request for a resource, through the proxy at `host`, or for another target.

    Whatever the server may say is a right answer. Raises `ConsumerError`.
    """
    route = consumer.route(registry, interaction)
    now = datetime.now(UTC)
    request = consumer.request(route, consumer.Question(resource_id), now)
    fields = {name: value for name, value in request.headers.items() if name not in (TRACE_ID, "Authorization")}
    purpose = Purpose(route.endpoint.root, route.interaction.scope or "patient/*.read")
    claims = claims_for(purpose, route.sender.organisation, f"https://{route.sender.fqdn}", now)
    return Sheet(target or f"/{request.target}", {"Host": host, **fields, "Accept-Encoding": "identity"}, claims)
