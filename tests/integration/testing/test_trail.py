"""The trail: what has been exchanged since the test began, and what a test is told where it expects something else."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from ssp_emulator.testing.errors import AskingError
from ssp_emulator.testing.ssp import Ssp
from ssp_emulator.testing.stub import Answer
from ssp_emulator.testing.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.testing.emulated import Emulated

BINARY = "documents:fhir:rest:read:binary-1"


@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_sees_its_own_exchanges_alone(ssp: Ssp, retrieve: Callable[..., requests.Response], turn: int) -> None:
    assert ssp.exchanges() == []

    retrieve()

    assert len(ssp.exchanges()) == 1


def test_what_the_test_before_has_left_under_way_is_not_seen(
    ssp: Ssp, ssp_emulator: Emulated, retrieve: Callable[..., requests.Response]
) -> None:
    goes_on = threading.Event()
    ssp.provider.answers(by=lambda got: Answer(body=str(goes_on.wait(10))))
    left = threading.Thread(target=retrieve)
    left.start()
    while not ssp.provider.received:
        time.sleep(0.01)
    after = Ssp(ssp_emulator, "after")
    after.begin()
    goes_on.set()
    left.join()

    assert len(ssp.assert_exchanged(times=1)) == 1
    assert after.exchanges() == []


def index_of(answers: list[dict[str, int]]) -> Trail:
    """Return the trail of an emulator whose index stands so, one ask after the other, and then as last."""

    class Api:
        def asked(self, method: str, path: str, *, expects: str) -> dict[str, Any]:
            records = answers.pop(0) if len(answers) > 1 else answers[0]
            return {"exchanges": [], "next": None, "records": {"removed": 0, **records}}

    emulated = SimpleNamespace(api=Api(), is_ours=False)
    return Trail(emulated)  # type: ignore[arg-type]


def test_others_exchanges_need_not_come_to_an_end() -> None:
    """What there was at first is indexed, and what others have added since need not be."""
    trail = index_of([{"kept": 0, "behind": 0}, {"kept": 5, "behind": 2}, {"kept": 90, "behind": 85}])

    assert trail.exchanges() == []


def test_an_index_that_does_not_catch_up_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssp_emulator.testing.trail._INDEX_S", 0.1)
    trail = index_of([{"kept": 0, "behind": 0}, {"kept": 5, "behind": 2}])

    with pytest.raises(AskingError, match=r"^the audit trail's index has not caught up in 0.1 seconds$"):
        trail.exchanges()


def test_an_exchange_tells_what_happened(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    trace_id = "b0a8f4a6-6b8e-4a08-9c2c-0b7bd64ed5a3"
    retrieve(trace_id=trace_id)

    (exchange,) = ssp.exchanges(trace_id=trace_id)

    assert (exchange.from_asid, exchange.to_asid, exchange.method) == (ssp.from_asid(), ssp.to_asid(), "GET")
    assert (exchange.status, exchange.denial, exchange.faults, exchange.remedy) == (200, None, (), None)
    assert exchange.target == ssp.url_for(resource_id="07a6483f-732b-461e-86b6-edb665c45510").removeprefix(
        f"{ssp.url}/"
    )
    assert exchange.record["provider"]["status"] == 200
    assert "the provider answered 200" in exchange.explanation


def test_filters_let_through_what_they_say_and_the_oldest_comes_first(
    ssp: Ssp, retrieve: Callable[..., requests.Response]
) -> None:
    retrieve()
    retrieve("nowhere")
    retrieve(token="none")

    assert [exchange.status for exchange in ssp.exchanges()] == [200, 404, 400]
    assert [exchange.status for exchange in ssp.exchanges(status="4xx")] == [404, 400]
    assert [exchange.status for exchange in ssp.exchanges(denial="bad-request")] == [400]
    assert len(ssp.exchanges(interaction=BINARY, from_asid=ssp.from_asid(), to_asid=ssp.to_asid(), method="GET")) == 3
    assert len(ssp.exchanges(interaction="*:binary-1")) == 3
    assert ssp.exchanges(method="POST") == []
    assert ssp.exchanges(interaction="documents:fhir:rest:read:metadata-1") == []


def test_what_the_directory_was_asked_is_apart(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    organisation = "https://fhir.nhs.uk/Id/ods-organization-code|A20047"
    interaction = f"https://fhir.nhs.uk/Id/nhsServiceInteractionId|{ssp.headers()['Ssp-InteractionID']}"
    found = requests.get(
        f"{ssp.sds_url}/Device",
        params={"organization": organisation, "identifier": interaction},
        headers={"apikey": "any", "X-Correlation-Id": "f6a1b2c3-0d4e-4f5a-8b6c-7d8e9f0a1b2c"},
        timeout=10,
    )
    retrieve()

    assert found.status_code == 200
    assert len(ssp.exchanges(interaction=BINARY)) == 1
    (enquiry,) = ssp.assert_exchanged(times=1, service="directory")
    assert (enquiry.trace_id, enquiry.service) == ("f6a1b2c3-0d4e-4f5a-8b6c-7d8e9f0a1b2c", "directory")
    ssp.assert_exchanged(times=2, service="any")


def test_what_is_broken_off_is_waited_for(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    with ssp.fault(effect={"kind": "reset"}) as reset, pytest.raises(requests.ConnectionError):
        retrieve()

    ssp.assert_exchanged(times=1, fault=reset)


def test_the_message_shows_what_there_was_and_why(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    retrieve(token="none")

    with pytest.raises(AssertionError) as raised:
        ssp.assert_exchanged(times=2, status=200, interaction=BINARY, within_s=0)

    said = str(raised.value)
    assert said.startswith(f"expected 2 exchanges with status 200, interaction '{BINARY}', found 0\n")
    assert "since the test began there have been 1:\n400 GET https://gp.example.nhs.uk/A20047/" in said
    assert "the proxy refused with 400, bad-request" in said
    assert said.splitlines()[-1].startswith("  Mend the token's JWT")


def test_the_message_says_that_there_was_nothing(ssp: Ssp) -> None:
    with pytest.raises(
        AssertionError,
        match=r"^expected at least one exchange, found 0; since the test began there has been none at all$",
    ):
        ssp.assert_exchanged(within_s=0)


def test_too_many_are_not_as_expected(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    retrieve()

    with pytest.raises(AssertionError, match="expected 0 exchanges, found 1\n"):
        ssp.assert_exchanged(times=0)


@pytest.mark.parametrize(
    ("filters", "why"),
    [
        ({"status": "bad"}, "status should be a status, as in 502, or 5xx"),
        ({"trace_id": ""}, "trace_id should not be empty"),
        ({"service": "spine"}, "service should be one of proxy, directory, any, found 'spine'"),
        ({"verb": "GET"}, "exchanges have no verb; these can be asked: trace_id, interaction"),
    ],
)
def test_a_filter_that_cannot_be_asked_for_is_refused(ssp: Ssp, filters: dict[str, str], why: str) -> None:
    with pytest.raises(AskingError, match=why):
        ssp.exchanges(**filters)  # type: ignore[arg-type]
