"""Interactions: the token's scope and the method are those that the interaction has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.advice.advice import Advice, Wanted
from ssp_emulator.audit.advice.sources import audit_and_provenance, general_guidance
from ssp_emulator.checks.token import token
from ssp_emulator.token.dialects import SPINE_CORE

if TYPE_CHECKING:
    from ssp_emulator.audit.advice.past import Seen
    from ssp_emulator.exchange import Exchange


def _scope(exchange: Exchange, _: Seen) -> str | None:
    interaction, claims = exchange.interaction, exchange.claims
    if interaction is None or interaction.scope is None or claims is None or claims.scope in (None, interaction.scope):
        return None
    verdict = exchange.verdicts.get(token.__name__)
    if verdict is not None and verdict.denial is not None:
        return None
    wanted, asked = interaction.scope, claims.scope.split(" ")
    if claims.dialect == SPINE_CORE.name:  # which has no scope for organisations; reading and writing it tells apart
        fits = any(scope.rpartition(".")[2] == wanted.rpartition(".")[2] for scope in asked)
    else:
        fits = wanted in asked
    return None if fits else f"{claims.scope}, where {interaction.id} asks for {wanted}"


def _method(exchange: Exchange, _: Seen) -> str | None:
    interaction = exchange.interaction
    if interaction is None or exchange.method in interaction.methods:
        return None
    return f"{exchange.method}, where {interaction.id} has {' or '.join(interaction.methods)}"


SCOPE_DIFFERS = Advice(
    name="scope-differs",
    title="The token's scope is not the interaction's",
    remedy="Ask in the token for the scope that belongs to the interaction, and for no other.",
    wanted=Wanted.SPECIFICATION,
    source=audit_and_provenance("requested_scope"),
    look=_scope,
)

METHOD_DIFFERS = Advice(
    name="method-differs",
    title="The method is not the interaction's",
    remedy="Send the method that the interaction's page gives, or the interaction ID that belongs to what is done.",
    wanted=Wanted.SPECIFICATION,
    source=general_guidance("HTTP verbs"),
    look=_method,
)
