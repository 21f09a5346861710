"""A trailer that comes when its request has been refused already is no part of the next request.

Source: RFC 9110, 6.5.1; RFC 9112, 11.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.running import Running
    from support.stub import StubProvider

CHUNKED = (("Transfer-Encoding", "chunked"),)


async def test_a_trailer_of_a_refused_request_is_no_field_of_the_next(ssp: Running, provider: StubProvider) -> None:
    wire = await ssp.wire()
    await wire.send(ssp.request(method="POST", Ssp_To="999999999999", fields=CHUNKED))
    refused = await wire.answer()
    await wire.send(b"3\r\nabc\r\n0\r\nX-Trailer: 0\r\n\r\n" + ssp.request())
    passed = await wire.answer()

    assert (refused.status, refused.all("Connection"), passed.status) == (400, [], 200)
    assert [(received.body, received.all("X-Trailer")) for received in provider.received] == [(b"", [])]
