"""A hospital's discharge desk: fetches the last letters of a patient for the ward, and says what is missing."""

from __future__ import annotations

import base64
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from gp_connect_token import User, token_for

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator

_DOCUMENTS = "urn:nhs:names:services:gpconnect:documents:fhir:rest:"
_AGAIN = frozenset({429, 502, 503, 504})
_TRIES = 3
_LONGEST_WAIT_S = 2.0


@dataclass(frozen=True)
class Place:
    """Where a practice is: its ASID, and its service root URL."""

    asid: str
    service_root: str


@dataclass
class Folder:
    """What the ward gets: documents by their title, and why others are not there."""

    documents: dict[str, bytes] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


class PracticeError(Exception):
    """The practice, or the Spine, has not answered as it should; `code` is the Spine's, where it gave one."""

    def __init__(self, text: str, code: str | None = None) -> None:
        super().__init__(text)
        self.code = code


class _SpineHeaders(httpx.Auth):
    """Puts on each request, and on each further try, a trace ID and a token of its own."""

    def __init__(self, asid: str, place: Place) -> None:
        self._asid = asid
        self._place = place

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Ssp-TraceID"] = str(uuid.uuid4())
        request.headers["Ssp-From"] = self._asid
        request.headers["Ssp-To"] = self._place.asid
        token = token_for(self._place.service_root, "patient/*.read", User(family="Lindqvist", given="Sara"))
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


class DischargeDesk:
    """Asks one practice through the Spine. Takes what shows the hospital's certificate, and how to wait (seconds)."""

    def __init__(
        self,
        spine_url: str,
        asid: str,
        place: Place,
        tls: ssl.SSLContext,
        *,
        timeout_s: float = 5.0,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base = f"{spine_url}/{place.service_root}"
        self._wait = wait
        headers = {"Accept": "application/fhir+json"}
        auth = _SpineHeaders(asid, place)
        self._client = httpx.Client(verify=tls, auth=auth, headers=headers, timeout=timeout_s, trust_env=False)
        self._root = place.service_root

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def folder(self, nhs_number: str, media_types: frozenset[str]) -> Folder:
        """Return the documents of a patient that are of some media types. Raises `PracticeError`."""
        folder = Folder()
        for reference in self._references(nhs_number):
            attachment = reference["content"][0]["attachment"]
            title = reference["description"]
            if attachment["contentType"] not in media_types:
                continue
            if "url" not in attachment:
                folder.missing[title] = attachment["title"]
                continue
            try:
                binary = self._get("read:binary-1", attachment["url"].removeprefix(self._root))
                folder.documents[title] = base64.b64decode(binary["content"], validate=True)
            except PracticeError as error:
                folder.missing[title] = str(error)
        return folder

    def _references(self, nhs_number: str) -> list[dict[str, Any]]:
        identifier = f"https://fhir.nhs.uk/Id/nhs-number%7C{nhs_number}"
        patients = self._get("search:patient-1", f"/Patient?identifier={identifier}")
        if patients["total"] != 1:
            raise PracticeError("the practice does not know this patient")
        patient = patients["entry"][0]["resource"]["id"]
        query = (
            "_include=DocumentReference:subject:Patient&_include=DocumentReference:custodian:Organization"
            "&_include=DocumentReference:author:Organization&_include=DocumentReference:author:Practitioner"
            "&_revinclude:recurse=PractitionerRole:practitioner"
        )
        bundle = self._get("search:documentreference-1", f"/Patient/{patient}/DocumentReference?{query}")
        resources = [entry["resource"] for entry in bundle["entry"]]
        return [each for each in resources if each["resourceType"] == "DocumentReference"]

    def _get(self, interaction: str, path: str) -> Any:
        headers = {"Ssp-InteractionID": _DOCUMENTS + interaction}
        for tries_left in reversed(range(_TRIES)):
            try:
                answer = self._client.get(self._base + path, headers=headers)
                if answer.is_success:
                    return answer.json()
            except httpx.TransportError as error:
                if not tries_left:
                    raise PracticeError("the practice could not be reached") from error
                self._wait(0.05)
                continue
            except ValueError as error:  # neither JSON, nor another try's worth
                raise PracticeError("the practice answered something that cannot be read") from error
            if answer.status_code not in _AGAIN or not tries_left:
                raise _refusal(answer)
            self._wait(min(float(answer.headers.get("Retry-After", 0.05)), _LONGEST_WAIT_S))
        raise AssertionError("the last try returns or raises")


def _refusal(answer: httpx.Response) -> PracticeError:
    try:
        coding = answer.json()["issue"][0]["details"]["coding"][0]
        return PracticeError(f"the practice refused: {coding['display']}", coding["code"])
    except (ValueError, LookupError, TypeError):
        return PracticeError(f"the practice answered {answer.status_code}")
