"""Exchanges and traces at the admin API, over a trail that no emulator wrote."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support import trails
from support.caller import Caller
from support.clocks import MovableClock
from support.waiting import until
from support.wire import Wire

from ssp_emulator import sockets
from ssp_emulator.address import Address
from ssp_emulator.admin import exchanges
from ssp_emulator.admin.app import compose
from ssp_emulator.admin.exchanges import Exchanges
from ssp_emulator.admin.guard import Guard
from ssp_emulator.admin.server import Server
from ssp_emulator.admin.traces import Traces
from ssp_emulator.audit.index.archivist import Archivist
from ssp_emulator.audit.journal import Journal, Rotation
from ssp_emulator.audit.layout import Layout
from ssp_emulator.audit.retention import Keep, retain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PROBLEM = "application/problem+json"
A_MOMENT = "should be a date and time with its offset, as in 2026-11-22T22:30:00Z (in a URL, + is written %2B)"


class Desk:
    """The API over a trail, whose journal a test writes."""

    def __init__(self, layout: Layout, journal: Journal, routes: Exchanges, api: Caller) -> None:
        self.layout = layout
        self.journal = journal
        self.routes = routes
        self.api = api
        self.wires: list[Wire] = []

    def add(self, *numbers: int, **changes: Any) -> None:
        for number in numbers:
            self.journal.append(trails.facts(number, **changes))

    async def get(self, path: str) -> Any:
        answer = await self.api.ask("GET", path)
        assert (answer.status, answer.one("Content-Type")) == (200, "application/json; charset=utf-8"), answer.body
        return answer.json()

    async def follow(self, query: str = "", **headers: str | None) -> Wire:
        """Follow, from the moment at which the head of the answer is there."""
        wire = await Wire.open(self.api.address.port, None)
        self.wires.append(wire)
        await wire.send(self.api.request("GET", f"/exchanges/stream{query}", **headers))
        head = await wire.head()
        assert (head.status, head.one("Content-Type")) == (200, "text/event-stream")
        return wire


def explained(record: dict[str, Any]) -> dict[str, Any]:
    return {"summary": f"record {record['sequence']}", "remedy": None, "page": None}


@asynccontextmanager
async def desk(folder: Path, **settings: Any) -> AsyncIterator[Desk]:
    layout = Layout(folder / "audit" / "journal.jsonl")
    with Journal(layout, clock=MovableClock(), rotation=Rotation(size_bytes=20_000)) as journal:
        async with Archivist(layout, every_s=3600) as archivist:
            routes = Exchanges(archivist, layout, explained, **settings)
            listening = sockets.bind("127.0.0.1", 0)
            app = compose((*routes.routes, *Traces(archivist, explained).routes), Guard(None, on_loopback=True))
            async with Server(app, listening):
                made = Desk(layout, journal, routes, Caller(Address("127.0.0.1", listening[0].getsockname()[1])))
                try:
                    yield made
                finally:
                    routes.stop()
                    for wire in made.wires:
                        await wire.close()


async def block(wire: Wire) -> dict[str, str]:
    """Return the next event of a stream by its fields; a comment is under `""`."""
    async with asyncio.timeout(10):
        while True:
            size = int(await wire.reader.readuntil(b"\r\n"), 16)
            text = (await wire.reader.readexactly(size + 2))[:-2].decode()
            assert text.endswith("\n\n")
            fields = dict(line.split(": ", 1) for line in text[:-2].split("\n") if not line.startswith(": "))
            return fields or {"": text}


async def event(wire: Wire) -> dict[str, str]:
    """Return the next event that has data."""
    while "data" not in (found := await block(wire)):
        pass
    return found


async def test_what_a_page_says(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.add(1, 2, 3)
        answer = await it.api.ask("GET", "/exchanges?limit=2&from=200000000115")
        first = answer.json()
        second = await it.get(f"/exchanges?limit=2&from=200000000115&after={first['next']}")

    newest = first["exchanges"][0]
    assert list(first) == ["exchanges", "next", "records"]
    assert [record["sequence"] for record in first["exchanges"]] == [3, 2]
    assert newest == {**newest, **trails.facts(3), "explanation": explained(newest)}
    assert answer.one("Link") == (f'</api/v1/exchanges?limit=2&from=200000000115&after={first["next"]}>; rel="next"')
    assert [record["sequence"] for record in second["exchanges"]] == [1]
    assert (second["next"], second["records"]) == (None, {"kept": 3, "removed": 0, "behind": 0})


async def test_the_last_page_has_no_link(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        answer = await it.api.ask("GET", "/exchanges")
    assert answer.json() == {"exchanges": [], "next": None, "records": {"kept": 0, "removed": 0, "behind": 0}}
    assert answer.all("Link") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=5xx", [3]),
        ("status=200&count=true", [4, 2, 1]),
        ("trace_id=" + trails.trace_id(2).upper(), [2]),
        ("interaction=*:documents:*&until=2026-03-04T13:00:00.020%2B01:00", [1]),
        ("since=2026-03-04T12:00:00.030Z", [4, 3]),
        ("text=Gone", [3]),
        ("organisation=A20047&method=GET&limit=1", [4]),
        ("refusal=bad-gateway", [3]),
        ("fault=slow", []),
        ("advisory=no-accept", []),
        ("to=nobody", []),
    ],
)
async def test_exchanges_are_found_by_what_is_asked(tmp_path: Path, query: str, found: list[int]) -> None:
    async with desk(tmp_path) as it:
        it.add(1, 2)
        it.add(3, status=502, denial={"reason": "bad-gateway", "text": "it is gone"})
        it.add(4)
        answer = await it.get(f"/exchanges?{query}")
    assert [record["sequence"] for record in answer["exchanges"]] == found
    assert answer.get("matching") == (len(found) if "count" in query else None)


@pytest.mark.parametrize(
    ("query", "key", "message"),
    [
        ("after=x", "after", "should be what an answer has given as next, found 'x'"),
        ("after=", "after", "should not be empty"),
        ("limit=1001", "limit", "should be a number from 1 to 1000, found '1001'"),
        ("status=abc", "status", "should be a status, as in 502, or 5xx for all from 500 to 599, found 'abc'"),
        (
            "since=2026-03-04T12:00:00+01:00",
            "since",
            f"{A_MOMENT}, found '2026-03-04T12:00:00 01:00'",
        ),
        ("count=1", "count", "should be true or false, found '1'"),
    ],
)
async def test_a_parameter_that_is_wrong_is_named(tmp_path: Path, query: str, key: str, message: str) -> None:
    async with desk(tmp_path) as it:
        answer = await it.api.ask("GET", f"/exchanges?{query}")
    assert (answer.status, answer.one("Content-Type")) == (400, PROBLEM)
    assert answer.json()["detail"] == f"{key} {message}"
    assert answer.json()["errors"] == [{"key": key, "message": message}]


@pytest.mark.parametrize(
    ("path", "unknown"),
    [("/exchanges?colour=red", "colour"), ("/exchanges/stream?limit=5", "limit"), ("/traces/x?limit=5", "limit")],
)
async def test_a_parameter_that_is_not_known_is_named(tmp_path: Path, path: str, unknown: str) -> None:
    async with desk(tmp_path) as it:
        answer = await it.api.ask("GET", path)
    assert (answer.status, answer.one("Content-Type")) == (400, PROBLEM)
    assert answer.json()["detail"].endswith(f"; found {unknown}")


async def test_a_trace(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.add(2, 1, trace_id="Same/One")
        it.add(3)
        answer = await it.get("/traces/sAME%2FoNE")
    assert [record["sequence"] for record in answer["exchanges"]] == [2, 1]  # by their time
    assert answer["exchanges"][0]["explanation"] == {"summary": "record 2", "remedy": None, "page": None}
    assert {name: answer[name] for name in ("trace_id", "more", "records")} == {
        "trace_id": "sAME/oNE",
        "more": False,
        "records": {"kept": 3, "removed": 0, "behind": 0},
    }


async def test_a_trace_that_is_not_there(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.add(*range(1, 30))
        missing = await it.api.ask("GET", "/traces/nothing")
        retain(it.journal, Keep(size_bytes=0), 1_800_000_000.0)
        removed = it.journal.base.sequence
        gone = await it.api.ask("GET", f"/traces/{trails.trace_id(1)}")
    assert (missing.status, missing.one("Content-Type")) == (404, PROBLEM)
    assert missing.json()["detail"] == "no exchange with the trace ID 'nothing' is kept"
    assert 0 < removed < 29
    assert gone.json()["detail"] == (
        f"no exchange with the trace ID {trails.trace_id(1)!r} is kept; retention has removed {removed} records"
    )


@pytest.mark.parametrize("path", ["/exchanges", "/traces/x"])
async def test_an_index_that_cannot_be_used_is_said_so(tmp_path: Path, path: str) -> None:
    async with desk(tmp_path) as it:
        it.layout.index.mkdir()  # before there is a record: it would be made beside
        it.add(1)
        answer = await it.api.ask("GET", path)
    assert (answer.status, answer.one("Content-Type"), answer.one("Retry-After")) == (503, PROBLEM, "5")
    assert answer.json()["detail"] == f"the index {it.layout.index} cannot be used: unable to open database file"


async def test_a_search_that_takes_too_long_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path) as it:
        it.add(*range(1, 500))
        await it.get("/exchanges")
        monkeypatch.setattr("ssp_emulator.audit.index.index._STEPS", 10)
        monkeypatch.setattr("ssp_emulator.audit.index.index.PATIENCE_S", -1.0)
        monkeypatch.setattr("ssp_emulator.audit.index.Index.catch_up", lambda index, budget_s: 0)
        answer = await it.api.ask("GET", "/exchanges?text=nothing")
    assert (answer.status, answer.one("Content-Type")) == (503, PROBLEM)
    assert answer.json()["detail"].startswith("the search took too long and was given up; narrow it")


async def test_what_ends_is_sent_to_whoever_follows(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.add(1)
        everything, failures = await it.follow(), await it.follow("?status=5xx")
        it.add(2)
        it.add(3, status=502, notes=["a\nb"])
        seen = [await event(everything) for _ in range(2)]
        failed = await event(failures)

    assert [(each["event"], each["id"]) for each in seen] == [("exchange", "0-2"), ("exchange", "0-3")]
    record = json.loads(seen[1]["data"])
    assert record == {**record, **trails.facts(3, status=502, notes=["a\nb"]), "explanation": explained(record)}
    assert failed == seen[1]


async def test_one_who_comes_back_goes_on_where_it_was(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.add(1)
        wire = await it.follow()
        it.add(2)
        last = (await event(wire))["id"]
        await wire.close()
        it.add(3, 4)
        again = await it.follow(Last_Event_ID=last)
        assert [(await event(again))["id"] for _ in range(2)] == ["0-3", "0-4"]


async def test_one_who_comes_back_too_late_is_told_what_it_has_missed(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        it.add(*range(1, 30))
        retain(it.journal, Keep(size_bytes=0), 1_800_000_000.0)
        removed = it.journal.base.sequence
        wire = await it.follow(Last_Event_ID="0-2")
        missed, came = await event(wire), await event(wire)
    assert missed == {"id": "0-2", "event": "missed", "data": f'{{"missed":{removed - 2}}}'}
    assert came["id"] == f"0-{removed + 1}"


async def test_an_id_that_is_none_is_refused(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        answer = await it.api.ask("GET", "/exchanges/stream", Last_Event_ID="yesterday")
    assert (answer.status, answer.one("Content-Type")) == (400, PROBLEM)
    assert answer.json()["detail"] == "Last-Event-ID should be the id of an event, as in 0-15, found 'yesterday'"


async def test_a_stream_on_which_nothing_comes_beats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "_LOOK_S", 0.01)
    async with desk(tmp_path, beat_s=0.02) as it:
        it.add(1)
        wire = await it.follow("?status=502")
        assert await block(wire) == {"id": "0-1"}
        it.add(2)
        while await block(wire) != {"id": "0-2"}:
            pass


async def test_only_so_many_may_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "MOST_FOLLOWERS", 2)
    monkeypatch.setattr(exchanges, "_LOOK_S", 0.01)
    async with desk(tmp_path) as it:
        first, _ = await it.follow(), await it.follow()
        refused = await it.api.ask("GET", "/exchanges/stream")
        await first.close()
        await until(lambda: len(it.routes._followers) < 2)
        await it.follow()
    assert (refused.status, refused.one("Content-Type"), refused.one("Retry-After")) == (503, PROBLEM, "5")
    assert refused.json()["detail"] == "2 at most may follow at the same time, and as many do"


async def test_one_who_leaves_is_let_go(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        wire = await it.follow()
        assert len(it.routes._followers) == 1
        await wire.close()
        await until(lambda: not it.routes._followers)


async def test_a_server_that_stops_ends_what_is_followed(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        wire = await it.follow()
        it.routes.stop()
        async with asyncio.timeout(10):
            assert await wire.reader.readexactly(5) == b"0\r\n\r\n"
        await until(lambda: not it.routes._followers)
        late = await it.api.ask("GET", "/exchanges/stream")
    assert late.status == 503


async def test_one_who_reads_nothing_has_nothing_piled_up_and_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    monkeypatch.setattr(exchanges, "told", lambda record, _: made.append(record["sequence"]) or record)
    async with desk(tmp_path) as it:
        it.add(*range(1, 401), notes=["x" * 100_000])  # forty megabytes, which no socket's buffers take
        slow = await it.follow(Last_Event_ID="0-0")
        slow.reader._transport.pause_reading()
        other = await it.follow()
        it.add(401)
        assert (await event(other))["id"] == "0-401"
        seen = -1
        while len(made) > seen:  # until it goes on no more
            seen = len(made)
            await asyncio.sleep(0.3)  # that nothing happens cannot be waited for
        assert 401 in made
        assert seen < 300
        it.routes.stop()
        await until(lambda: not it.routes._followers)


async def test_the_head_alone_may_be_asked_for(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        heads = [await it.api.ask("HEAD", path) for path in ("/exchanges", "/exchanges/stream")]
        await until(lambda: not it.routes._followers)
    assert [(head.status, head.body) for head in heads] == [(200, b""), (200, b"")]
