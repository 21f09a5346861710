"""The four Ssp headers and the bearer token: each needed exactly once and well-formed, or else a 400 that names it.

Source: Spine Core SSP implementation guide, "HTTP headers"; GP Connect 1.6.2, "Error handling" (BAD_REQUEST) and
"Cross-organisation audit and provenance" (the token); RFC 9110, 5 (field names and values); RFC 6750, 2.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from support import setup
from support.outcomes import bad_request

from ssp_emulator import checks

if TYPE_CHECKING:
    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer

GUID = "629ea9ba-a077-4d99-b289-7a9b19fd4e03"
GOOD = {
    "Ssp-TraceID": GUID,
    "Ssp-From": setup.CONSUMER,
    "Ssp-To": setup.PROVIDER,
    "Ssp-InteractionID": setup.READ_BINARY,
}
MEANINGS = {
    "Ssp-TraceID": "a GUID or UUID",
    "Ssp-From": "an ASID, which is digits",
    "Ssp-To": "an ASID, which is digits",
    "Ssp-InteractionID": "an interaction ID",
}
EACH = pytest.mark.parametrize("name", GOOD)
EVERY = pytest.mark.parametrize("name", [*GOOD, "Authorization"])


async def ask_with(ssp: Running, lines: list[tuple[str, str]]) -> Answer:
    """Send a request with these lines where a good one has its four headers, and a token unless they hold one."""
    nothing = dict.fromkeys(["Ssp_TraceID", "Ssp_From", "Ssp_To", "Ssp_InteractionID"])
    if any(name.lower() == "authorization" for name, _ in lines):
        nothing["Authorization"] = None
    return await ssp.ask(**nothing, fields=tuple(lines))


def assert_refused(ssp: Running, provider: StubProvider, answer: Answer, check: str, text: str) -> None:
    """Hold an answer, and the trail, against a denial by one check."""
    assert (answer.status, answer.phrase) == (400, "Bad Request")
    assert answer.json() == bad_request(text)
    assert answer.all("Connection") == []  # the next request may be better
    results = {entry["check"]: entry["result"] for entry in ssp.record()["checks"]}
    place = checks.NAMES.index(check)
    assert [results[name] for name in checks.NAMES[: place + 1]] == ["pass"] * place + ["fail"]
    assert ssp.record()["denial"] == {"reason": "bad-request", "text": text}
    assert provider.connections == 0


@EACH
async def test_a_header_that_is_missing(ssp: Running, provider: StubProvider, name: str) -> None:
    answer = await ask_with(ssp, [(other, value) for other, value in GOOD.items() if other != name])

    assert_refused(ssp, provider, answer, "headers", f"The header {name} is missing")


@EACH
@pytest.mark.parametrize("blank", ["", " ", "\t", " \t  "], ids=["empty", "a space", "a tab", "blanks"])
async def test_a_header_that_is_empty_or_blank(ssp: Running, provider: StubProvider, name: str, blank: str) -> None:
    answer = await ask_with(ssp, [*{**GOOD, name: blank}.items()])

    assert_refused(ssp, provider, answer, "headers", f"The header {name} is empty")


@EACH
@pytest.mark.parametrize("again", [str, str.lower, str.upper], ids=["alike", "in lower case", "in upper case"])
async def test_a_header_twice_is_refused_though_both_say_the_same(
    ssp: Running, provider: StubProvider, name: str, again: type[str]
) -> None:
    answer = await ask_with(ssp, [*GOOD.items(), (again(name), GOOD[name])])

    assert_refused(ssp, provider, answer, "headers", f"The header {name} came more than once")


@EACH
async def test_a_second_empty_header_is_one_too_many(ssp: Running, provider: StubProvider, name: str) -> None:
    answer = await ask_with(ssp, [(name, ""), *GOOD.items()])

    assert_refused(ssp, provider, answer, "headers", f"The header {name} came more than once")


@EACH
async def test_two_values_on_one_line_are_malformed(ssp: Running, provider: StubProvider, name: str) -> None:
    answer = await ask_with(ssp, [*{**GOOD, name: f"{GOOD[name]}, {GOOD[name]}"}.items()])

    assert_refused(ssp, provider, answer, "headers", f"The header {name} is not {MEANINGS[name]}")


NO_ASIDS = [
    "A1001",
    "20000000011X",
    "2000 0000 0115",
    "200000000115.0",
    "+200000000115",
    "-1",
    "0x2E90EDD000",
    "200,000",
    '"200000000115"',
    "1" * 21,
    "\xd9\xa2\xd9\xa0\xd9\xa0",  # digits to Unicode
    "\xc2\xb2\xc2\xb0\xc2\xb0",
    "200000000115\xc2\xa0",
    "200000000115\xc2\x85",
    "200000000115\xe2\x80\xa8",
]
MALFORMED = {
    "Ssp-TraceID": [
        f"{{{GUID}}}",
        f"urn:uuid:{GUID}",
        GUID.replace("-", ""),
        GUID.replace("-", "_"),
        GUID[:-1],
        f"{GUID}0",
        GUID.replace("6", "g"),
        GUID.replace("-4d99-", "--4d99"),
        f'"{GUID}"',
        "09a01679-2564-0fb4-5129 aecc81ea2706",
        "42",
        f"{GUID}\xa0",
        f"{GUID}\xc2\xa0",
        f"\xe2\x80\x8b{GUID}",
    ],
    "Ssp-From": NO_ASIDS,
    "Ssp-To": NO_ASIDS,
    "Ssp-InteractionID": [
        "urn:nhs:names:services:gpconnect fhir",
        f"{setup.READ_BINARY}\tx",
        f"{setup.READ_BINARY}\xc2\xa0",
        "urn:nhs:names:\xc3\xa9",
        "urn:nhs:names:\xe9",
        "u" * 256,
    ],
}
ROWS = [(name, value) for name, values in MALFORMED.items() for value in values]


@pytest.mark.parametrize(("name", "value"), ROWS, ids=[f"{name} {value!a:.60}" for name, value in ROWS])
async def test_a_malformed_header_is_refused(ssp: Running, provider: StubProvider, name: str, value: str) -> None:
    answer = await ask_with(ssp, [*{**GOOD, name: value}.items()])

    assert_refused(ssp, provider, answer, "headers", f"The header {name} is not {MEANINGS[name]}")


@pytest.mark.parametrize(
    "value",
    [GUID, GUID.upper(), "629EA9BA-a077-4D99-b289-7A9B19FD4E03", "0" * 8 + "-0000-0000-0000-" + "0" * 12, f" {GUID}\t"],
    ids=["lower case", "upper case", "mixed", "nil", "white space around it"],
)
async def test_a_guid_is_taken_in_either_case(ssp: Running, provider: StubProvider, value: str) -> None:
    answer = await ask_with(ssp, [*{**GOOD, "Ssp-TraceID": value}.items()])

    assert answer.status == 200
    assert provider.received[0].all("Ssp-TraceID") == [value.strip()]
    assert ssp.record()["trace_id"] == value.strip()


@pytest.mark.parametrize(
    ("name", "asid", "status", "text"),
    [
        ("Ssp-From", "1", 403, "ASID_CHECK_FAILED_MESSAGESENDER_1"),
        ("Ssp-From", "0" + setup.CONSUMER, 403, f"ASID_CHECK_FAILED_MESSAGESENDER_0{setup.CONSUMER}"),
        ("Ssp-From", "9" * 20, 403, f"ASID_CHECK_FAILED_MESSAGESENDER_{'9' * 20}"),
        ("Ssp-To", "1", 400, "The header Ssp-To is not a registered ASID: 1"),
        ("Ssp-To", "9" * 20, 400, f"The header Ssp-To is not a registered ASID: {'9' * 20}"),
    ],
)
async def test_an_asid_is_a_string_of_digits_and_compared_as_one(
    ssp: Running, name: str, asid: str, status: int, text: str
) -> None:
    answer = await ask_with(ssp, [*{**GOOD, name: asid}.items()])

    assert (answer.status, answer.json()["issue"][0]["diagnostics"]) == (status, text)
    assert ssp.record()["checks"][checks.NAMES.index("headers")]["result"] == "pass"


@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase, str.title], ids=lambda each: each.__name__)
async def test_names_are_told_without_case_and_pass_on_as_they_came(
    ssp: Running, provider: StubProvider, change: type[str]
) -> None:
    lines = [*GOOD.items(), ("Authorization", f"Bearer {ssp.token()}")]

    answer = await ask_with(ssp, [(change(name), value) for name, value in lines])

    assert answer.status == 200
    names = [name for name, _ in provider.received[0].fields]
    assert [name for name in names if name.lower().startswith(("ssp-", "auth"))] == [change(name) for name, _ in lines]


async def test_the_first_problem_in_the_order_of_the_table_is_told(ssp: Running, provider: StubProvider) -> None:
    answer = await ask_with(ssp, [("Ssp-InteractionID", ""), ("Ssp-To", "x"), ("Ssp-From", "1"), ("Ssp-From", "1")])
    assert_refused(ssp, provider, answer, "headers", "The header Ssp-TraceID is missing")

    answer = await ask_with(ssp, [("Ssp-InteractionID", ""), ("Ssp-To", "x"), ("Ssp-TraceID", GUID)])
    assert_refused(ssp, provider, answer, "headers", "The header Ssp-From is missing")


async def test_the_headers_are_judged_before_the_target_and_the_token_after_everything_they_say(
    ssp: Running, provider: StubProvider
) -> None:
    answer = await ssp.ask(target="/nowhere", Ssp_To=None, Authorization=None)
    assert_refused(ssp, provider, answer, "headers", "The header Ssp-To is missing")

    answer = await ssp.ask(Authorization=None, Ssp_To="999999999999")
    assert_refused(ssp, provider, answer, "receiver", "The header Ssp-To is not a registered ASID: 999999999999")


async def test_a_token_that_is_missing(ssp: Running, provider: StubProvider) -> None:
    answer = await ssp.ask(Authorization=None)

    assert_refused(ssp, provider, answer, "token", "The header Authorization is missing")


@pytest.mark.parametrize("blank", ["", " ", "\t"], ids=["empty", "a space", "a tab"])
async def test_a_token_that_is_empty_or_blank(ssp: Running, provider: StubProvider, blank: str) -> None:
    answer = await ssp.ask(Authorization=blank)

    assert_refused(ssp, provider, answer, "token", "The header Authorization is empty")


@pytest.mark.parametrize("again", ["Authorization", "authorization"])
async def test_two_tokens_are_refused_though_both_are_good(ssp: Running, provider: StubProvider, again: str) -> None:
    bearer = f"Bearer {ssp.token()}"

    answer = await ssp.ask(Authorization=bearer, fields=((again, bearer),))

    assert_refused(ssp, provider, answer, "token", "The header Authorization came more than once")


NO_BEARER = "The header Authorization should be: Bearer, a space, and a JSON Web Token"
NO_PARTS = "The token's JWT should have three parts joined by dots, the last may be empty; it has {}"
PADDED = "The token's JWT {} should be base64url, without padding"


@pytest.mark.parametrize(
    ("authorization", "text"),
    [
        ("Bearer", NO_BEARER),
        ("Basic Z3A6c2VjcmV0", NO_BEARER),
        ("{token}", NO_BEARER),
        ("Bearer{token}", NO_BEARER),
        ("Bearer\t{token}", NO_BEARER),
        ("Bearer: {token}", NO_BEARER),
        ("Token {token}", NO_BEARER),
        ("Bearer secret", NO_PARTS.format(1)),
        ("Bearer e30.e30", NO_PARTS.format(2)),
        ("Bearer {token}.", NO_PARTS.format(4)),
        ("Bearer {token}, Bearer {token}", NO_PARTS.format(5)),
        ("Bearer e30=.e30.", PADDED.format("header")),
        ("Bearer e30.e3+.", PADDED.format("claims")),
        ("Bearer e30.e30.=", PADDED.format("signature")),
        ("Bearer e30.eyJ.", "The token's JWT claims should be a JSON object, each of its keys once"),
        ("Bearer e30.W10.", "The token's JWT claims should be a JSON object"),
    ],
)
async def test_a_token_that_is_malformed(ssp: Running, provider: StubProvider, authorization: str, text: str) -> None:
    answer = await ssp.ask(Authorization=authorization.format(token=ssp.token()))

    assert_refused(ssp, provider, answer, "token", text)


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer   "])
async def test_the_scheme_of_a_token_is_told_without_case(ssp: Running, scheme: str) -> None:
    assert (await ssp.ask(Authorization=f"{scheme}{ssp.token()}")).status == 200


async def test_a_trace_id_of_its_own_for_each_request_is_the_consumers_to_see_to(ssp: Running) -> None:
    """A retry with the same ID, as some consumers send it, is passed on; the sequence tells the two apart."""
    wire = await ssp.wire()
    trace_id = str(uuid4())

    answers = [await wire.ask(ssp.request(Ssp_TraceID=trace_id)) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert [(record["sequence"], record["trace_id"]) for record in ssp.records()] == [(1, trace_id), (2, trace_id)]
