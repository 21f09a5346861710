r"""The provider's URL in the request's path: how it may be written, and that what it says arrives byte for byte.

Every other target is a 400 that says what is wrong with it, and no provider is asked.

Source: Spine Core SSP implementation guide, "Constructing the URL"; GP Connect 1.6.2, "Retrieve a document"; National
Record Locator, "Retrieval: SSP" (the percent-encoded form); RFC 3986, 2 and 3.3 (characters, dot segments).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import setup

from ssp_emulator import checks

if TYPE_CHECKING:
    from support.running import Running
    from support.stub import StubProvider

HOST = "https://gp.example.nhs.uk"
BASE = setup.ROOT.removeprefix(HOST)
ENCODED_ROOT = setup.ROOT.replace(":", "%3A").replace("/", "%2F")
BINARY = f"{setup.ROOT}/Binary/1"

# All that may stand in a request line, but for what means something to the target's own form.
EVERY_CHARACTER = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "#\\?%")
EVERY_ESCAPE = "".join(f"_%{byte:02X}_%{byte:02x}" for byte in range(256))

QUERY_OF_A_SEARCH = (
    "?_include=DocumentReference%3Asubject&_revinclude:recurse=PractitionerRole:practitioner&created=ge2026-01-01"
)


@pytest.mark.parametrize(
    "rest",
    [
        "/Binary/1",
        "",
        "/",
        "?",
        "/?",
        "/Binary/1?",
        "/Patient/1/DocumentReference" + QUERY_OF_A_SEARCH,
        "/Patient/$gpc.getstructuredrecord",
        "/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9000000009",
        "/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C9000000009",
        "/Patient?identifier=https%3a%2f%2ffhir.nhs.uk%2fId%2fnhs-number%7c9000000009",
        "/a|b/c%7Cd/e%7cf",
        "/a+b%2Bc%2bd?e+f=%2B%2b+%20",
        "/a;b=c/;d?e;f=g;h",
        "//a///b//?c=//d",
        "/a?b?c=?",
        "?a=b&a=b&&=&a",
        "/...?x=../..&y=/./",
        "/.a/b./..c/d../.well-known",
        "/a%2Eb/%2e%2e%2e/a%2Fb",
        "/%252e%252e/%252E/%252F",
        "/a%23b?c%23d",
        "/a%5Cb?c%5cd",
        "/a%00b%0D%0Ab%7F?c%0d%0a",
        "/%/%z/%zz/%1?%&%f",
        "/caf%C3%A9/%E9",
        f"/{EVERY_CHARACTER}?{EVERY_CHARACTER}?%",
        f"/{EVERY_ESCAPE}?{EVERY_ESCAPE}",
    ],
)
async def test_the_target_arrives_byte_for_byte_without_what_names_the_proxy(
    ssp: Running, provider: StubProvider, rest: str
) -> None:
    answer = await ssp.ask(target=f"/{setup.ROOT}{rest}")

    (received,) = provider.received
    assert answer.status == 200
    assert received.head.split(b"\r\n")[0] == f"GET {BASE}{rest} HTTP/1.1".encode()
    assert received.all("Host") == ["gp.example.nhs.uk"]
    assert ssp.record()["target"] == f"{setup.ROOT}{rest}"
    assert ssp.record()["notes"] == []


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
async def test_every_method_is_addressed_alike(ssp: Running, provider: StubProvider, method: str) -> None:
    await ssp.ask(method=method, target=f"/{BINARY}?a=%7c|")

    assert provider.received[0].start == f"{method} {BASE}/Binary/1?a=%7c| HTTP/1.1"


@pytest.mark.parametrize(
    ("target", "means"),
    [
        (f"{ENCODED_ROOT}%2FBinary%2F1", "/Binary/1"),
        (f"{ENCODED_ROOT.lower().replace('a20047', 'A20047').replace('stu3', 'STU3')}%2fBinary%2f1", "/Binary/1"),
        (f"{ENCODED_ROOT}/Binary/1", "/Binary/1"),
        (f"{ENCODED_ROOT}%2FPatient%3Fa%3Db%26c%3Dd", "/Patient?a=b&c=d"),
        (f"{ENCODED_ROOT}%2FPatient?a=%7C|%2B+%2f", "/Patient?a=%7C|%2B+%2f"),
        (f"{ENCODED_ROOT}%2FPatient%3Fa%3D%257C%7C%252B%2B", "/Patient?a=%7C|%2B+"),
        (f"{ENCODED_ROOT}%2FPatient%2F%24gpc.getstructuredrecord", "/Patient/$gpc.getstructuredrecord"),
        (f"{ENCODED_ROOT}%2Fa%2520b%252fc", "/a%20b%2fc"),
        (f"{ENCODED_ROOT}%2F%2Fa%2F%2F", "//a//"),
        (f"{ENCODED_ROOT}%2Fa+b", "/a+b"),  # this is no form, where a plus would be a space
    ],
)
async def test_a_percent_encoded_target_is_decoded_once_and_its_own_encoding_stays(
    ssp: Running, provider: StubProvider, target: str, means: str
) -> None:
    answer = await ssp.ask(target=f"/{target}")

    assert answer.status == 200
    assert provider.received[0].start == f"GET {BASE}{means} HTTP/1.1"
    assert ssp.record()["target"] == f"{setup.ROOT}{means}"
    assert ssp.record()["notes"] == ["the target was written with percent-encoded"]


async def test_the_record_locators_own_example_is_read(ssp: Running) -> None:
    answer = await ssp.ask(target="/https%3A%2F%2Fp1.nhs.uk%2FMentalHealthCrisisPlans%2Fda2b6e8a")

    url = "https://p1.nhs.uk/MentalHealthCrisisPlans/da2b6e8a"  # understood, and registered by nobody here
    said = f"ENDPOINT_{setup.ROOT}_CPAID_{setup.CPA_ID}_VARIES_FROM_TARGETURL_{url}"
    assert answer.json()["issue"][0]["diagnostics"] == said
    assert ssp.record()["target"] == url


@pytest.mark.parametrize("rest", ["/Binary/1", "", "?", "//a?b=https://c//d", "/$gpc.getstructuredrecord?a=%7C|"])
async def test_a_target_whose_slashes_a_client_collapsed_is_accepted_and_noted(
    ssp: Running, provider: StubProvider, rest: str
) -> None:
    collapsed = setup.ROOT.replace("https://", "https:/")

    answer = await ssp.ask(target=f"/{collapsed}{rest}")

    assert answer.status == 200
    assert provider.received[0].start == f"GET {BASE}{rest} HTTP/1.1"
    assert ssp.record()["target"] == f"{setup.ROOT}{rest}"
    assert ssp.record()["notes"] == ["the target was written with slashes collapsed"]


NO_URL = "the target should be an absolute URL that begins with https:// and a host"
NO_SLASH = "the request's path should be /https://… with the provider's URL in it"
NO_USER = "the target should have no user information (@) before its host"
NO_FRAGMENT = "the target should have no fragment (#)"
NO_DOTS = "the target's path should have no . or .. segment, raw or percent-encoded"


def no_host(found: str) -> str:
    return f"the target should have a host after https://, found {found!r}"


def no_port(found: str) -> str:
    return f"the target should have a port from 1 to 65535 after its host, found {found!r}"


def not_plain(character: str) -> str:
    return f"the target holds the character {character}, which has to be percent-encoded"


MALFORMED = {
    "/http://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents/Binary/1": NO_URL,
    "/http%3A%2F%2Fgp.example.nhs.uk%2FBinary%2F1": NO_URL,
    "/ftp://gp.example.nhs.uk/Binary/1": NO_URL,
    "/gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents/Binary/1": NO_URL,
    "//gp.example.nhs.uk/Binary/1": NO_URL,
    "/://gp.example.nhs.uk/Binary/1": NO_URL,
    "/httpss://gp.example.nhs.uk/Binary/1": NO_URL,
    "/Binary/1": NO_URL,
    "/": NO_URL,
    "/?": NO_URL,
    f"//{BINARY}": NO_URL,
    BINARY: NO_SLASH,  # as to a forward proxy
    "/https:gp.example.nhs.uk/Binary/1": NO_URL,
    "/https:///Binary/1": NO_URL,
    "/https%253A%252F%252Fgp.example.nhs.uk%252FBinary": NO_URL,  # encoded twice
    "/https%3A//gp.example.nhs.uk/Binary/1": NO_URL,  # encoded in part
    "/https%3A%2Fgp.example.nhs.uk%2FBinary": NO_URL,
    "/https://": no_host(""),
    "/https:/": no_host(""),
    "/https://?a=b": no_host(""),
    "/https%3A%2F%2F": no_host(""),
    "/https://:443/Binary/1": no_host(":443"),
    "/https://./Binary/1": no_host("."),
    "/https://gp..nhs.uk/": no_host("gp..nhs.uk"),
    "/https://g%70.example.nhs.uk/": no_host("g%70.example.nhs.uk"),
    "/https://gp_1.nhs.uk/": no_host("gp_1.nhs.uk"),
    "/https://[::1]/Binary/1": no_host("[::1]"),
    "/https://[::1]:443/Binary/1": no_host("[::1]:443"),
    "/https://gp.example.nhs.uk:/Binary/1": no_port(""),
    "/https://gp.example.nhs.uk:0/Binary/1": no_port("0"),
    "/https://gp.example.nhs.uk:65536/Binary/1": no_port("65536"),
    "/https://gp.example.nhs.uk:-1/Binary/1": no_port("-1"),
    "/https://gp.example.nhs.uk:https/Binary/1": no_port("https"),
    "/https://gp.example.nhs.uk:443:443/Binary/1": no_port("443:443"),
    "/https://user@gp.example.nhs.uk/Binary/1": NO_USER,
    "/https://user:secret@gp.example.nhs.uk/Binary/1": NO_USER,
    "/https://@gp.example.nhs.uk/Binary/1": NO_USER,
    "/https://gp.example.nhs.uk@elsewhere.nhs.uk/": NO_USER,
    "/https%3A%2F%2Fuser%40gp.example.nhs.uk%2F": NO_USER,
    f"/{BINARY}#": NO_FRAGMENT,
    f"/{BINARY}#a": NO_FRAGMENT,
    f"/{BINARY}?a=b#c": NO_FRAGMENT,
    f"/{HOST}#{BASE}/Binary/1": NO_FRAGMENT,
    f"/{ENCODED_ROOT}%23a": NO_FRAGMENT,
    f"/{setup.ROOT}/a\\..\\b": not_plain(repr("\\")),
    f"/{BINARY}?a\\b": not_plain(repr("\\")),
    "/https://gp.example.nhs.uk\\@elsewhere.nhs.uk/": not_plain(repr("\\")),
    f"/{ENCODED_ROOT}%2Fa%5Cb": not_plain(repr("\\")),
    f"/{ENCODED_ROOT}%2Fa%5cb": not_plain(repr("\\")),
    f"/{ENCODED_ROOT}%2Fa%20b": not_plain(repr(" ")),
    f"/{ENCODED_ROOT}%2Fa%00b": not_plain("U+0000"),
    f"/{ENCODED_ROOT}%2Fa%09b": not_plain("U+0009"),
    f"/{ENCODED_ROOT}%0D%0ASsp-From:1": not_plain("U+000D"),
    f"/{ENCODED_ROOT}%0ASsp-From:1": not_plain("U+000A"),
    f"/{ENCODED_ROOT}%2Fa%7Fb": not_plain("U+007F"),
    f"/{ENCODED_ROOT}%2Fcaf%C3%A9": not_plain("U+00C3"),
}

DOTS = [".", "..", "%2e", "%2E", ".%2e", ".%2E", "%2e.", "%2E.", "%2e%2e", "%2e%2E", "%2E%2e", "%2E%2E"]
DOT_SEGMENTS = {
    **{f"/{setup.ROOT}/{dots}/Binary/1": NO_DOTS for dots in DOTS},
    **{f"/{setup.ROOT}/a/{dots}{end}": NO_DOTS for dots in ("..", "%2E%2e") for end in ("", "/", "?", "?b=c")},
    **{f"/{setup.ROOT}/a{slash}{dots}{slash}b": NO_DOTS for dots in ("..", "%2e%2E") for slash in ("%2F", "%2f")},
    **{f"/{setup.ROOT}/a{slash}{dots}{slash}b": NO_DOTS for dots in ("..", "%2e%2E") for slash in ("%5C", "%5c")},
    f"/{HOST}/..{BASE}/Binary/1": NO_DOTS,
    f"/{HOST.replace('//', '/')}{BASE}/../Binary/1": NO_DOTS,
    f"/{ENCODED_ROOT}%2F..%2FBinary": NO_DOTS,
    f"/{ENCODED_ROOT}%2F%2E%2e%2FBinary": NO_DOTS,
    f"/{ENCODED_ROOT}%2F%252e%252E%2FBinary": NO_DOTS,
    f"/{ENCODED_ROOT}/../Binary": NO_DOTS,
}
UNUSABLE = {**MALFORMED, **DOT_SEGMENTS}


@pytest.mark.parametrize(("target", "why"), UNUSABLE.items(), ids=UNUSABLE)
async def test_any_other_target_is_a_400_that_says_why(
    ssp: Running, provider: StubProvider, target: str, why: str
) -> None:
    answer = await ssp.ask(target=target)

    said = f"The target URL is not usable: {why}"
    assert (answer.status, answer.phrase) == (400, "Bad Request")
    assert answer.json()["issue"][0]["diagnostics"] == said
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "BAD_REQUEST"
    verdict = ssp.record()["checks"][checks.NAMES.index("target")]
    assert verdict == {
        "check": "target",
        "result": "fail",
        "expected": "/https://{host}/{path}",
        "found": target,
    }
    assert ssp.record()["denial"] == {"reason": "bad-request", "text": said}
    assert ssp.record()["target"] == target.removeprefix("/")
    assert provider.connections == 0


BYTES = {
    **{f"byte {byte:02X}": f"/{setup.ROOT}/a{chr(byte)}b" for byte in (0x00, 0x01, 0x09, 0x0B, 0x1F, 0x7F)},
    **{f"byte {byte:02X} in the query": f"/{setup.ROOT}?a{chr(byte)}b" for byte in (0x00, 0x09, 0x7F, 0xE9)},
    **{f"byte {byte:02X}": f"/{setup.ROOT}/a{chr(byte)}b" for byte in (0x80, 0xA0, 0xE9, 0xFF)},
    "UTF-8": f"/{setup.ROOT}/caf\xc3\xa9",
}


@pytest.mark.parametrize("target", BYTES.values(), ids=BYTES)
async def test_control_characters_and_bytes_beyond_ascii_are_no_url_at_all(
    ssp: Running, provider: StubProvider, target: str
) -> None:
    wire = await ssp.wire()

    answer = await wire.ask(ssp.request(target=target))

    said = "The request is not well-formed HTTP: the path is not one that a URL can have"
    assert answer.status == 400
    assert answer.json()["issue"][0]["diagnostics"] == said
    assert await wire.is_closed()
    assert (ssp.record()["status"], ssp.record()["denial"]["text"]) == (400, said)
    assert provider.connections == 0


async def test_a_space_in_the_target_does_not_become_another_request_line(ssp: Running, provider: StubProvider) -> None:
    wire = await ssp.wire()

    answer = await wire.ask(ssp.request(target=f"/{setup.ROOT}/a b"))

    assert answer.status == 400
    said = "The request is not well-formed HTTP: the first line should be a method, a target and HTTP/1.1"
    assert answer.json()["issue"][0]["diagnostics"] == said
    assert await wire.is_closed()
    assert provider.connections == 0
