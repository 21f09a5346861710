"""A provider out of reach, as connection-refused, name-not-resolved and provider-certificate have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.chains import effect, firing, problem

from ssp_emulator import outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Exchange

TARGET = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents/Binary/1"


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"kind": "connection-refused"}, "no connection to localhost:9443: the connection is refused"),
        ({"kind": "name-not-resolved"}, "no connection to localhost:9443: its name is not known"),
        (
            {"kind": "provider-certificate", "fault": "expired"},
            "the certificate at localhost:9443 is not good: certificate has expired",
        ),
        (
            {"kind": "provider-certificate", "fault": "wrong-host"},
            (
                "the certificate at localhost:9443 is not good: "
                "Hostname mismatch, certificate is not valid for 'gp.example.nhs.uk'."
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else value.get("fault") or value["kind"],
)
async def test_it_is_a_502_that_says_why_in_the_trail(
    examined: Callable[..., Exchange], parameters: dict[str, Any], why: str
) -> None:
    exchange, noted, wire = examined(), firing(), None

    denial = await effect(**parameters).instead(exchange, wire, noted)

    assert denial == outcome.bad_gateway(TARGET)
    assert exchange.provider.error == why
    assert noted.did == [f"refused with 502: {why}"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"kind": "connection-refused"},
        {"kind": "name-not-resolved"},
        {"kind": "provider-certificate", "fault": "expired"},
    ],
    ids=lambda value: value["kind"],
)
@pytest.mark.parametrize("changes", [{"method": "OPTIONS"}, {"headers": {"Ssp-To": None}}], ids=["OPTIONS", "refused"])
async def test_nothing_comes_of_it_where_the_provider_would_not_be_asked(
    examined: Callable[..., Exchange], parameters: dict[str, Any], changes: dict[str, Any]
) -> None:
    exchange, noted, wire = examined(**changes), firing(), None

    assert await effect(**parameters).instead(exchange, wire, noted) is None
    assert exchange.provider.error is None
    assert noted.did == ["nothing: the provider would not have been asked"]


@pytest.mark.parametrize(
    ("kind", "parameters", "told"),
    [
        ("connection-refused", {"port": 1}, "port: Extra inputs are not permitted"),
        ("name-not-resolved", {"name": "a"}, "name: Extra inputs are not permitted"),
        ("provider-certificate", {}, "fault: Field required"),
        ("provider-certificate", {"fault": "untrusted"}, "fault: Input should be 'expired' or 'wrong-host'"),
    ],
)
def test_what_is_not_a_parameter_is_refused(kind: str, parameters: dict[str, Any], told: str) -> None:
    assert told in problem(kind, **parameters)
