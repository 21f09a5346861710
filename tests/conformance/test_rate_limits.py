"""Rate limits, over real sockets: 429 for a sender's, 503 for a receiver's, and the fields that tell how they stand.

Source: Spine Core SSP implementation guide, "Rate limiting".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support import setup
from support.clocks import MovableClock
from support.running import running
from support.stub import OK

if TYPE_CHECKING:
    from pathlib import Path

    from support.stub import StubProvider
    from support.wire import Answer

    from ssp_emulator.pki.folder import CertificateFolder

AN_HOUR = 3600


@pytest.fixture
def limited(tmp_path: Path, certificates: CertificateFolder, provider: StubProvider):
    """Start an emulator with limits that last an hour."""

    def start(*, mode: str = "record", registry: dict[str, Any] | None = None, **limits: Any):
        settings = {"limits": {"window_s": AN_HOUR, **limits}, "token": {"mode": mode}}
        return running(tmp_path, certificates, provider.port, registry=registry, **settings)

    return start


def told(answer: Answer) -> tuple[int, int]:
    """Return limit and remainder; the seconds until the window's end go by while a test runs."""
    assert 0 < int(answer.one("X-Rate-Limit-Reset")) <= AN_HOUR
    return int(answer.one("X-Rate-Limit-Limit")), int(answer.one("X-Rate-Limit-Remaining"))


REFUSALS: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "sender": (
        {"sender": {"requests": 2}},
        429,
        "Too Many Requests",
        f"RATE_LIMIT_EXCEEDED_MESSAGESENDER_{setup.CONSUMER}",
    ),
    "receiver": (
        {"receiver": {"asids": {setup.PROVIDER: 2}}},
        503,
        "Service Unavailable",
        f"RATE_LIMIT_EXCEEDED_MESSAGERECEIVER_{setup.PROVIDER}",
    ),
}


@pytest.mark.parametrize(("limits", "status", "phrase", "text"), REFUSALS.values(), ids=REFUSALS)
async def test_a_limit_that_is_spent_refuses_with_its_own_status(
    limited, provider: StubProvider, limits: dict[str, Any], status: int, phrase: str, text: str
) -> None:
    async with limited(**limits) as ssp:
        wire = await ssp.wire()
        passed = [await wire.ask(ssp.request()) for _ in range(2)]
        refused = await wire.ask(ssp.request())

        (issue,) = refused.json()["issue"]
        assert [answer.status for answer in passed] == [200, 200]
        assert [told(answer) for answer in (*passed, refused)] == [(2, 1), (2, 0), (2, 0)]
        assert (refused.status, refused.phrase) == (status, phrase)
        assert [answer.all("Retry-After") for answer in passed] == [[], []]
        assert refused.one("Retry-After") == refused.one("X-Rate-Limit-Reset")
        assert (issue["code"], issue["diagnostics"]) == ("throttled", text)
        assert issue["details"]["coding"][0]["code"] == str(status)
        assert issue["details"]["coding"][0]["display"] == text
        assert next(check for check in ssp.record()["checks"] if check["check"] == "rate")["result"] == "fail"
        assert len(provider.received) == 2


async def test_a_receivers_limit_is_that_of_all_senders_together(limited, provider: StubProvider) -> None:
    registry = setup.registry(provider.port)
    agreement = {"from": setup.OTHER_CONSUMER, "to": setup.PROVIDER, "interactions": [setup.READ_BINARY]}
    registry["agreements"].append(agreement)
    async with limited(registry=registry, receiver={"requests": 2}) as ssp:
        first = await ssp.ask()
        elsewhere = await ssp.ask(
            target=f"/{setup.ROOT}-2/metadata", Ssp_To=setup.OTHER_PROVIDER, Ssp_InteractionID=setup.READ_METADATA
        )
        of_another = await ssp.ask(Ssp_From=setup.OTHER_CONSUMER)
        refused = [await ssp.ask(), await ssp.ask(Ssp_From=setup.OTHER_CONSUMER)]

        answers = [first, elsewhere, of_another, *refused]
        assert [answer.status for answer in answers] == [200, 200, 200, 503, 503]
        assert [told(answer) for answer in answers] == [(2, 1), (2, 1), (2, 0), (2, 0), (2, 0)]


