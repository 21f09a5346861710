"""Organisations: the token names the one that the ASID belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.advice.advice import Advice, Wanted
from ssp_emulator.audit.advice.sources import audit_and_provenance

if TYPE_CHECKING:
    from ssp_emulator.audit.advice.past import Seen
    from ssp_emulator.exchange import Exchange


def _differs(exchange: Exchange, _: Seen) -> str | None:
    claims, sender = exchange.claims, exchange.sender
    if claims is None or sender is None or claims.organisation in (None, sender.organisation.ods):
        return None
    return f"{claims.organisation}, where {sender.asid} is of {sender.organisation.ods}"


ORGANISATION_DIFFERS = Advice(
    name="organisation-differs",
    title="requesting_organization is not the organisation of the ASID",
    remedy="Name the organisation that asks in requesting_organization, and send the ASID that it has in Ssp-From.",
    wanted=Wanted.SPECIFICATION,
    source=audit_and_provenance("requesting_organization"),
    look=_differs,
)
