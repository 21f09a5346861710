"""The link from a refusal to its explanation: where it is, where it is not, and that nothing breaks out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssp_emulator import outcome
from ssp_emulator.fhir import Format
from ssp_emulator.outcome import Denial, Reason
from ssp_emulator.proxy.cors import Cors
from ssp_emulator.proxy.replies import Replies

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.clock import Clock
    from ssp_emulator.exchange import Exchange

API = "http://127.0.0.1:8440"
TRACE_ID = "629ea9ba-a077-4d99-b289-7a9b19fd4e03"


def links(replies: Replies, exchange: Exchange, denial: Denial | None = None) -> list[bytes]:
    head, _ = replies.refusal(exchange, denial or outcome.rate_limited("200000000115"))
    return [value for name, value in head.fields if name.lower() == b"link"]


@pytest.fixture
def replies(clock: Clock) -> Replies:
    return Replies(clock, Format.JSON, Cors(), API)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.NOT_RECORDED])
def test_a_refusal_links_to_its_explanation(
    replies: Replies, request_for: Callable[..., Exchange], reason: Reason
) -> None:
    exchange = request_for(headers={"Ssp-TraceID": TRACE_ID})

    assert links(replies, exchange, Denial(reason, "x")) == [
        f'<{API}/api/v1/traces/{TRACE_ID}>; rel="describedby"'.encode()
    ]


def test_it_has_the_trace_id_as_it_came_without_the_white_space_around_it(
    replies: Replies, request_for: Callable[..., Exchange]
) -> None:
    exchange = request_for(headers={"Ssp-TraceID": f" {TRACE_ID.upper()}\t"})

    assert links(replies, exchange) == [f'<{API}/api/v1/traces/{TRACE_ID.upper()}>; rel="describedby"'.encode()]


@pytest.mark.parametrize(
    "trace_id",
    [
        None,
        "",
        "42",
        [TRACE_ID, TRACE_ID],
        [TRACE_ID, "42"],
        TRACE_ID.replace("-", ""),
        f"{{{TRACE_ID}}}",
        f"urn:uuid:{TRACE_ID}",
        f"{TRACE_ID}\n",
        f"{TRACE_ID}/../../faults",
        f'{TRACE_ID}>; rel="next", <http://elsewhere.example/',
        f"{TRACE_ID}\r\nSet-Cookie: x=y",
        TRACE_ID.replace("6", "\u0666"),  # a digit, to Python
        TRACE_ID.replace("6", "\xb2"),
    ],
)
def test_without_one_trace_id_that_is_a_uuid_there_is_no_link(
    replies: Replies, request_for: Callable[..., Exchange], trace_id: str | list[str] | None
) -> None:
    assert links(replies, request_for(headers={"Ssp-TraceID": trace_id})) == []


def test_what_is_not_in_the_trail_is_not_linked(replies: Replies, request_for: Callable[..., Exchange]) -> None:
    assert links(replies, request_for(), outcome.not_recorded()) == []


def test_where_the_configuration_wants_none_there_is_none(clock: Clock, request_for: Callable[..., Exchange]) -> None:
    assert links(Replies(clock, Format.JSON, Cors()), request_for()) == []


def test_an_error_that_is_imitated_in_a_providers_place_has_no_link(
    replies: Replies, request_for: Callable[..., Exchange]
) -> None:
    head, _ = replies.outcome(request_for(), 404, "Not Found", {"resourceType": "OperationOutcome"})

    assert [name for name, _ in head.fields] == [b"Date", b"Content-Type", b"Cache-Control", b"Content-Length"]


def test_a_page_of_another_origin_may_read_it() -> None:
    fields = dict(Cors().actual("https://app.example.nhs.uk"))

    assert b"Link" in fields[b"Access-Control-Expose-Headers"].split(b", ")
