from __future__ import annotations

import pytest

from ssp_emulator.pki.errors import PkiError
from ssp_emulator.pki.names import Names, valid_fqdn

_LABEL_63 = "a" * 63
_NAME_253 = ".".join([_LABEL_63, _LABEL_63, _LABEL_63, "a" * 61])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("gp.example.nhs.uk", "gp.example.nhs.uk"),
        ("GP.Example.NHS.uk", "gp.example.nhs.uk"),
        ("3com.example", "3com.example"),
        ("a-b--c.example", "a-b--c.example"),
        ("provider", "provider"),
        (f"{_LABEL_63}.uk", f"{_LABEL_63}.uk"),
        (_NAME_253, _NAME_253),
    ],
)
def test_a_host_name_is_taken_in_lower_case(text: str, name: str) -> None:
    assert valid_fqdn(text) == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the label ''"),
        ("gp.example.", "the label ''"),
        (".example", "the label ''"),
        ("..", "the label ''"),
        ("../../etc/passwd", "the label ''"),
        ("a/b.example", "the label 'a/b'"),
        ("a\\b.example", "the label 'a\\\\\\\\b'"),
        ("a\0.example", "the label 'a"),
        ("gp.example\n", r"the label 'example\\n'"),
        ("-gp.example", "the label '-gp'"),
        ("gp-.example", "the label 'gp-'"),
        ("under_score.example", "the label 'under_score'"),
        ("käse.example", "the label 'käse'"),
        ("gp example", "the label 'gp example'"),
        ("a" * 64 + ".uk", "the label 'aaa"),
        ("*.example.nhs.uk", "has a wildcard"),
        ("127.0.0.1", "ends in a number"),
        ("::1", "the label '::1'"),
        (_NAME_253 + "a", "254 characters, at most 253"),
    ],
)
def test_anything_else_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(PkiError, match=reason):
        valid_fqdn(text)


def test_the_parties_have_names_of_their_own() -> None:
    assert Names() == Names("ssp.example.nhs.uk", "consumer.example.nhs.uk", "gp.example.nhs.uk")


def test_a_party_with_a_bad_name_is_refused() -> None:
    with pytest.raises(PkiError, match="has a wildcard"):
        Names(provider="*.nhs.uk")
