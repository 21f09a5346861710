"""Background: an event loop in a thread of its own, in which something asynchronous is open for as long as needed."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

T = TypeVar("T")

_LEAVING_S = 30.0


class Background(Generic[T]):
    """Opens an async context manager in the thread, from entering to leaving; entering returns what it gives.

    So a consumer that blocks has its thread, and one that does not has its event loop, to itself. What opening or
    closing raises comes out here.
    """

    def __init__(self, opening: Callable[[], AbstractAsyncContextManager[T]], name: str) -> None:
        self._opening = opening
        self._opened: Future[T] = Future()
        self._closed: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave: asyncio.Event | None = None
        # A daemon: a session that is broken off does not have to wait for it.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> T:
        self._thread.start()
        try:
            return self._opened.result()
        except Exception:
            self._thread.join(_LEAVING_S)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._leave is not None:
            self._loop.call_soon_threadsafe(self._leave.set)
        self._closed.result(_LEAVING_S)
        self._thread.join(_LEAVING_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - whoever waits has to know, whatever it is
            (self._closed if self._opened.done() else self._opened).set_exception(error)
        else:
            self._closed.set_result(None)

    async def _main(self) -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        async with self._opening() as opened:
            self._opened.set_result(opened)
            await self._leave.wait()
