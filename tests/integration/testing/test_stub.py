"""The stub provider answers what the test says, and keeps what it got."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from ssp_emulator.demo.sending import Identity, tls_context
from ssp_emulator.testing.background import Background
from ssp_emulator.testing.stub import Answer
from ssp_emulator.testing.stub.provider import StubProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import requests

    from ssp_emulator.testing.ssp import Ssp
    from ssp_emulator.testing.stub import Received

REGISTER = "fhir:operation:gpc.registerpatient-1"


def test_the_demo_provider_s_documents_are_there_unless_the_test_says_otherwise(
    ssp: Ssp, retrieve: Callable[..., requests.Response]
) -> None:
    assert retrieve().json()["resourceType"] == "Binary"
    assert [got.method for got in ssp.provider.received] == ["GET"]
    assert ssp.provider.missed == []


def test_answers_come_in_their_order_and_then_the_demo_provider_again(
    ssp: Ssp, retrieve: Callable[..., requests.Response]
) -> None:
    ssp.provider.answers(status=503, headers={"Retry-After": "1"}, body="busy", times=1)
    ssp.provider.answers(path="*/Binary/*", json={"resourceType": "Binary"}, times=1)

    busy, made_up, usual = retrieve(), retrieve(), retrieve()

    assert (busy.status_code, busy.headers["Retry-After"], busy.text) == (503, "1", "busy")
    assert (made_up.json(), made_up.headers["Content-Type"]) == (
        {"resourceType": "Binary"},
        "application/fhir+json;charset=utf-8",
    )
    assert usual.json()["id"] == "07a6483f-732b-461e-86b6-edb665c45510"


def test_what_came_is_kept_with_who_brought_it(ssp: Ssp) -> None:
    expected = ssp.provider.answers(method="POST", interaction=f"*{REGISTER}", status=201, json={"id": "1"})
    with httpx.Client(verify=ssp.ssl_context, timeout=10) as client:
        answer = client.post(ssp.url_for(REGISTER), headers=ssp.headers(REGISTER), json={"resourceType": "Parameters"})

    assert answer.status_code == 201
    (got,) = expected.received
    assert (got.method, got.path) == ("POST", "/A20047/STU3/1/gpconnect/Patient/$gpc.registerpatient")
    assert (got.json, got.client, got.tls[:4]) == ({"resourceType": "Parameters"}, "ssp.example.nhs.uk", "TLSv")
    assert got.headers["ssp-to"] == ssp.to_asid(REGISTER)
    assert (got.trace_id, got.interaction) == (
        answer.request.headers["Ssp-TraceID"],
        ssp.headers(REGISTER)["Ssp-InteractionID"],
    )


def test_an_answer_takes_its_time(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    ssp.provider.answers(body="late", delay_s=0.3)
    began = time.monotonic()

    assert retrieve().text == "late"
    assert time.monotonic() - began >= 0.3


def test_a_function_may_answer(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    async def slowly(got: Received) -> Answer:
        return Answer(202, body=got.path.rpartition("/")[2])

    ssp.provider.answers(by=lambda got: Answer(json={"asked": got.path.rpartition("/")[2]}), times=1)
    ssp.provider.answers(by=slowly, times=1)

    assert retrieve("some").json() == {"asked": "some"}
    assert (retrieve("other").status_code, ssp.provider.received[-1].path[-5:]) == (202, "other")


def test_a_function_that_fails_is_seen(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    def fails(got: Received) -> Answer:
        raise KeyError("nhs-number")

    ssp.provider.answers(by=fails, times=1)
    ssp.provider.answers(by=lambda got: "text", times=1)  # type: ignore[arg-type,return-value]

    assert [retrieve("1").status_code, retrieve("2").status_code] == [500, 500]
    first, second = ssp.provider.missed
    assert first.endswith("/Binary/1 failed: KeyError: 'nhs-number'")
    assert second.endswith("/Binary/2 failed: TypeError: by should return an Answer, found 'text'")
    ssp.provider.begin()


def fails_at_once(got: Received) -> Answer:
    pytest.fail("not this one")


def has_no_more(got: Received) -> Answer:
    return next(iter(()))


def leaves(got: Received) -> Answer:
    raise SystemExit(3)


def is_interrupted(got: Received) -> Answer:
    raise KeyboardInterrupt


def is_cancelled(got: Received) -> Answer:
    raise asyncio.CancelledError


@pytest.mark.parametrize("is_async", [False, True], ids=["def", "async def"])
@pytest.mark.parametrize(
    ("by", "why"),
    [
        (fails_at_once, "RuntimeError: Failed: not this one"),
        (has_no_more, "RuntimeError: "),
        (leaves, "RuntimeError: SystemExit: 3"),
        (is_interrupted, "RuntimeError: KeyboardInterrupt"),
        (is_cancelled, "RuntimeError: CancelledError"),
    ],
)
def test_a_function_that_fails_otherwise_is_seen_too(
    ssp: Ssp, retrieve: Callable[..., requests.Response], by: Callable[[Received], Answer], why: str, *, is_async: bool
) -> None:
    async def beside(got: Received) -> Answer:
        return by(got)

    ssp.provider.answers(by=beside if is_async else by, path="*/1")

    assert [retrieve("1").status_code, retrieve("2").status_code] == [500, 404]  # and others are still answered
    (told,) = ssp.provider.missed
    assert f"/Binary/1 failed: {why}" in told
    ssp.provider.begin()


class Making:
    """What can be called, and makes its answer later."""

    async def __call__(self, got: Received) -> Answer:
        return Answer(203, body=got.method)


class Later:
    """What can be waited for, and is no coroutine."""

    def __await__(self) -> Generator[None, None, Answer]:
        yield
        return Answer(203)


def test_whatever_makes_an_answer_later_is_waited_for(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    making = Making()
    ssp.provider.answers(by=making, times=1)
    ssp.provider.answers(by=lambda got: asyncio.wait_for(making(got), 5), times=1)

    ssp.provider.answers(by=lambda got: Later(), times=1)

    assert [retrieve(each).status_code for each in ("1", "2", "3")] == [203, 203, 203]


def test_a_failure_is_told_to_the_test_that_it_is_of_and_to_none_after_it(
    ssp: Ssp, retrieve: Callable[..., requests.Response]
) -> None:
    released = threading.Event()

    def fails_late(got: Received) -> Answer:
        released.wait(10)
        raise KeyError("late")

    ssp.provider.answers(by=fails_late)
    asking = threading.Thread(target=retrieve)
    asking.start()
    while not ssp.provider.received:
        time.sleep(0.01)
    ssp.provider.begin()
    released.set()
    asking.join()

    assert ssp.provider.missed == []


def test_a_field_may_come_more_than_once(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    ssp.provider.answers(headers=[("Warning", "one"), ("Warning", "two")])

    assert retrieve().headers["Warning"] == "one, two"


def test_a_provider_stops_though_answers_never_come(ssp: Ssp) -> None:
    """Neither a function that blocks for good nor a long delay keeps a session from ending."""
    folder = ssp.certificates.folder
    blocks = threading.Event()

    async def waits(got: Received) -> Answer:
        await asyncio.Event().wait()
        return Answer()

    context = tls_context(Identity(folder.ssp_client.certificate, folder.ssp_client.key, folder.chain))
    context.check_hostname = False
    with Background(lambda: StubProvider(folder, "127.0.0.1", 0), "stub") as provider:
        provider.answers(path="*/1", by=lambda got: Answer(body=str(blocks.wait())))
        provider.answers(path="*/2", delay_s=600)
        provider.answers(path="*/3", by=waits)
        with httpx.Client(verify=context, timeout=0.3) as client:
            for path in ("1", "2", "3"):
                with pytest.raises(httpx.ReadTimeout):
                    client.get(f"https://{provider.address}/{path}")
        assert len(provider.received) == 3
        began = time.monotonic()
    took = time.monotonic() - began
    blocks.set()

    assert took < 5
    assert provider.missed == []  # the session's end is no failure of theirs


def test_what_was_expected_and_did_not_come_is_told(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    ssp.provider.answers(path="*/Binary/*", times=2)
    ssp.provider.answers(method="POST", interaction="*:slot-1")
    ssp.provider.answers(path="*/never", optional=True)
    retrieve()

    assert ssp.provider.missed == [
        "the stub provider expected a request for */Binary/*, and 1 of 2 came",
        "the stub provider expected POST of *:slot-1, and none came",
    ]
    ssp.provider.begin()


def test_a_strict_provider_tells_what_it_did_not_expect(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    ssp.provider.strict = True
    ssp.provider.answers(path="*/Binary/1", status=200)

    assert [retrieve("1").status_code, retrieve("2").status_code] == [200, 500]
    (told,) = ssp.provider.missed
    assert told.startswith("the stub provider did not expect GET /A20047/STU3/1/gpconnect/documents/Binary/2 (urn:nhs:")
    ssp.provider.begin()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"status": 99}, "status should be a number from 200 to 599, found 99"),
        ({"json": {}, "body": "x"}, "an answer should have a body or json, and not both"),
        ({"delay_s": -1}, "delay_s should be seconds from 0 on, found -1"),
        ({"times": 0}, "times should be 1 or more, found 0"),
        ({"status": "200"}, "status should be a number from 200 to 599, found '200'"),
        ({"delay_s": float("nan")}, "delay_s should be seconds from 0 on, found nan"),
        ({"body": {"a": 1}}, "body should be bytes or text, found {'a': 1}; json takes what JSON has"),
        ({"json": {1, 2}}, "json should have only what JSON has: Object of type set is not JSON serializable"),
        ({"json": float("nan")}, "json should have only what JSON has: .*"),
        ({"headers": {"Age": 1}}, r"headers should be names with a line of text each, found \('Age', 1\)"),
        ({"headers": {"Age": "1\r\nB: 2"}}, "headers should be names with a line of text each, found .*"),
        ({"headers": {"A B": "1"}}, "headers should be names with a line of text each, found .*"),
        ({"path": 7}, "path should be a pattern, as text, found 7"),
        ({"by": 3}, "by should be a function that makes an Answer, found 3"),
    ],
)
def test_what_no_answer_can_be_is_refused(ssp: Ssp, said: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}$"):
        ssp.provider.answers(**said)  # type: ignore[arg-type]


def test_nobody_but_the_ssp_is_let_in(ssp: Ssp) -> None:
    """The consumer's certificate is of the same authority, and still not the SSP's; without any TLS breaks off."""
    ssp.provider.answers(optional=True)
    where = f"https://{ssp.provider.address}/A20047/STU3/1/gpconnect/documents/metadata"
    context = ssp.ssl_context
    context.check_hostname = False
    with httpx.Client(verify=context, timeout=10) as client:
        assert client.get(where).status_code == 403
    bare = ssl.create_default_context(cafile=ssp.certificates.trust)
    bare.check_hostname = False
    with httpx.Client(verify=bare, timeout=10) as client, pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.get(where)

    assert ssp.provider.received == []
