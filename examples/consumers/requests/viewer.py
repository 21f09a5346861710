"""An outpatient clinic's viewer: which documents the patient's practice has, and one of them to read."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from gp_connect_token import User, token_for
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

if TYPE_CHECKING:
    from pathlib import Path

_DOCUMENTS = "urn:nhs:names:services:gpconnect:documents:fhir:rest:"
_NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
# Nothing here changes anything at the practice, so whatever may be over in a moment is asked for again.
_RETRY = Retry(total=2, backoff_factor=0.05, status_forcelist=(502, 503, 504), raise_on_status=False)


@dataclass(frozen=True)
class Practice:
    """A practice, and how its system is reached: the Spine's URL, both ASIDs, and the service root URL."""

    spine_url: str
    from_asid: str
    to_asid: str
    service_root: str


@dataclass(frozen=True)
class Letter:
    """A document of a patient's; one that is too large for GP Connect has no `url`."""

    title: str
    media_type: str
    url: str | None


class NotShownError(Exception):
    """What the clinician is told where nothing can be shown."""


class Viewer:
    """Looks into one practice's documents. Takes the clinic's certificate, its key, and the chain that it trusts."""

    def __init__(self, practice: Practice, certificate: Path, key: Path, trust: Path, timeout_s: float = 5.0) -> None:
        self._practice = practice
        self._timeout_s = timeout_s
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cert = (str(certificate), str(key))
        self._session.verify = str(trust)
        self._session.mount("https://", HTTPAdapter(max_retries=_RETRY))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def letters(self, nhs_number: str) -> list[Letter]:
        """Return the documents of a patient, as the practice lists them. Raises `NotShownError`."""
        patients = self._asked("search:patient-1", f"/Patient?identifier={_NHS_NUMBER}%7C{nhs_number}")
        if not patients.get("entry"):
            raise NotShownError("The practice has no patient with this NHS number.")
        patient = patients["entry"][0]["resource"]["id"]
        query = "&".join(
            f"_include=DocumentReference:{each}"
            for each in ("subject:Patient", "custodian:Organization", "author:Organization", "author:Practitioner")
        )
        path = f"/Patient/{patient}/DocumentReference?{query}&_revinclude:recurse=PractitionerRole:practitioner"
        found = self._asked("search:documentreference-1", path)
        resources = (entry["resource"] for entry in found.get("entry", ()))
        return [_letter(each) for each in resources if each["resourceType"] == "DocumentReference"]

    def read(self, letter: Letter) -> bytes:
        """Return what is in a document. Raises `NotShownError`."""
        if letter.url is None:
            raise NotShownError("This document is too large to be shown; ask the practice for it.")
        binary = self._asked("read:binary-1", letter.url.removeprefix(self._practice.service_root))
        return base64.b64decode(binary["content"], validate=True)

    def _asked(self, interaction: str, path: str) -> Any:
        practice = self._practice
        headers = {
            "Accept": "application/fhir+json",
            "Ssp-TraceID": str(uuid.uuid4()),
            "Ssp-From": practice.from_asid,
            "Ssp-To": practice.to_asid,
            "Ssp-InteractionID": _DOCUMENTS + interaction,
            "Authorization": f"Bearer {token_for(practice.service_root, 'patient/*.read', User())}",
        }
        url = f"{practice.spine_url}/{practice.service_root}{path}"
        try:
            answer = self._session.get(url, headers=headers, timeout=self._timeout_s)
            if answer.status_code == requests.codes.forbidden:
                raise NotShownError("The practice does not share this patient's documents.")
            if answer.status_code == requests.codes.not_found:
                raise NotShownError("The practice does not have this document any more.")
            answer.raise_for_status()
            return answer.json()
        except requests.RequestException as error:
            raise NotShownError("The practice cannot be reached just now; try again later.") from error


def _letter(reference: dict[str, Any]) -> Letter:
    attachment = reference["content"][0]["attachment"]
    return Letter(reference.get("description", "Document"), attachment["contentType"], attachment.get("url"))
