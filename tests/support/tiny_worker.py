"""A worker that does as a test says, for a fleet of such: what it serves with is what it was told.

It begins with `{"begins": …}`: `well`, `problems`, `dies`. A change of the kind `bad` it cannot have, at one of the
kind `deadly` it dies, to one of the kind `mute` it never answers; any other it adds to what it tells when it is asked.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from typing import Any

from ssp_emulator.workers.channel import Channel, Message


class Tiny:
    """What the worker was told, and whether it is to go on."""

    def __init__(self) -> None:
        self.begun: dict[str, Any] = {}
        self.pending: list[str] = []
        self.in_force: list[str] = []
        self.serves = False
        self.leaving = asyncio.Event()

    async def answer(self, what: str, asked: Message) -> Message:
        """Do what the test has the worker do."""
        match what:
            case "begin":
                return self.begin(asked.said)
            case "prepare":
                return await self.prepare(asked.said["kind"], asked.data.decode())
            case "apply":
                self.in_force += self.pending
                self.pending = []
            case "drop":
                self.pending = []
            case "serve":
                self.serves = True
            case "stop":
                self.leaving.set()
            case "report":
                return Message(
                    {"pid": os.getpid(), "serves": self.serves, "in_force": self.in_force, "pending": self.pending}
                )
        return Message({})

    def begin(self, said: dict[str, Any]) -> Message:
        """Begin well, or not."""
        self.begun = said
        match said["begins"]:
            case "problems":
                return Message({"problems": [f"worker {said['worker']} has no chain", "and all lack a key"]})
            case "dies":
                os.kill(os.getpid(), signal.SIGKILL)
        return Message({})

    async def prepare(self, kind: str, what: str) -> Message:
        """Make a change ready, or not."""
        match kind:
            case "bad":
                return Message({"problems": ["it is not good"]})
            case "deadly":
                os.kill(os.getpid(), signal.SIGKILL)
            case "mute":
                await asyncio.Event().wait()
        self.pending.append(what)
        return Message({})


async def main() -> None:
    """Do as the parent says until it says no more."""
    tiny = Tiny()
    channel = Channel(tiny.answer)
    await channel.open(socket.socket(fileno=int(sys.argv[1])))
    await asyncio.wait(
        [asyncio.create_task(channel.ended()), asyncio.create_task(tiny.leaving.wait())],
        return_when=asyncio.FIRST_COMPLETED,
    )
    await channel.close()


if __name__ == "__main__":
    asyncio.run(main())
