"""Packing: what is in force comes out the same in another process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from support import setup, signing

from ssp_emulator.directory import loading
from ssp_emulator.faults.effects import ALL
from ssp_emulator.faults.effects.body import Body
from ssp_emulator.faults.effects.effect import Context
from ssp_emulator.faults.rule import Rule
from ssp_emulator.located import InvalidFileError
from ssp_emulator.plan import read_plan
from ssp_emulator.workers.packing import packed, unpacked

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Effect
    from ssp_emulator.pki.folder import CertificateFolder

SCENARIOS = Path(__file__).parents[3] / "config" / "scenarios"


def test_a_registry_is_the_same_with_the_keys_that_its_systems_sign_with() -> None:
    data = setup.registry(1)
    for system, key in zip(data["systems"], signing.KEYS.values(), strict=False):
        system["token_key"] = signing.public_pem(key)
    registry = loading.load(yaml.safe_dump(data), "registry.yaml")

    again = unpacked(packed(registry))

    assert list(again.directory.systems) == list(registry.directory.systems)
    assert all(system.token_key is not None for system in again.directory.systems)
    assert list(again.directory.agreements) == list(registry.directory.agreements)
    assert list(again.catalogue) == list(registry.catalogue)
    assert again.directory.agreement(setup.CONSUMER, setup.PROVIDER, setup.READ_BINARY) is not None


@pytest.mark.parametrize("effect", ALL, ids=lambda effect: effect.__name__)
def test_a_rule_is_the_same_with_any_effect(effect: type[Effect]) -> None:
    rule = Rule.model_validate(
        {"name": "it", "match": {"client": "127.*"}, "effect": yaml.safe_load(effect.example)},
        context=Context(SCENARIOS),
    )
    again = unpacked(packed(rule))

    assert again == rule
    assert again.written() == rule.written()


def test_a_body_from_a_file_needs_the_file_no_more(tmp_path: Path) -> None:
    (tmp_path / "it.txt").write_text("as it was")
    effect = {"kind": "body", "file": "it.txt"}
    rule = Rule.model_validate({"name": "it", "effect": effect}, context=Context(tmp_path))
    (tmp_path / "it.txt").unlink()

    again = unpacked(packed(rule)).effect

    assert isinstance(again, Body)
    assert again.__pydantic_private__ == rule.effect.__pydantic_private__ != {}


def test_a_plan_still_names_problems_with_their_lines(tmp_path: Path, certificates: CertificateFolder) -> None:
    plan = read_plan(setup.write(tmp_path, certificates, 1, workers=2))

    again = unpacked(packed(plan))

    assert again.configuration.settings == plan.configuration.settings
    here, there = (
        InvalidFileError([each.configuration.problem("proxy.tls.key", "is not good")]).lines for each in (plan, again)
    )
    assert here == there
    assert ":None" not in here[0]
