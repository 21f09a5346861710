"""Ten thousand mutated tokens through a running proxy: each is answered, and refused for what was done to it.

Valid tokens of the three dialects are changed in their claims, in the elements of these, in their JSON text, in its
base64url, between the dots, in the header and around the token, and sent on one kept connection a test. An oracle that
knows nothing of the package says whether a token is still good, else which names an error may have.

Source: GP Connect 1.6.2, "Cross-organisation audit and provenance" and "Error handling"; Spine Core, "Security
guidance: JWT"; RFC 7515, 7.1; RFC 9110, 5.5 (what a field's value may hold).
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import mutations
from support.mutations import TELLING_JSON
from support.oracle import RESOURCES, foretold
from support.tokens import DIALECTS, NRL, bearer, changed, gp_connect_1, spine_core, within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from support.running import Running
    from support.stub import StubProvider
    from support.tokens import Claims, Way
    from support.wire import Wire

# Of each dialect; three times their sum is sent.
EXAMPLES = {"claims": 900, "elements": 700, "text": 700, "base64": 350, "dots": 200, "header": 250, "field": 250}


class Conversation:
    """Requests on one connection that is never closed, and the answer that each has to get."""

    def __init__(self, ssp: Running, provider: StubProvider, wire: Wire) -> None:
        self.ssp, self.provider, self.wire, self.asked = ssp, provider, wire, 0

    async def holds(self, value: str, valid: Claims, way: Way) -> None:
        """Send a token, and hold its answer against what is foretold."""
        self.provider.received.clear()
        self.asked += 1
        answer = await self.wire.ask(way.request(self.ssp, value))
        good, names = foretold(value, valid, way)
        about = f"foretold {good} {names}, sent {value!r}"
        assert "close" not in answer.all("Connection")
        assert answer.status in ({200} if good else {400, 422} if good is False else {200, 400}), about
        assert len(self.provider.received) == (answer.status == 200)
        if answer.status == 200:
            return
        text = answer.json()["issue"][0]["diagnostics"]
        if not value.strip(" \t"):
            assert text == "The header Authorization is empty"
            return
        assert [it for it in names if text.startswith((f"The token's {it} ", f"The header {it} "))], about
        assert (answer.status == 422) == ("a FHIR resource" in text or "no such resource has" in text)
        assert answer.status == 400 or names & RESOURCES

    async def goes_on(self, dialect: str, change: Callable[[Any, Claims], str], draw: Any) -> None:
        """Send a token that was valid before a change."""
        way, now = DIALECTS[dialect], time.time()
        await self.holds(change(draw, way.claims(now)), way.claims(now), way)


@pytest.fixture
async def conversation(
    ssp: Running, provider: StubProvider, request: pytest.FixtureRequest
) -> AsyncIterator[Conversation]:
    """A conversation, after which the trail holds every request of it and no failure of the emulator's own."""
    made = Conversation(ssp, provider, await ssp.wire())
    yield made
    records = ssp.records()
    assert len(records) == made.asked >= EXAMPLES[request.node.originalname.removeprefix("test_mutated_")]
    assert {(record["denial"] or {}).get("reason") for record in records} <= {None, "bad-request", "invalid-resource"}
    assert not any(record["broken_off"] for record in records)


def examples(kind: str) -> Callable[[Any], Any]:
    """Return what makes a test of one kind of mutation: in each dialect, with as many examples as there should be."""

    def made(test: Any) -> Any:
        quick = settings(
            max_examples=EXAMPLES[kind],
            deadline=None,  # a busy machine is no failure
            # The conversation is to go on from example to example; and a busy machine draws slowly.
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        )
        return pytest.mark.parametrize("dialect", DIALECTS)(quick(given(st.data())(test)))

    return made


@examples("claims")
async def test_mutated_claims(conversation: Conversation, dialect: str, data: st.DataObject) -> None:
    await conversation.goes_on(dialect, mutations.claims_changed, data.draw)


@examples("elements")
async def test_mutated_elements(conversation: Conversation, dialect: str, data: st.DataObject) -> None:
    await conversation.goes_on(dialect, mutations.elements_changed, data.draw)


@examples("text")
async def test_mutated_text(conversation: Conversation, dialect: str, data: st.DataObject) -> None:
    await conversation.goes_on(dialect, mutations.text_changed, data.draw)


@examples("base64")
async def test_mutated_base64(conversation: Conversation, dialect: str, data: st.DataObject) -> None:
    await conversation.goes_on(dialect, mutations.base64_changed, data.draw)


@examples("dots")
async def test_mutated_dots(conversation: Conversation, dialect: str, data: st.DataObject) -> None:
    await conversation.goes_on(dialect, mutations.dots_changed, data.draw)


@examples("header")
async def test_mutated_header(conversation: Conversation, dialect: str, data: st.DataObject) -> None:
    await conversation.goes_on(dialect, mutations.header_changed, data.draw)


@examples("field")
async def test_mutated_field(conversation: Conversation, dialect: str, data: st.DataObject) -> None:
    await conversation.goes_on(dialect, mutations.field_changed, data.draw)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_each_claim_as_each_telling_value(ssp: Running, provider: StubProvider, dialect: str) -> None:
    way, talk = DIALECTS[dialect], Conversation(ssp, provider, await ssp.wire())
    for name in way.claims():
        for value in TELLING_JSON:
            valid = way.claims()
            await talk.holds(bearer({**valid, name: value}), valid, way)


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
async def test_claims_nested_as_deep_as_can_just_be_read(ssp: Running, opens: str, closes: str) -> None:
    wire, seen = await ssp.wire(), set()
    for depth in range(800, 1000, 2):  # Python's reader gives up somewhere among these, its other tools maybe elsewhere
        deep = f"{opens * depth}1{closes * depth}"
        user = json.dumps(changed(spine_core(), sub=0, requesting_user=0, iat=0, exp=0)).replace(": 0", f": {deep}")
        practitioner = json.dumps(within(changed(gp_connect_1(), sub=0), "requesting_practitioner", id=0))
        for value in (
            bearer(user.encode()),
            bearer(practitioner.replace(": 0", f": {deep}").encode()),
            bearer(gp_connect_1(), b'{"alg":"none","typ":' + deep.encode() + b"}"),
        ):
            answer = await wire.ask(NRL.request(ssp, value))
            assert answer.status == 400
            seen.add(answer.json()["issue"][0]["diagnostics"].split(" should")[0])
    # Which of the two parts of a name stands depends on how deep this version of Python reads.
    assert {"The token's sub", "The token's typ"} & seen
    assert seen <= {"The token's JWT claims", "The token's JWT header", "The token's sub", "The token's typ"}


def test_ten_thousand_are_sent() -> None:
    assert len(DIALECTS) * sum(EXAMPLES.values()) >= 10_000
