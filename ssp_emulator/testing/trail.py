"""The trail: the exchanges since a test began, and what to say where they are not as the test expects."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypedDict
from urllib.parse import urlencode

from ssp_emulator.audit.record import time_text
from ssp_emulator.cli.calling import RefusedError, UnansweredError
from ssp_emulator.testing.errors import AskingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ssp_emulator.testing.emulated import Emulated
    from ssp_emulator.testing.faulting import Fault

__tracebackhide__ = True  # what is wrong is the test's, and so pytest shows its line

SERVICES = ("proxy", "directory", "any")

_MOST = 1000  # in a page of the admin API's
_BETWEEN_S = 0.02
_INDEX_S = 30.0
_SHOWN = 20  # exchanges, in a message


class Filters(TypedDict, total=False):
    """Which exchanges are asked for; what is left out may be anything.

    `interaction` may have `*` for any characters, and its `urn:nhs:names:services:gpconnect:` may be left out; `status`
    is a number, or as "5xx"; `denial` is a reason's name (docs/refusals.md); `fault` is what `ssp.fault()` gives, or a
    rule's name. `service` says who was asked: the proxy where it is left out, the Spine Directory Service, or either.
    """

    trace_id: str
    interaction: str
    from_asid: str
    to_asid: str
    method: str
    status: int | str
    denial: str
    fault: Fault | str
    service: Literal["proxy", "directory", "any"]


@dataclass(frozen=True)
class Exchange:
    """One request, as the audit trail has it (docs/audit.md): `record` is all of it, and the rest what tests ask for.

    `denial` is the reason's name where the proxy itself refused (docs/refusals.md); `faults` are the names of the rules
    that fired; `explanation` is the record in plain words, and `remedy` what to change, where something is to be.
    """

    trace_id: str | None
    from_asid: str | None
    to_asid: str | None
    interaction: str | None
    method: str
    target: str
    status: int | None
    denial: str | None
    faults: tuple[str, ...]
    explanation: str
    remedy: str | None
    service: str
    record: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Exchange:
        """Read a record as the admin API tells it."""
        denial, explanation = record["denial"], record["explanation"]
        return cls(
            trace_id=record["trace_id"],
            from_asid=record["from"]["asid"],
            to_asid=record["to"]["asid"],
            interaction=record["interaction"],
            method=record["method"],
            target=record["target"],
            status=record["status"],
            denial=denial["reason"] if denial is not None else None,
            faults=tuple(fault["rule"] for fault in record["faults"]),
            explanation=explanation["summary"],
            remedy=explanation["remedy"],
            service=record["service"],
            record=record,
        )

    def __str__(self) -> str:
        said = [f"{self.status or '-'} {self.method} {self.target}", f"  trace ID {self.trace_id}: {self.explanation}"]
        return "\n".join([*said, f"  {self.remedy}"] if self.remedy else said)


class Trail:
    """The audit trail of an emulator, from now on."""

    def __init__(self, emulated: Emulated) -> None:
        self._emulated = emulated
        self._since: str | None = None
        self._before: set[tuple[int, int]] = set()
        self._begin()

    def exchanges(self, service: str = "any", rules: Sequence[str] = (), **filters: str) -> list[Exchange]:
        """Return the exchanges with a service, the oldest first; where rules are named, those that one fired on.

        Takes further filters as the admin API has them.

        Raises `AskingError` where one of them cannot be asked for.
        """
        records: list[Mapping[str, Any]] = []
        after = None
        made, until = 0, time.monotonic() + _INDEX_S
        while True:
            page = self._page({**filters, "limit": str(_MOST), **({"after": after} if after else {})})
            there = page["records"]
            # What there was when it was asked first is not to be missed; others' may come faster than they are indexed.
            made = made or there["kept"] + there["removed"]
            if there["kept"] + there["removed"] - there["behind"] < made:
                if time.monotonic() >= until:
                    raise AskingError(f"the audit trail's index has not caught up in {_INDEX_S:g} seconds")
                records, after = [], None
                time.sleep(_BETWEEN_S)
                continue
            records += page["exchanges"]
            if (after := page["next"]) is None:
                break
        new = (Exchange.of(each) for each in records if (each["worker"], each["sequence"]) not in self._before)
        of_service = (each for each in new if service in ("any", each.service))
        return [each for each in of_service if not rules or not set(rules).isdisjoint(each.faults)][::-1]

    def waited(self, number: int, within_s: float, **filters: Any) -> list[Exchange]:
        """Do the same once there are so many, or after so many seconds: what is broken off is recorded later."""
        until = time.monotonic() + within_s
        while True:
            found = self.exchanges(**filters)
            if len(found) >= number or time.monotonic() >= until:
                return found
            time.sleep(_BETWEEN_S)

    def _begin(self) -> None:
        """Take note of what is there already.

        By the emulator's own clock, which need not be ours: from its newest record on, but for those of that moment.
        Where it is ours, from now on: a request that the test before has left behind may be recorded any time.
        """
        newest = self._page({"limit": "1"})["exchanges"]
        moments = [each["time"] for each in newest]
        if self._emulated.is_ours:
            moments.append(time_text(datetime.now(UTC)))
        if moments:
            since = max(moments)
            known = self._page({"since": since, "limit": str(_MOST)})["exchanges"]
            self._before = {(each["worker"], each["sequence"]) for each in known}
            self._since = since

    def _page(self, query: Mapping[str, str]) -> Any:
        asked = {**({"since": self._since} if self._since is not None else {}), **query}
        try:
            return self._emulated.api.asked("GET", f"/exchanges?{urlencode(asked)}", expects="records")
        except (RefusedError, UnansweredError) as error:
            raise AskingError(f"the audit trail cannot be asked: {error}") from None


def not_as_expected(wanted: str, filters: Filters, found: list[Exchange], there: list[Exchange]) -> str:
    """Return what to say where so many exchanges were wanted, others were found, and these were there in all."""
    asked = ", ".join(f"{name} {_said(value)}" for name, value in filters.items())
    said = [f"expected {wanted}{f' with {asked}' if asked else ''}, found {len(found)}"]
    if not there:
        return f"{said[0]}; since the test began there has been none at all"
    shown = there[-_SHOWN:]
    left = f", the last {len(shown)} of which are" if len(shown) < len(there) else ""
    said.append(f"since the test began there have been {len(there)}{left}:")
    return "\n".join([*said, *map(str, shown)])


def _said(value: object) -> str:
    return repr(value.name) if hasattr(value, "name") else repr(value)
