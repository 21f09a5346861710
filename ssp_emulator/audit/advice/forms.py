"""Forms of a target: GP Connect writes the provider's URL literally, the National Record Locator percent-encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.advice.advice import Advice, Wanted
from ssp_emulator.audit.advice.sources import ssp_guide, ssp_retrieval
from ssp_emulator.interactions import GP_CONNECT, NRL
from ssp_emulator.target import Form

if TYPE_CHECKING:
    from ssp_emulator.audit.advice.past import Seen
    from ssp_emulator.exchange import Exchange


_LITERAL, _ENCODED = Form.LITERAL, Form.ENCODED


def _not_literal(exchange: Exchange, _: Seen) -> str | None:
    form = exchange.target.form if exchange.target is not None else _LITERAL
    if form is _LITERAL or _of(exchange, NRL) or (form is _ENCODED and not _of(exchange, GP_CONNECT)):
        return None
    return form.value


def _not_encoded(exchange: Exchange, _: Seen) -> str | None:
    form = exchange.target.form if exchange.target is not None else _ENCODED
    return None if form is _ENCODED or not _of(exchange, NRL) else form.value


def _of(exchange: Exchange, family: str) -> bool:
    return exchange.interaction is not None and exchange.interaction.id.startswith(family)


TARGET_FORM = Advice(
    name="target-form",
    title="The target is not written as the provider's URL",
    remedy="Append the provider's URL to the proxy's address as it is, with both slashes of https://.",
    wanted=Wanted.SPECIFICATION,
    source=ssp_guide("Consumer (construction of the URL)"),
    look=_not_literal,
)

TARGET_NOT_ENCODED = Advice(
    name="target-not-encoded",
    title="A pointer's URL is not percent-encoded",
    remedy="Percent-encode the whole URL of the pointer, and append it to the proxy's address.",
    wanted=Wanted.SPECIFICATION,
    source=ssp_retrieval("Requesting information via the SSP"),
    look=_not_encoded,
)
