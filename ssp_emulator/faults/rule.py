"""A fault rule: which requests it is about, which of those it hits, and what happens to them; frozen, valid whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ssp_emulator.faults.effects import AnyEffect
from ssp_emulator.faults.effects.editing import FieldName
from ssp_emulator.faults.effects.effect import Stage
from ssp_emulator.hints import hint

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?\Z")
_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?\Z")
_RIGHT_NAME = 'should be 1 to 64 lower-case letters, digits, dots, hyphens or underscores, as in "slow-documents"'
_RIGHT_MOMENT = (
    'should be a time of day in UTC, as in "22:30" with its quotes, or a moment, as in "2026-11-22T22:30:00Z"'
)
# A moment's beginning, as any form of ISO 8601 has it.
_MOMENT = re.compile(rf"{_OF_DAY.pattern}|[0-9]{{4}}-?[0-9W].*\Z")
_LONGEST_PATTERN = 500
_MOST_ANY_ONE = 20  # each costs a look at every place of a text
_MOST_FIELDS = 50
_MOST = 1_000_000_000


def _name(text: str) -> str:
    if not _NAME.match(text):
        raise ValueError(f"{_RIGHT_NAME}, found {text!r}")
    return text


def _glob(text: str) -> str:
    if text.count("?") > _MOST_ANY_ONE:
        raise ValueError(f"should have at most {_MOST_ANY_ONE} question marks, found {text.count('?')}")
    return text


def _moment(value: object) -> object:
    """Read a moment: a time of day in UTC, or a date and time with its offset. YAML reads the latter by itself."""
    if isinstance(value, str) and _OF_DAY.match(value):
        return time.fromisoformat(value)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # too much of an offset for the first or the last day that there is
        pass
    raise ValueError(f"{_RIGHT_MOMENT}, found {value!r}")


Name = Annotated[str, AfterValidator(_name), hint(_NAME, _RIGHT_NAME)]
Glob = Annotated[str, Field(max_length=_LONGEST_PATTERN), AfterValidator(_glob)]
Moment = Annotated[time | datetime, BeforeValidator(_moment, json_schema_input_type=str), hint(_MOMENT, _RIGHT_MOMENT)]
Count = Annotated[int, Field(ge=0, le=_MOST)]


class Part(BaseModel):
    """A part of a rule: frozen, strict, and with no key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, populate_by_name=True)


class Match(Part):
    """Which requests a rule is about: every pattern has to match. `*` stands for any characters, `?` for any one."""

    from_: Glob = Field(default="*", alias="from", description="`Ssp-From`, the sender's ASID")
    to: Glob = Field(default="*", description="`Ssp-To`, the receiver's ASID")
    interaction: Glob = Field(default="*", description="`Ssp-InteractionID`")
    method: Glob = Field(default="*", description="the method")
    target: Glob = Field(default="*", description="the provider's URL as the proxy read it, with its query")
    trace_id: Glob = Field(default="*", description="`Ssp-TraceID`")
    header: dict[FieldName, Glob] = Field(
        default={},
        max_length=_MOST_FIELDS,
        description="header fields by name, case-insensitive; each must be there with a value that matches",
    )
    organisation: Glob = Field(default="*", description="the ODS code of the sender's or the receiver's organisation")
    client: Glob = Field(default="*", description="the consumer's IP address")
    sni: Annotated[Glob, AfterValidator(str.lower)] = Field(
        default="*", description="the host name that the consumer asked for in its TLS handshake"
    )

    @property
    def patterns(self) -> dict[str, str]:
        """Each pattern that does not match everything, by its key; not those of `header`."""
        said = self.model_dump(by_alias=True, exclude={"header"})
        return {key: pattern for key, pattern in said.items() if pattern != "*"}


class Window(Part):
    """From when until when a rule is in force: moments, or times of day, each day anew and over midnight if need be."""

    from_: Moment | None = Field(default=None, alias="from", description="the start, which is in the window")
    until: Moment | None = Field(default=None, description="the end, which is not")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        begin, end = self.from_, self.until
        if begin is None and end is None:
            raise ValueError("should have from, until or both")
        if isinstance(begin, time) != isinstance(end, time):
            raise ValueError("should have two times of day, or moments only")
        if isinstance(begin, datetime) and isinstance(end, datetime) and begin >= end:
            raise ValueError("until should come after from")
        return self

    def contains(self, now: datetime) -> bool:
        """Tell whether a moment, in UTC, is in the window."""
        begin, end = self.from_, self.until
        if isinstance(begin, time) and isinstance(end, time):
            clock = now.time()
            return begin <= clock < end if begin < end else clock >= begin or clock < end
        return (not isinstance(begin, datetime) or begin <= now) and (not isinstance(end, datetime) or now < end)


class When(Part):
    """Which of the requests that match are hit; the first match has the count 1."""

    probability: Annotated[float, Field(ge=0, le=1)] = Field(default=1.0, description="how likely each is hit, 0 to 1")
    skip: Count = Field(default=0, description="how many matches pass first")
    times: Annotated[int, Field(ge=1, le=_MOST)] | None = Field(default=None, description="how many are hit in all")
    sequence: list[Literal["apply", "pass"]] | None = Field(
        default=None,
        min_length=1,
        max_length=10_000,
        description="`apply` or `pass` for each match in turn, in place of the three above",
    )
    repeat: bool = Field(default=False, description="whether the sequence starts again after its end; if not, all pass")
    window: Window | None = Field(default=None, description="when the rule is in force; outside of it nothing matches")
    ttl_s: Annotated[float, Field(gt=0, le=31_536_000)] | None = Field(
        default=None, description="seconds after which the rule ends by itself"
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(
        default=None, description="of this rule, in place of `faults.seed`"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.sequence is not None and {"probability", "skip", "times"} & self.model_fields_set:
            raise ValueError("should have a sequence, or probability, skip and times, and not both")
        if self.repeat and self.sequence is None:
            raise ValueError("repeat should stand beside a sequence only")
        return self


class Rule(Part):
    """One rule, by the name that the audit and a request know it by."""

    name: Name = Field(description="1 to 64 lower-case letters, digits, dots, hyphens and underscores")
    description: Annotated[str, Field(max_length=1000)] = Field(default="", description="for people")
    match: Match = Field(default=Match(), description="which requests it is about")
    when: When = Field(default=When(), description="which of them are hit")
    effect: AnyEffect = Field(description="what happens to them")

    @model_validator(mode="after")
    def _known_in_time(self) -> Self:
        if Stage.CONNECTION in self.effect.stages:
            late = [*(key for key in self.match.patterns if key not in ("client", "sni")), *self.match.header]
            if late:
                raise ValueError(
                    f"{self.effect.kind} happens before a request is read: match only client and sni, "
                    f"found {', '.join(late)}"
                )
        return self

    def written(self) -> dict[str, Any]:
        """Return the rule as JSON's types, with what is not the default."""
        said = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {**said, "effect": self.effect.written()}
