"""Ports: `:443` is what https means anyway, and makes another URL of the registered one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.audit.advice.advice import Advice, Wanted
from ssp_emulator.audit.advice.sources import rfc, spine_secure_proxy
from ssp_emulator.checks.endpoint import endpoint

if TYPE_CHECKING:
    from ssp_emulator.audit.advice.past import Seen
    from ssp_emulator.exchange import Exchange

_DEFAULT = ":443"


def _target(exchange: Exchange, _: Seen) -> str | None:
    # Once the endpoint's check has looked, it has refused the port, or the port is registered.
    if exchange.target is None or endpoint.__name__ in exchange.verdicts:
        return None
    return exchange.target.authority if exchange.target.authority.endswith(_DEFAULT) else None


def _host(exchange: Exchange, _: Seen) -> str | None:
    host = exchange.headers.get("Host", "")
    return f"Host: {host}" if host.endswith(_DEFAULT) else None


TARGET_PORT = Advice(
    name="target-port",
    title="The target has :443 after its host",
    remedy="Use the service root URL just as the Spine Directory Service gives it: with :443 it is another URL.",
    wanted=Wanted.SPECIFICATION,
    source=spine_secure_proxy("Constructing a request"),
    look=_target,
)

HOST_PORT = Advice(
    name="host-port",
    title="Host has :443 after the proxy's name",
    remedy="Leave the port out of Host where it is 443, the default of https.",
    wanted=Wanted.GOOD_PRACTICE,
    source=rfc(3986, "3.2.3", "Port"),
    look=_host,
)
