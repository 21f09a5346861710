"""What the directory answers to a check."""

from __future__ import annotations

import pytest

from ssp_emulator.address import Address
from ssp_emulator.directory.model import Agreement, Directory, Endpoint, Organisation, System

SURGERY = Organisation("A20047", "Example Surgery")


def endpoint(root: str, *receives: str) -> Endpoint:
    return Endpoint(root, "gp", "S1", frozenset(receives), Address("gp", 443))


FIRST, SECOND = endpoint("https://gp/documents", "read", "search"), endpoint("https://gp/structured", "record")
PROVIDER = System("116", SURGERY, "K1", "gp", endpoints=(FIRST, SECOND))
CONSUMER = System("115", SURGERY, "K1", "gp", sends=frozenset({"read"}))  # a party key may be shared
READING, SEARCHING = Agreement("115", "116", frozenset({"read"})), Agreement("115", "116", frozenset({"search"}))
DIRECTORY = Directory([PROVIDER, CONSUMER], [READING, SEARCHING])


@pytest.mark.parametrize(("asid", "system"), [("115", CONSUMER), ("116", PROVIDER), ("117", None), ("", None)])
def test_systems_are_found_by_asid(asid: str, system: System | None) -> None:
    assert DIRECTORY.system(asid) is system


def test_systems_stand_in_the_registrys_order() -> None:
    assert list(DIRECTORY.systems) == [PROVIDER, CONSUMER]


@pytest.mark.parametrize(
    ("received_as", "expected"), [("read", FIRST), ("search", FIRST), ("record", SECOND), ("rea", None), ("", None)]
)
def test_the_endpoint_for_an_interaction(received_as: str, expected: Endpoint | None) -> None:
    assert PROVIDER.endpoint(received_as) is expected


def test_a_system_that_only_consumes_has_no_endpoint() -> None:
    assert CONSUMER.endpoint("read") is None


@pytest.mark.parametrize(
    ("sender", "receiver", "interaction", "agreement"),
    [
        ("115", "116", "read", READING),
        ("115", "116", "search", SEARCHING),
        ("115", "116", "record", None),
        ("116", "115", "read", None),
        ("115", "115", "read", None),
        ("115", "999", "read", None),
    ],
    ids=["one", "another between the same two", "no such interaction", "the other way", "itself", "a stranger"],
)
def test_agreements_are_found_by_sender_receiver_and_interaction(
    sender: str, receiver: str, interaction: str, agreement: Agreement | None
) -> None:
    assert DIRECTORY.agreement(sender, receiver, interaction) is agreement


def test_an_agreement_names_both_sides() -> None:
    assert str(READING) == "agreement 115 to 116"
