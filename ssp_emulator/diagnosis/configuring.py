"""Configuration: the files, what is wrong in them, and every setting that is not the default's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ssp_emulator.admin.examining import examine_admin
from ssp_emulator.diagnosis.masking import MASKED
from ssp_emulator.errors import SetupError
from ssp_emulator.faults.scenario import read_all
from ssp_emulator.located import InvalidFileError
from ssp_emulator.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.diagnosis.findings import Section
    from ssp_emulator.diagnosis.subject import Subject

_MOST = 20  # problems of one file that are told of
_CHECK = "put it right; `ssp-emulator check` names each problem with its line"


def configuring(subject: Subject, section: Section) -> None:
    """Say what is configured."""
    section.facts |= {"file": str(subject.path.absolute()), "valid": not subject.broken}
    section.facts["environment"] = sorted(name for name in subject.environment if name.startswith("SSP_"))
    if subject.broken:
        _tell(section, subject.broken)
        section.warn("what follows looks at the defaults, as the configuration cannot be used")
    else:
        section.ok(f"{subject.path} is valid in itself")
    changed = section.facts["settings"] = dict(_changed(subject.settings))
    for key, value in changed.items():
        section.ok(f"set: {key} = {value}")
    _tell(section, [str(problem) for problem in subject.configuration.clashes()])
    _examine_admin(subject, section)
    _examine_registry(subject, section)
    _examine_scenarios(subject, section)


def _tell(section: Section, lines: tuple[str, ...] | list[str]) -> None:
    for line in lines[:_MOST]:
        section.problem(line, _CHECK)
    if len(lines) > _MOST:
        section.problem(f"and {len(lines) - _MOST} more", _CHECK)


def _changed(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Yield each setting that is not the default, by its dotted key; of rules and secrets only that they are there."""
    defaults = dict(_flat(Settings().model_dump()))
    for key, value in _flat(settings.model_dump()):
        if value == defaults.get(key):
            continue
        if key == "faults.rules":
            yield key, f"{len(value)} rules"
        elif key == "admin.token":
            yield key, f"a file {MASKED}"
        else:
            yield key, _plain(value)


def _flat(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        key = f"{above}{name}"
        if isinstance(value, dict) and name != "asids":
            yield from _flat(value, f"{key}.")
        else:
            yield key, value


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list):
        return [str(each) for each in value]
    return value


def _examine_admin(subject: Subject, section: Section) -> None:
    try:
        examine_admin(subject.configuration, os.environ)
    except SetupError as error:
        _tell(section, error.lines)


def _examine_registry(subject: Subject, section: Section) -> None:
    path = subject.configuration.path(subject.settings.registry)
    section.facts["registry"] = {"file": str(path)}
    try:
        directory = subject.registry.get().directory
    except SetupError as error:
        _tell(section, error.lines)
    except TimeoutError as error:
        section.warn(f"the registry {path} was not read to its end: {error}")
    else:
        counts = {"systems": len(directory.systems), "agreements": sum(1 for _ in directory.agreements)}
        section.facts["registry"] |= counts
        section.ok(f"{path}: {counts['systems']} systems, {counts['agreements']} agreements")


def _examine_scenarios(subject: Subject, section: Section) -> None:
    for each in read_all(subject.configuration.fault_context):
        if isinstance(each, InvalidFileError):
            _tell(section, each.lines)
