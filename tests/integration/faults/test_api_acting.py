"""What the admin API changes acts on the very next request, whole, and however many call at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from structlog.testing import capture_logs
from support.api import OFF, SLOW, in_force, write_scenario

if TYPE_CHECKING:
    from support.caller import Caller
    from support.running import Running
    from support.stub import StubProvider


async def test_a_change_acts_on_the_very_next_request_of_a_connection(ssp: Running, api: Caller) -> None:
    wire = await ssp.wire()
    statuses = [(await wire.ask(ssp.request())).status]
    await api.ask("PUT", "/faults/off", {"effect": OFF})
    statuses.append((await wire.ask(ssp.request())).status)
    await api.ask("PUT", "/faults/off", {"effect": {"kind": "bad-gateway"}})
    statuses.append((await wire.ask(ssp.request())).status)
    await api.ask("DELETE", "/faults/off")
    statuses.append((await wire.ask(ssp.request())).status)

    assert statuses == [200, 503, 502, 200]


async def test_a_request_that_began_before_a_change_ends_as_it_was_chosen(
    ssp: Running, api: Caller, provider: StubProvider
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            await go_on.wait()
            writer.write(provider.answer)

    provider.play = play
    body = b"x" * 1000
    provider.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + body
    await api.ask("PUT", "/faults/cut", {"effect": {"kind": "truncate", "after_bytes": 10}})
    wire = await ssp.wire()
    await wire.send(ssp.request())
    await asked.wait()
    await api.ask("PUT", "/faults/cut", {"effect": {"kind": "truncate", "after_bytes": 500}})
    await api.ask("DELETE", "/faults")
    go_on.set()
    head = await wire.head()
    rest = await wire.reader.read()
    after = await ssp.ask()

    assert (head.one("Content-Length"), rest) == ("1000", body[:10])
    assert after.body == body
    assert [[fault["rule"] for fault in record["faults"]] for record in ssp.records()] == [["cut"], []]


async def test_changes_are_in_the_log_by_name_only(ssp: Running, api: Caller) -> None:
    write_scenario(ssp, "outage", {"name": "a", "effect": OFF})
    with capture_logs() as logs:
        await api.ask("POST", "/faults", {"name": "slow", "description": "a secret", "effect": SLOW})
        await api.ask("DELETE", "/faults/slow")
        await api.ask("POST", "/scenarios/outage/apply")
        await api.ask("DELETE", "/faults")

    assert [(entry["event"], entry.get("rules", entry.get("scenario"))) for entry in logs] == [
        ("fault rules in force", ["slow"]),
        ("fault rules lifted", ["slow"]),
        ("scenario in force", "outage"),
        ("every fault rule lifted", 1),
    ]
    assert "a secret" not in str(logs)


async def test_fifty_replacements_at_once_leave_one_of_them_whole(ssp: Running, api: Caller) -> None:
    def rule(number: int) -> dict[str, Any]:
        header = {f"X-{place}": str(number) for place in range(20)}
        return {
            "description": str(number),
            "match": {"header": header},
            "effect": {"kind": "latency", "delay_ms": number},
        }

    seen = []

    async def watch() -> None:
        while True:
            seen.append(await api.ask("GET", "/faults/x"))

    await api.ask("PUT", "/faults/x", rule(0))
    watching = asyncio.create_task(watch())
    answers = await asyncio.gather(*(api.ask("PUT", "/faults/x", rule(number)) for number in range(1, 51)))
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    last = (await api.ask("GET", "/faults/x")).json()

    assert {answer.status for answer in answers} == {200}
    assert seen
    for shown in (*(answer.json() for answer in (*answers, *seen)), last):
        number = int(shown["description"])
        assert shown["effect"].get("delay_ms") == number
        assert shown["match"]["header"] == rule(number)["match"]["header"]
    assert [int(answer.json()["description"]) for answer in answers] == list(range(1, 51))


async def test_two_hundred_calls_at_once(ssp: Running, api: Caller) -> None:
    made = await asyncio.gather(
        *(api.ask("POST", "/faults", {"name": f"r{number % 100}", "effect": SLOW}) for number in range(200))
    )

    assert sorted(answer.status for answer in made) == [201] * 100 + [409] * 100
    assert sorted(in_force(ssp)) == sorted(f"r{number}" for number in range(100))
