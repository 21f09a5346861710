"""Exchanges that are over, after all the checks: of each a test changes one thing, and lets time go by between them."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from support import setup, tokens

from ssp_emulator import checks
from ssp_emulator.address import Address
from ssp_emulator.audit.advice import Adviser
from ssp_emulator.directory.model import Agreement, Directory, Endpoint, Organisation, System
from ssp_emulator.interactions import Catalogue
from ssp_emulator.spine import Spine

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.clock import Clock
    from ssp_emulator.exchange import Exchange

KEY = b"random, elsewhere"
OWN = "urn:example:own"  # an interaction that a registry names, and nobody else knows


@pytest.fixture
def spine(clock: Clock) -> Spine:
    """A Spine at which the consumer may send the provider everything, and another sender too."""
    catalogue = Catalogue().with_names([OWN])
    sent, received = catalogue.sent(["*"]), catalogue.received(["*"])
    hospital, surgery = Organisation("A1001", "Example Hospital"), Organisation("A20047", "Example Surgery")
    endpoint = Endpoint(setup.ROOT, "gp.example.nhs.uk", setup.CPA_ID, received, Address("localhost", 9443))
    systems = [
        System(setup.CONSUMER, hospital, "A1001-810001", "consumer.example.nhs.uk", sends=sent),
        System(setup.OTHER_CONSUMER, hospital, "A1001-810001", "consumer.example.nhs.uk", sends=sent),
        System(setup.PROVIDER, surgery, "A20047-810002", "gp.example.nhs.uk", endpoints=(endpoint,)),
    ]
    senders = (setup.CONSUMER, setup.OTHER_CONSUMER)
    return Spine(Directory(systems, [Agreement(each, setup.PROVIDER, sent) for each in senders]), catalogue, clock)


@pytest.fixture
def adviser() -> Adviser:
    return Adviser(KEY)


@pytest.fixture
def over(request_for: Callable[..., Exchange], spine: Spine, clock: Clock) -> Callable[..., Exchange]:
    """Make an exchange that is over, and as it should be, but for what is changed.

    It began at `at` and took `took`, in seconds. Its trace ID and its token are its own; `claims` replaces the token's.
    """
    numbers = count(1)

    def over(
        at: float = 0.0,
        *,
        took: float = 0.0,
        status: int | None = 200,
        claims: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        judge: Spine = spine,
        broken_off: bool = False,
        **fields: Any,
    ) -> Exchange:
        number = next(numbers)
        said = tokens.gp_connect_1(clock.now().timestamp()) if claims is None else claims
        own = {
            "Host": "localhost:8443",
            "Ssp-TraceID": str(UUID(int=number << 64, version=4)),
            "Authorization": tokens.bearer({**said, "jti": str(number)}),
            "Accept": "application/fhir+json",
        }
        exchange = request_for(headers={**own, **(headers or {})}, **{"started": at, "nth": 2, **fields})
        exchange.denial = checks.examine(exchange, judge, checks.order_for(exchange))
        exchange.status, exchange.broken_off = status, broken_off
        exchange.timings.total = took
        return exchange

    return over


@pytest.fixture
def advised(adviser: Adviser, over: Callable[..., Exchange]) -> Callable[..., dict[str, str]]:
    """Tell what there is to advise on an exchange, made as `over` says: what was found, by the advisory's name."""
    return lambda *args, **kwargs: {each.name: each.found for each in adviser.advise(over(*args, **kwargs))}
