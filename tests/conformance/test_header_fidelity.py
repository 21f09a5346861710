"""Fields pass unchanged: whatever names, cases, orders, repetitions and values HTTP allows, byte for byte, both ways.

What each hop has for itself is worked out here anew, from the standard and not from the proxy: a request loses its
hop-by-hop fields and those that `Connection` names, gets the target's `Host` in the place of its own, and `Forwarded`
behind the last; an answer loses the same, and gets `Strict-Transport-Security` where it has none.

Source: RFC 9110, 5.1 to 5.6 (names, order, values), 7.2 (Host), 7.6.1 (hop-by-hop); RFC 7239, 4; RFC 6797, 6.1.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import setup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Answer, Wire

Field = tuple[str, str]

TOKEN = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"
OBS_TEXT = "".join(map(chr, range(0x80, 0x100)))
VISIBLE = "".join(map(chr, range(0x21, 0x7F))) + OBS_TEXT

HSTS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
# RFC 9110, 7.6.1, with Connection itself. Transfer-Encoding, which says where a body ends, is tested with bodies.
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "upgrade"}
# Connection may name these in vain: without them the next hop would read another message than the proxy did.
FRAMING = {"content-length", "host"}
# What frames a message or decides whether it passes.
NOT_AT_RANDOM = {*FRAMING, "authorization", "content-type", "expect", "origin", "transfer-encoding"}
# Names that some library or other would write in its own way, join, or act on. A request may repeat each of the first.
KNOWN = (
    *("Accept", "Accept-Encoding", "Cache-Control", "Content-Encoding", "Content-Disposition", "Cookie", "Date"),
    *("Forwarded", "If-None-Match", "Link", "Pragma", "Proxy-Authenticate", "Proxy-Authorization", "Range", "Referer"),
    *("SOAPAction", "Trailer", "Vary", "Via", "WWW-Authenticate", "Warning", "X-Forwarded-For", "x-request-id"),
)
KNOWN_IN_ANSWERS = (
    *(
        "Access-Control-Allow-Origin",
        "Alt-Svc",
        "Content-Location",
        "Content-Type",
        "ETag",
        "Last-Modified",
        "Location",
    ),
    *("Refresh", "Retry-After", "Server", "Set-Cookie", "X-Rate-Limit-Limit"),
)
OF_THE_HOP = ("Keep-Alive", "Proxy-Connection", "TE", "Upgrade")
OWN = ("Host", "Ssp-TraceID", "Ssp-From", "Ssp-To", "Ssp-InteractionID", "Authorization")

cases = st.sampled_from([str, str.lower, str.upper, str.swapcase])
values = st.one_of(
    st.text(VISIBLE + " \t", max_size=40),
    st.text(OBS_TEXT, min_size=1, max_size=20),
    st.lists(st.sampled_from(['"a, b"', "c;d=e", "", "f  \t g", '"\\""', ",", ": ", "\xa0", "caf\xe9"])).map(", ".join),
    st.builds(lambda text, times: text * times, st.text(VISIBLE, min_size=1, max_size=8), st.integers(50, 300)),
).map(lambda value: value.strip(" \t"))  # RFC 9110, 5.5: white space around a value is no part of it


@st.composite
def lists_of_fields(draw: st.DrawFn, own: Sequence[str], *known: Sequence[str]) -> list[Field]:
    """Return fields in any order, of random and known names; `own` ones are there once, and without a value."""
    random = st.text(TOKEN, min_size=1, max_size=20).filter(
        lambda name: name.lower() not in NOT_AT_RANDOM and not name.lower().startswith(("ssp-", "x-ssp-emulator-"))
    )
    names = draw(st.lists(st.one_of(random, *map(st.sampled_from, known)), max_size=10))
    names += draw(st.lists(st.sampled_from(names or ["X"]), max_size=4))
    fields = [(draw(cases)(name), draw(values)) for name in names]
    named = st.sampled_from([*names, "", "keep-alive", "not-there", *FRAMING])
    connections = draw(st.lists(st.lists(named, max_size=4), max_size=2))
    fields += [(draw(cases)("Connection"), " , ".join(map(draw(cases), tokens)).strip()) for tokens in connections]
    return draw(st.permutations([*fields, *((draw(cases)(name), "") for name in own)]))


# One emulator and one provider serve all examples: they keep nothing from one to the next but connections.
two_hundred = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Consumer:
    """A consumer that keeps its connection for as long as the proxy does."""

    def __init__(self, ssp: Running) -> None:
        self._ssp = ssp
        self._wire: Wire | None = None

    async def ask(self, raw: bytes) -> Answer:
        """Send a request and read its answer."""
        wire = self._wire or await self._ssp.wire()
        self._wire = None  # where this fails, the next example is not to meet what is left of it
        answer = await wire.ask(raw)
        if answer.all("Connection") != ["close"]:
            self._wire = wire
        return answer


@pytest.fixture
def consumer(ssp: Running) -> Consumer:
    """A consumer of the running emulator."""
    return Consumer(ssp)


@given(generated=lists_of_fields(OWN, KNOWN, OF_THE_HOP))
@two_hundred
async def test_a_requests_fields_arrive_unchanged(
    ssp: Running, provider: StubProvider, consumer: Consumer, generated: list[Field]
) -> None:
    passing = {name.lower(): value for name, value in fields_in(ssp.request())}
    sent = [(name, passing.get(name.lower(), value)) for name, value in generated]
    provider.received.clear()

    answer = await consumer.ask(message(f"GET /{setup.ROOT}/Binary/1 HTTP/1.1", sent))

    assert answer.status == 200, answer.body
    (received,) = provider.received
    assert received.fields == [
        *(
            ("Host", "gp.example.nhs.uk") if name.lower() == "host" else (name, value)
            for name, value in passed_on(sent)
        ),
        ("Forwarded", f'for=127.0.0.1;host="localhost:{ssp.port}";proto=https'),
    ]


@given(generated=lists_of_fields(("Content-Length",), KNOWN, KNOWN_IN_ANSWERS, OF_THE_HOP, HSTS[:1]))
@two_hundred
async def test_an_answers_fields_arrive_unchanged(
    ssp: Running, provider: StubProvider, consumer: Consumer, generated: list[Field]
) -> None:
    sent = [(name, "2" if name.lower() == "content-length" else value) for name, value in generated]
    provider.answer = message("HTTP/1.1 200 OK", sent) + b"ok"

    answer = await consumer.ask(ssp.request())

    expected = passed_on(sent)
    secured = any(name.lower() == "strict-transport-security" for name, _ in expected)
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.fields == (expected if secured else [*expected, HSTS])


def passed_on(fields: Sequence[Field]) -> list[Field]:
    """Return what is left of fields without those of the hop."""
    lists = [value for name, value in fields if name.lower() == "connection"]
    named = {token.strip().lower() for value in lists for token in value.split(",")}
    of_the_hop = HOP_BY_HOP | (named - FRAMING)
    return [(name, value) for name, value in fields if name.lower() not in of_the_hop]


def message(start: str, fields: Sequence[Field]) -> bytes:
    """Return a message's head as bytes."""
    return "".join([f"{start}\r\n", *(f"{name}: {value}\r\n" for name, value in fields), "\r\n"]).encode("latin-1")


def fields_in(head: bytes) -> list[Field]:
    """Return the fields of a head."""
    pairs = (line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:-2])
    return [(name, value) for name, _, value in pairs]


async def test_a_media_type_that_comes_twice_is_a_400(ssp: Running, provider: StubProvider) -> None:
    answer = await ssp.ask(fields=(("Content-Type", "text/plain"), ("content-type", "text/plain")))

    assert answer.status == 400
    assert answer.json()["issue"][0]["diagnostics"].startswith("The request is not well-formed HTTP: ")
    assert provider.connections == 0
