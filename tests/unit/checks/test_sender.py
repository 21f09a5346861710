"""Check 6: a known sender, with its own certificate, that may send the interaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssp_emulator.checks.sender import sender as check
from ssp_emulator.interactions import GP_CONNECT
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.exchange import Client, Exchange
    from ssp_emulator.spine import Spine

KNOWN_BUT_NOT_SENT = f"{GP_CONNECT}fhir:rest:search:slot-1"


def test_the_sender_and_its_interaction_are_put_on_the_exchange(
    request_for: Callable[..., Exchange], judge: Callable[..., Verdict]
) -> None:
    exchange = request_for()
    assert judge(check, exchange) == Verdict(Result.PASSED, "200000000115 of A1001")
    assert exchange.sender is not None
    assert exchange.sender.asid == "200000000115"
    assert exchange.interaction is not None
    assert exchange.interaction.id == exchange.interaction_id


@pytest.mark.parametrize(
    ("headers", "asid", "expected", "found"),
    [
        ({"Ssp-From": "999999999999"}, "999999999999", "999999999999 in the directory", "no system with this ASID"),
        (
            {"Ssp-InteractionID": KNOWN_BUT_NOT_SENT},
            "200000000115",
            f"{KNOWN_BUT_NOT_SENT} on the AS record of 200000000115",
            "it is not there",
        ),
        (
            {"Ssp-InteractionID": "urn:nobody:knows"},
            "200000000115",
            "urn:nobody:knows on the AS record of 200000000115",
            "no such interaction",
        ),
    ],
    ids=["unknown ASID", "interaction not on its record", "unknown interaction"],
)
def test_a_sender_that_may_not_is_a_403(
    headers: dict[str, str],
    asid: str,
    expected: str,
    found: str,
    request_for: Callable[..., Exchange],
    judge: Callable[..., Verdict],
) -> None:
    denial = Denial(Reason.ASID_CHECK_FAILED, f"ASID_CHECK_FAILED_MESSAGESENDER_{asid}")
    assert judge(check, request_for(headers=headers)) == Verdict(Result.FAILED, found, expected, denial)
    assert denial.form.status == 403


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("other.example.nhs.uk", "gp.example.nhs.uk"), "other.example.nhs.uk, gp.example.nhs.uk"),
        (("sub.consumer.example.nhs.uk",), "sub.consumer.example.nhs.uk"),
        ((), "no name"),
    ],
    ids=["others' names", "a name below", "no name"],
)
def test_the_certificate_of_another_is_a_495(
    names: tuple[str, ...],
    found: str,
    request_for: Callable[..., Exchange],
    judge: Callable[..., Verdict],
    client: Client,
) -> None:
    assert client.certificate is not None
    shown = replace(client, certificate=replace(client.certificate, names=names))
    verdict = judge(check, request_for(client=shown))
    denial = Denial(Reason.CERTIFICATE_ERROR, "SSL_CERTIFICATE_ERROR_FQDN_MISMATCH")
    expected = "a certificate for consumer.example.nhs.uk, the FQDN of 200000000115"
    assert verdict == Verdict(Result.FAILED, found, expected, denial)
    assert denial.form.status == 495


def test_an_unknown_asid_is_told_before_its_certificate(
    request_for: Callable[..., Exchange], judge: Callable[..., Verdict], client: Client
) -> None:
    assert client.certificate is not None
    shown = replace(client, certificate=replace(client.certificate, names=("other.example.nhs.uk",)))
    verdict = judge(check, request_for(client=shown, headers={"Ssp-From": "1"}))
    assert verdict.denial == Denial(Reason.ASID_CHECK_FAILED, "ASID_CHECK_FAILED_MESSAGESENDER_1")


@pytest.mark.parametrize(
    ("interaction_id", "denial"),
    [
        ("urn:nothing", Denial(Reason.UNSUPPORTED_INTERACTION, "ASID_CHECK_FAILED_MESSAGESENDER_200000000115")),
        (
            "urn:nhs:names:services:gpconnect:fhir:rest:search:slot-1",
            Denial(Reason.ASID_CHECK_FAILED, "ASID_CHECK_FAILED_MESSAGESENDER_200000000115"),
        ),
    ],
    ids=["an interaction that nobody knows", "one that the sender does not send"],
)
def test_as_observed_in_2018_an_unknown_interaction_is_another_status_with_the_same_text(
    interaction_id: str,
    denial: Denial,
    request_for: Callable[..., Exchange],
    judge: Callable[..., Verdict],
    spine: Spine,
) -> None:
    exchange = request_for(headers={"Ssp-InteractionID": interaction_id})
    assert judge(check, exchange, replace(spine, observed_2018=True)).denial == denial
