"""Garbage: a request leaves nothing that only the garbage collector would find.

What it finds it finds late, while requests wait for it, and until then every request works on memory that is cold.
"""

from __future__ import annotations

import gc
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.running import Running
    from support.stub import StubProvider

TIMES = 20
OF_A_REQUEST = (
    "ssp_emulator.proxy",
    "ssp_emulator.exchange",
    "ssp_emulator.message",
    "ssp_emulator.token",
    "httptools",
)


@pytest.fixture
def found() -> Iterator[Callable[[], Counter[str]]]:
    """Have nothing be collected, and count what the collector finds that is of requests, by class.

    It finds each once: what is saved for counting is freed then, and so is whatever other tests have left.
    """

    def collected() -> Counter[str]:
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        gc.set_debug(0)
        classes = [type(each) for each in gc.garbage]
        gc.garbage.clear()
        gc.collect()
        return Counter(each.__qualname__ for each in classes if each.__module__.startswith(OF_A_REQUEST))

    gc.disable()
    try:
        gc.collect()
        yield collected
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("request_like", "answer"),
    [
        ({}, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ({}, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        ({}, b"HTTP/1.1 204 No Content\r\n\r\n"),
        (
            {"method": "POST", "fields": (("Content-Length", "4"),), "body": b"body"},
            b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
        ),
        ({"Ssp_From": "999999999999"}, None),
    ],
    ids=["Content-Length", "chunked", "no body", "upload", "refused"],
)
async def test_a_request_leaves_nothing_for_the_garbage_collector(
    ssp: Running,
    provider: StubProvider,
    found: Callable[[], Counter[str]],
    request_like: dict[str, Any],
    answer: bytes | None,
) -> None:
    if answer is not None:
        provider.answer = answer
    wire = await ssp.wire()
    await wire.ask(ssp.request(**request_like))
    found()
    for _ in range(TIMES):
        await wire.ask(ssp.request(**request_like))

    assert {name: count for name, count in found().items() if count >= TIMES} == {}
