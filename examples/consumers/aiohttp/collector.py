"""A service that collects all documents of a patient at once, for a shared record."""

from __future__ import annotations

import asyncio
import base64
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
from gp_connect_token import User, token_for
from yarl import URL

if TYPE_CHECKING:
    import ssl
    from types import TracebackType
    from typing import Self

_DOCUMENTS = "urn:nhs:names:services:gpconnect:documents:fhir:rest:"
_AGAIN = frozenset({502, 503, 504})
_AT_ONCE = 4
_BACK_OFF_S = 0.05


@dataclass(frozen=True)
class Provider:
    """Whom to ask, as whom, and where."""

    spine_url: str
    from_asid: str
    to_asid: str
    service_root: str


@dataclass(frozen=True)
class Collected:
    """A document, or why it is not there."""

    id: str
    content: bytes | None = None
    reason: str | None = None


class CollectingError(Exception):
    """Nothing could be collected."""


class Collector:
    """Collects from one provider, as an async context manager; `tls` shows our certificate.

    A request may take `patience_s` seconds, all its tries together.
    """

    def __init__(self, provider: Provider, tls: ssl.SSLContext, *, patience_s: float = 10.0, tries: int = 2) -> None:
        self._provider = provider
        self._tls = tls
        self._patience_s = patience_s
        self._tries = tries
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self._tls))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def collect(self, nhs_number: str) -> list[Collected]:
        """Return every document of a patient that can be had, and each that cannot. Raises `CollectingError`."""
        found = await self._asked(
            "search:patient-1", f"/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C{nhs_number}"
        )
        patients = [entry["resource"]["id"] for entry in found.get("entry", ())]
        if len(patients) != 1:
            raise CollectingError(f"{len(patients)} patients have this NHS number")
        listed = await self._asked(
            "search:documentreference-1", f"/Patient/{patients[0]}/DocumentReference?{_INCLUDES}"
        )
        resources = (entry["resource"] for entry in listed.get("entry", ()))
        urls = [_url(each) for each in resources if each["resourceType"] == "DocumentReference"]
        return list(await asyncio.gather(*(self._document(url) for url in urls if url is not None)))

    async def _document(self, url: str) -> Collected:
        path = url.removeprefix(self._provider.service_root)
        name = path.removeprefix("/Binary/")
        try:
            async with self._room:
                binary = await self._asked("read:binary-1", path)
            return Collected(name, base64.b64decode(binary["content"], validate=True))
        except CollectingError as error:
            return Collected(name, reason=str(error))

    async def _asked(self, interaction: str, path: str) -> Any:
        url = URL(f"{self._provider.spine_url}/{self._provider.service_root}{path}", encoded=True)
        try:
            async with asyncio.timeout(self._patience_s):
                for last in [False] * (self._tries - 1) + [True]:
                    try:
                        async with self._session.get(url, headers=self._headers(interaction)) as answer:
                            if answer.ok:
                                return await answer.json(content_type="application/fhir+json")
                            if last or answer.status not in _AGAIN:
                                raise CollectingError(f"refused with {answer.status}")
                    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
                        if last:
                            raise CollectingError("the connection broke off") from error
                    await asyncio.sleep(_BACK_OFF_S)
        except TimeoutError as error:
            raise CollectingError(f"no answer within {self._patience_s:g} s") from error
        except (aiohttp.ContentTypeError, ValueError) as error:
            raise CollectingError("the answer is no FHIR") from error
        raise AssertionError("the last try returns or raises")

    def _headers(self, interaction: str) -> dict[str, str]:
        provider = self._provider
        user = User(family="Service", given="Shared Record")
        return {
            "Accept": "application/fhir+json",
            "Ssp-TraceID": str(uuid.uuid4()),
            "Ssp-From": provider.from_asid,
            "Ssp-To": provider.to_asid,
            "Ssp-InteractionID": _DOCUMENTS + interaction,
            "Authorization": f"Bearer {token_for(provider.service_root, 'patient/*.read', user)}",
        }


_INCLUDES = "&".join(
    [
        "_include=DocumentReference:subject:Patient",
        "_include=DocumentReference:custodian:Organization",
        "_include=DocumentReference:author:Organization",
        "_include=DocumentReference:author:Practitioner",
        "_revinclude:recurse=PractitionerRole:practitioner",
    ]
)


def _url(reference: dict[str, Any]) -> str | None:
    return reference["content"][0]["attachment"].get("url")