async def test_what_an_earlier_check_refuses_takes_nothing_and_is_told_what_is_left(limited) -> None:
    async with limited(sender={"requests": 5}) as ssp:
        refused = [await ssp.ask(Ssp_To="999999999999") for _ in range(3)]
        stranger = await ssp.ask(Ssp_From="999999999999")
        passed = await ssp.ask()

        assert [answer.status for answer in refused] == [400] * 3
        assert [told(answer) for answer in (*refused, passed)] == [(5, 5)] * 3 + [(5, 4)]
        assert (stranger.status, stranger.all("X-Rate-Limit-Limit")) == (403, [])


BEFORE_THE_LIMITS: dict[str, tuple[dict[str, Any], int]] = {
    "endpoint": ({"target": "/https://elsewhere.nhs.uk/"}, 400),
    "agreement": ({"Ssp_From": setup.OTHER_CONSUMER}, 403),
    "token": ({"Authorization": None}, 400),
    "OPTIONS": ({"method": "OPTIONS"}, 200),
}


@pytest.mark.parametrize(("changes", "status"), BEFORE_THE_LIMITS.values(), ids=BEFORE_THE_LIMITS)
async def test_where_the_receiver_is_known_its_limit_is_told(limited, changes: dict[str, Any], status: int) -> None:
    async with limited(mode="enforce", receiver={"requests": 5}) as ssp:
        answer = await ssp.ask(**changes)

        assert (answer.status, told(answer)) == (status, (5, 5))


async def test_of_two_limits_the_scarcer_is_told(limited) -> None:
    async with limited(sender={"requests": 9}, receiver={"requests": 3}) as ssp:
        assert told(await ssp.ask()) == (3, 2)


@pytest.mark.parametrize(("sender", "receiver"), [(100, 5), (5, 100)])
async def test_of_two_limits_a_refusal_tells_the_scarcer_too(limited, sender: int, receiver: int) -> None:
    async with limited(mode="enforce", sender={"requests": sender}, receiver={"requests": receiver}) as ssp:
        answer = await ssp.ask(Authorization=None)

        assert (answer.status, told(answer)) == (400, (5, 5))


async def test_what_a_provider_says_of_a_limit_of_its_own_stands_alone(limited, provider: StubProvider) -> None:
    provider.answer = OK.replace(b"\r\n", b"\r\nx-rate-limit-limit: 99\r\n", 1)
    async with limited(sender={"requests": 5}) as ssp:
        answer = await ssp.ask()

        fields = [field for field in answer.fields if field[0].lower().startswith("x-rate-limit")]
        assert (answer.status, fields) == (200, [("x-rate-limit-limit", "99")])


async def test_the_window_ends_and_everything_is_given_back(
    tmp_path: Path, certificates: CertificateFolder, provider: StubProvider
) -> None:
    clock, limits = MovableClock(), {"window_s": 60, "sender": {"requests": 1}}
    async with running(tmp_path, certificates, provider.port, clock, limits=limits) as ssp:
        answers = []
        for pause_s in (0, 59.5, 0.5):
            clock.elapse(pause_s)
            answers.append(await ssp.ask())

    assert [answer.status for answer in answers] == [200, 429, 200]
    assert [answer.one("X-Rate-Limit-Reset") for answer in answers] == ["60", "1", "60"]


async def test_without_a_limit_no_field_speaks_of_one(limited) -> None:
    async with limited() as ssp:
        answer = await ssp.ask()

        assert answer.status == 200
        assert [name for name, _ in answer.fields if name.lower().startswith("x-rate-limit")] == []


async def test_a_limit_of_an_asid_of_its_own_goes_before_that_of_each(limited) -> None:
    async with limited(sender={"requests": 0, "asids": {setup.CONSUMER: 7}}) as ssp:
        assert told(await ssp.ask()) == (7, 6)
        assert told(await ssp.ask(Ssp_From=setup.OTHER_CONSUMER)) == (0, 0)
