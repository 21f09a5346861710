"""The effects on the consumer's side of TLS: what they take, and what may be asked of rules that have them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from ssp_emulator.faults.effects.handshake_cut import HandshakeCut
from ssp_emulator.faults.effects.handshake_stall import HandshakeStall
from ssp_emulator.faults.effects.old_protocol import OldProtocol
from ssp_emulator.faults.effects.server_certificate import ServerCertificate
from ssp_emulator.faults.rule import Rule

EFFECTS = [ServerCertificate, OldProtocol, HandshakeStall, HandshakeCut]


def rule(effect: dict[str, Any], **match: Any) -> Rule:
    return Rule.model_validate({"name": "tls", "match": match, "effect": effect})


@pytest.mark.parametrize("effect", EFFECTS)
def test_the_example_is_a_rules_effect_that_may_match_what_is_known_by_then(effect: type[Any]) -> None:
    example = yaml.safe_load(effect.example)
    made = rule(example, client="127.0.0.*", sni="ssp.*")
    assert isinstance(made.effect, effect)
    assert made.written()["effect"] == example


@pytest.mark.parametrize("effect", EFFECTS)
def test_nothing_of_a_request_can_be_matched(effect: type[Any]) -> None:
    example = yaml.safe_load(effect.example)
    with pytest.raises(ValidationError, match=rf"{example['kind']} happens before a request is read.*found method"):
        rule(example, method="GET")


@pytest.mark.parametrize(
    ("effect", "where"),
    [
        ({"kind": "server-certificate"}, "fault"),
        ({"kind": "server-certificate", "fault": "weak"}, "fault"),
        ({"kind": "old-protocol", "version": "TLSv1.2"}, "version"),
        ({"kind": "old-protocol", "version": "SSLv3"}, "version"),
        ({"kind": "handshake-stall", "delay_ms": 1}, "delay_ms"),
        ({"kind": "handshake-cut", "after_bytes": -1}, "after_bytes"),
        ({"kind": "handshake-cut", "after_bytes": 65_537}, "after_bytes"),
        ({"kind": "handshake-cut", "after_bytes": 1.5}, "after_bytes"),
        ({"kind": "handshake-cut", "how": "drop"}, "how"),
    ],
)
def test_what_is_out_of_range_is_refused_by_its_key(effect: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationError) as refused:
        rule(effect)
    assert [error["loc"][-1] for error in refused.value.errors()] == [where]
