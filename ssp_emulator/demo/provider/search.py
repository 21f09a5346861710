"""The query of a search for a patient's documents, and which documents it matches.

Source: GP Connect Access Document 1.6.2, "Search for a patient's documents".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssp_emulator.demo.provider.errors import invalid_parameter
from ssp_emulator.demo.provider.model import Organisation
from ssp_emulator.demo.provider.periods import Period, read_period
from ssp_emulator.demo.provider.resources import ODS_SYSTEM

if TYPE_CHECKING:
    from multidict import MultiMapping

    from ssp_emulator.demo.provider.model import Document

INCLUDES = (
    "DocumentReference:subject:Patient",
    "DocumentReference:custodian:Organization",
    "DocumentReference:author:Organization",
    "DocumentReference:author:Practitioner",
)
REVINCLUDE = "PractitionerRole:practitioner"

_ODS_CODE = re.compile(r"[A-Za-z0-9]{3,12}")


@dataclass(frozen=True)
class DocumentSearch:
    """What the documents have to be like: created in a range, by certain authors, described in certain words."""

    not_before: Period | None = None
    not_after: Period | None = None
    authors: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def matches(self, document: Document) -> bool:
        """Tell whether a document meets all conditions."""
        return self._by_date(document) and self._by_author(document) and self._by_words(document)

    def _by_date(self, document: Document) -> bool:
        created = read_period(document.created or document.indexed)
        if self.not_before is not None and not created.reaches(self.not_before):
            return False
        return self.not_after is None or created.begins_within(self.not_after)

    def _by_author(self, document: Document) -> bool:
        codes = {author.ods_code for author in document.authors if isinstance(author, Organisation)}
        return codes.issuperset(self.authors)

    def _by_words(self, document: Document) -> bool:
        texts = (document.description.casefold(), document.type_name.casefold())
        return all(any(words in text for text in texts) for words in self.words)


def read_search(query: MultiMapping[str]) -> DocumentSearch:
    """Read the query of a search for documents.

    The five includes are mandatory. `created` is given with `ge`, with `le`, or once with each; `author` is an
    ODS code with its system; `description` is found anywhere in a document's description or type, whatever
    the case. Parameters that the specification does not have are passed over.
    Raises ProviderError, INVALID_PARAMETER, naming the parameter that is at fault.
    """
    _check_includes(query)
    bounds = _bounds(query.getall("created", []))
    return DocumentSearch(
        not_before=bounds.get("ge"),
        not_after=bounds.get("le"),
        authors=tuple(_ods_code(value) for value in query.getall("author", [])),
        words=tuple(value.strip().casefold() for value in query.getall("description", [])),
    )


def _check_includes(query: MultiMapping[str]) -> None:
    given = query.getall("_include", [])
    for include in INCLUDES:
        if include not in given:
            raise invalid_parameter("_include", f"is missing with the value {include}.")
    if REVINCLUDE not in query.getall("_revinclude:recurse", []):
        raise invalid_parameter("_revinclude:recurse", f"is missing with the value {REVINCLUDE}.")


def _bounds(values: list[str]) -> dict[str, Period]:
    bounds: dict[str, Period] = {}
    for value in values:
        prefix, date = value[:2], value[2:]
        if prefix not in ("ge", "le"):
            raise invalid_parameter("created", "must have the prefix ge or le.")
        if prefix in bounds:
            raise invalid_parameter("created", f"is given more than once with the prefix {prefix}.")
        try:
            bounds[prefix] = read_period(date)
        except ValueError:
            raise invalid_parameter("created", "has no valid date after its prefix.") from None
    return bounds


def _ods_code(author: str) -> str:
    system, _, code = author.partition("|")
    if system != ODS_SYSTEM or not _ODS_CODE.fullmatch(code):
        raise invalid_parameter("author", f"must be {ODS_SYSTEM}|[ODS code].")
    return code.upper()
