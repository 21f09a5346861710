"""Requests, as httptools reads them: heads and bodies, one after the other, out of what a consumer sends.

httptools is strict where HTTP is; what it lets through, and another server might read otherwise, is refused here.

Source: RFC 9112, 2.3 (version), 3.2 (Host: one that is no host has to be refused), 6.3 (Content-Length), 9.3
(persistence) and 11.2 (request smuggling); RFC 9110, 6.5 (trailers).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httptools
from multidict import CIMultiDict, CIMultiDictProxy

from ssp_emulator.message import Framing
from ssp_emulator.proxy.body import Body

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssp_emulator.message import Field

LONGEST = 32 * 1024  # bytes of a start line, or of one field: a token with full FHIR resources is a long one
_LONGEST_HEAD = 256 * 1024
_MOST_FIELDS = 128
_TOO_LONG = f"a line or a header is longer than {LONGEST} bytes"
_KEPT = "surrogateescape"
_EXPECTED = "Expected HTTP/"  # so httptools begins to list what it knows, RTSP and ICE too
_NO_START_LINE = "the first line should be a method, a target and HTTP/1.1"
_HOST = re.compile(
    r"(\[[0-9A-Za-z._~!$&'()*+,;=:%-]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]*)?\Z"
)  # RFC 9110, 7.2; RFC 3986, 3.2.2
_MOST_DIGITS = 18  # of a Content-Length: any 64-bit integer holds it
_VERSIONS = {"1.0": (1, 0), "1.1": (1, 1)}


class Request:
    """One request: its head, its body as it comes, and whether its connection may take another one after it.

    `fields` are those of its head as they came; `version` is (1, 0) or (1, 1).
    """

    __slots__ = ("body", "fields", "framing", "headers", "keeps_alive", "method", "target", "version")

    def __init__(
        self,
        method: str,
        target: str,
        version: tuple[int, int],
        fields: tuple[Field, ...],
        headers: CIMultiDictProxy[str],
        framing: Framing,
        body: Body,
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.fields = fields
        self.headers = headers
        self.framing = framing
        self.body = body
        self.keeps_alive = True


def headers_of(fields: tuple[Field, ...]) -> CIMultiDictProxy[str]:
    """Return fields by their names; bytes that are no UTF-8 are kept as surrogates."""
    return CIMultiDictProxy(
        CIMultiDict((name.decode("utf-8", _KEPT), value.decode("utf-8", _KEPT)) for name, value in fields)
    )


class RequestReader:
    """Reads requests out of the bytes that a consumer sends.

    `requests` are those not yet taken, each from the moment that its head is here; `problem` says what made the bytes
    after them unreadable, if anything. `hold` and `let_go` are for their bodies.
    """

    def __init__(self, hold: Callable[[], None], let_go: Callable[[], None]) -> None:
        self.requests: list[Request] = []
        self.problem: str | None = None
        self._hold = hold
        self._let_go = let_go
        self._request: Request | None = None  # whose body is being read
        self._url = b""
        self._fields: list[Field] = []
        self._between = 0  # bytes since the last of a body, or of a whole request: of a head, or of trailers
        self._is_over = False
        self._parser = httptools.HttpRequestParser(self)

    @property
    def is_over(self) -> bool:
        """Whether what else comes is no request: the last one ends the connection, or it could not be read."""
        return self._is_over or self.problem is not None

    def feed(self, data: bytes) -> None:
        """Read some bytes; what is wrong with them is in `problem` afterwards."""
        if self.is_over:
            return
        self._between += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._read_on(data[upgrade.args[0] :])
        except httptools.HttpParserInvalidMethodError:
            self._refuse("the method is not one that HTTP knows")
        except httptools.HttpParserInvalidURLError:
            self._refuse("the path is not one that a URL can have")
        except httptools.HttpParserError as error:
            self._refuse(_NO_START_LINE if str(error).startswith(_EXPECTED) else str(error))
        if self._between > _LONGEST_HEAD:
            what = "head is" if self._request is None else "trailers are"
            self._refuse(f"the request's {what} longer than {_LONGEST_HEAD} bytes")
        if self.problem is not None and self._request is not None:
            self._request.body.fail(self.problem)

    def _read_on(self, rest: bytes) -> None:
        """Read the body of a request that asks for another protocol, which httptools leaves to that; nothing else."""
        request = self._request
        if request is None:
            self._is_over = True  # what comes behind it is in whatever it asks for
            return
        field = b"Transfer-Encoding: chunked"
        if request.framing is Framing.LENGTH:
            field = b"Content-Length: " + request.headers["Content-Length"].encode()
        self._parser = httptools.HttpRequestParser(_BodyOf(self))
        self._parser.feed_data(b"POST / HTTP/1.1\r\nConnection: close\r\n" + field + b"\r\n\r\n")
        self.feed(rest)

    def _refuse(self, problem: str) -> None:
        if not self._is_over:
            self.problem = self.problem or problem

    # What httptools calls while it reads.

    def on_url(self, piece: bytes) -> None:
        """Keep a piece of the target."""
        self._url += piece
        if len(self._url) > LONGEST:
            self._refuse(_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field; one that comes after the body is a trailer, and no part of the head (RFC 9110, 6.5)."""
        if len(name) + len(value) > LONGEST:
            self._refuse(_TOO_LONG)
        elif len(self._fields) >= _MOST_FIELDS:
            self._refuse(f"the request has more than {_MOST_FIELDS} headers")
        elif self._request is None:
            self._fields.append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        """Hand out a request."""
        if self.is_over:
            return
        fields, parser = tuple(self._fields), self._parser
        version = _VERSIONS.get(parser.get_http_version())
        if version is None:
            self._refuse("the request should be in HTTP/1.1")
            return
        headers = headers_of(fields)
        if (problem := _doubt_about(headers)) is not None:
            self._refuse(problem)
            return
        framing = _framing(headers)
        self._request = Request(
            parser.get_method().decode("ascii"),
            self._url.decode("utf-8", _KEPT),
            version,
            fields,
            headers,
            framing,
            Body(self._hold, self._let_go, whole=framing is Framing.NONE),
        )
        self._request.keeps_alive = parser.should_keep_alive() and not parser.should_upgrade()
        self.requests.append(self._request)

    def on_body(self, piece: bytes) -> None:
        """Hand out a piece of a body."""
        self._between = 0
        if self._request is not None:
            self._request.body.came(piece)

    def on_message_complete(self) -> None:
        """End a request, but for one whose body httptools leaves out; while none comes, nothing of the last is kept."""
        if self._request is None or (self._parser.should_upgrade() and self._request.framing is not Framing.NONE):
            return
        self._request.body.end()
        self._is_over = not self._request.keeps_alive
        self._request = None
        self._url, self._fields = b"", []
        self._between = 0


class _BodyOf:
    """What httptools calls while it reads a body alone."""

    def __init__(self, reader: RequestReader) -> None:
        self.on_body = reader.on_body
        self.on_message_complete = reader.on_message_complete


def _doubt_about(headers: CIMultiDictProxy[str]) -> str | None:
    """Say what is wrong with a request that httptools can read, and that another server might read otherwise."""
    hosts = headers.getall("Host", ("",))
    if len(hosts) > 1 or _HOST.match(hosts[0]) is None:
        return "the header Host is not a host with or without a port"
    if len(headers.getall("Content-Type", ())) > 1:  # of two, the check looks at the one, and a provider at either
        return "the header Content-Type is there more than once"
    if len(headers.get("Content-Length", "").lstrip("0")) > _MOST_DIGITS:
        return "the header Content-Length is too large"
    return None


def _framing(headers: CIMultiDictProxy[str]) -> Framing:
    if "Transfer-Encoding" in headers:
        return Framing.CHUNKED
    return Framing.LENGTH if headers.get("Content-Length", "0").strip("0") else Framing.NONE
