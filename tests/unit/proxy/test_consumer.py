"""A consumer is told to go on before its answer, and never in the midst of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from multidict import CIMultiDict

from ssp_emulator.message import Framing, Head
from ssp_emulator.proxy.consumer import CONTINUE, Consumer


@pytest.mark.parametrize(("answered", "told"), [(False, [CONTINUE]), (True, [])], ids=["before", "in the midst"])
async def test_a_consumer_whose_answer_has_begun_is_not_told_to_go_on(answered: bool, told: list[bytes]) -> None:
    sent: list[bytes] = []

    async def raw(data: bytes) -> None:
        sent.append(data)

    async def begin(head: Head, *, closes: bool) -> None:
        """Begin, and send nothing yet."""

    outlet: Any = SimpleNamespace(raw=raw, begin=begin)
    headers = CIMultiDict({"Expect": "100-continue"})
    request: Any = SimpleNamespace(headers=headers, version=(1, 1), framing=Framing.LENGTH)
    consumer = Consumer(request, outlet, patience_s=1)
    if answered:
        await consumer.begin(Head(200, b"OK", [], Framing.LENGTH))
    await consumer.go_on()

    assert sent == told
