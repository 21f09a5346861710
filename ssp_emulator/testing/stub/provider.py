"""The stub provider: the demo provider, in whose place a test can answer, and which keeps what it was sent."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from aiohttp import web

from ssp_emulator.address import Address
from ssp_emulator.demo.provider.server import ProviderServer
from ssp_emulator.demo.provider.settings import ProviderSettings
from ssp_emulator.testing.stub.expectation import Answer, Expectation
from ssp_emulator.testing.stub.received import received

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Self

    from aiohttp.typedefs import Handler

    from ssp_emulator.pki.folder import CertificateFolder
    from ssp_emulator.testing.stub.received import Received

__tracebackhide__ = True  # what is wrong is the test's, and so pytest shows its line

_TURNS_OF_CLOSING = 3  # of the loop: the socket's, TLS's, and the server's


class StubProvider:
    """A provider behind mutual TLS, as an async context manager, that lets in nobody but the SSP.

    What a test says with `answers` goes first, in the order in which it was said. Anything else gets the demo
    provider's documents; or, where `strict` is set, an error, of which `missed` tells. `received` is what has come
    since the test began. Entering raises `ProviderStartError`.

    Tests speak to it from another thread than the one that it answers in.
    """

    def __init__(self, folder: CertificateFolder, host: str, port: int) -> None:
        self._server = ProviderServer(ProviderSettings.of(folder, host=host, port=port), self._answer)
        self._host = host
        self._lock = threading.Lock()
        self._expectations: list[Expectation] = []
        self._missed: list[str] = []
        self._answering: set[asyncio.Task[Any]] = set()
        self._transports: WeakSet[asyncio.Transport] = WeakSet()
        self.received: list[Received] = []
        self.strict = False

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for answering in self._answering:  # the tests are over, and nobody waits for it
            answering.cancel()
        await self._server.__aexit__(kind, error, trace)
        # A running emulator keeps its connections; closing one by TLS waits for it to agree, and our loop ends now.
        for transport in self._transports:
            transport.abort()
        for _ in range(_TURNS_OF_CLOSING):
            await asyncio.sleep(0)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address(self._host, self._server.port)

    def answers(
        self,
        *,
        method: str = "*",
        path: str = "*",
        interaction: str = "*",
        status: int = 200,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes | str = b"",
        json: Any = None,
        delay_s: float = 0.0,
        by: Callable[[Received], Answer | Awaitable[Answer]] | None = None,
        times: int | None = None,
        optional: bool = False,
    ) -> Expectation:
        """Say what is answered to requests of a kind (`Expectation`), and return what tells how many there were.

        The answer is made of `status`, `headers`, `body` or `json`, after `delay_s` seconds; or `by` makes it from the
        request: a function, which is called in a thread of its own, or an async one. Raises `ValueError` for what no
        answer can be.
        """
        answer = Answer(status, headers, body, json, delay_s)
        expectation = Expectation(answer, by, method, path, interaction, times, optional)
        with self._lock:
            self._expectations.append(expectation)
        return expectation

    def begin(self) -> None:
        """Forget what was said and received."""
        with self._lock:
            self._expectations, self._missed, self.received = [], [], []
            self.strict = False

    @property
    def missed(self) -> list[str]:
        """What was expected and did not come, what came and was not expected, and what a test's function raised."""
        with self._lock:
            unmet = [each.missed for each in self._expectations if each.missed is not None]
            return [*self._missed, *unmet]

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.transport is not None:
            self._transports.add(request.transport)
        got = await received(request)
        with self._lock:
            self.received.append(got)
            found = next((each for each in self._expectations if not each.is_used_up and each.matches(got)), None)
            if found is not None:
                found.received.append(got)
            elif self.strict:
                self._missed.append(f"the stub provider did not expect {got.method} {got.path} ({got.interaction})")
            missed = self._missed
        if found is not None:
            return await self._answered(found, got, missed)
        if self.strict:
            return web.Response(status=500, text="the test expects no such request")
        return await handler(request)

    async def _answered(self, expectation: Expectation, got: Received, missed: list[str]) -> web.Response:
        """Answer as expected. `missed` is of the test that said so; another may have begun when the answer fails."""
        answering = asyncio.current_task()
        assert answering is not None  # noqa: S101 - for the types: aiohttp has one for each request
        self._answering.add(answering)
        try:
            answer = await expectation.answer_to(got)
            await asyncio.sleep(answer.delay_s)
        except Exception as error:  # noqa: BLE001 - it is the test's own, and told when the test ends
            with self._lock:
                said = f"{type(error).__name__}: {error}"
                missed.append(f"the stub provider's answer to {got.method} {got.path} failed: {said}")
            return web.Response(status=500, text="the test's own function failed")
        finally:
            self._answering.discard(answering)
        return web.Response(status=answer.status, headers=answer.fields, body=answer.content)
