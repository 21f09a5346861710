"""Ports that two services cannot share: found in what a configuration says, before anything is bound."""

from __future__ import annotations

import ipaddress
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ssp_emulator.address import Address

_LOCALHOST = frozenset({"127.0.0.1", "::1"})


def clashes(listening: Mapping[str, Address]) -> Iterator[tuple[str, str]]:
    """Yield the keys of each two that cannot both listen where they are told to, in the order that they are given in.

    Port 0 is any free one, and clashes with none.
    """
    for (one, here), (other, there) in combinations(listening.items(), 2):
        if overlap(here, there):
            yield one, other


def overlap(here: Address, there: Address) -> bool:
    """Tell whether two addresses have a socket in common, as far as that can be told without asking for names."""
    if here.port != there.port or here.port == 0:
        return False
    return any(_meets(one, other) for one in _hosts(here) for other in _hosts(there))


def is_loopback(address: Address) -> bool:
    """Tell whether an address is this machine's own, and no other's."""
    return all(host in _LOCALHOST or host.startswith("127.") for host in _hosts(address))


def _hosts(address: Address) -> frozenset[str]:
    host = address.host.lower()
    return _LOCALHOST if host == "localhost" else frozenset({host})


def _meets(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
    except ValueError:  # a name: which addresses it has is not known here
        return False
    if first.version != second.version:  # an IPv6 socket of ours leaves IPv4 alone
        return False
    return first == second or first.is_unspecified or second.is_unspecified
