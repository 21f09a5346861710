"""What a well-formed token is, and which scope opens confidential documents."""

from __future__ import annotations

import base64
import json

import pytest

from ssp_emulator.demo.provider.bearer import read_claims, shows_confidential


def part(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


HEADER = part({"alg": "none", "typ": "JWT"})
CLAIMS = part({"requested_scope": "patient/*.read"})


@pytest.mark.parametrize(
    "value",
    [
        f"Bearer {HEADER}.{CLAIMS}.",
        f"bearer {HEADER}.{CLAIMS}.",
        f"Bearer  {HEADER}.{CLAIMS}.",
        f"Bearer {HEADER}.{CLAIMS}.{part(b'signature')}",
    ],
)
def test_reads_the_claims_of_a_well_formed_token(value: str) -> None:
    assert read_claims(value) == {"requested_scope": "patient/*.read"}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (f"{HEADER}.{CLAIMS}.", "the scheme is not Bearer"),
        (f"Basic {HEADER}.{CLAIMS}.", "the scheme is not Bearer"),
        ("Bearer", "the token is not three parts joined by dots"),
        (f"Bearer {HEADER}.{CLAIMS}", "the token is not three parts joined by dots"),
        (f"Bearer {HEADER}.{CLAIMS}..", "the token is not three parts joined by dots"),
        (f"Bearer {HEADER}.{CLAIMS}.a", "the token's third part is not base64url"),
        (f"Bearer !.{CLAIMS}.", "the token's first part is not base64url"),
        (f"Bearer {HEADER}=.{CLAIMS}.", "the token's first part is not base64url"),
        (f"Bearer .{CLAIMS}.", "the token's first part is not JSON"),
        (f"Bearer {HEADER}.{part(b'not json')}.", "the token's second part is not JSON"),
        (f"Bearer {HEADER}.{part(bytes([255, 254, 253]))}.", "the token's second part is not JSON"),
        (f"Bearer {HEADER}.{part(b'[' * 100_000)}.", "the token's second part is not JSON"),
        (f"Bearer {part([])}.{CLAIMS}.", "the token's first part is not a JSON object"),
        (f"Bearer {HEADER}.{part('text')}.", "the token's second part is not a JSON object"),
    ],
)
def test_says_what_is_wrong_with_any_other(value: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        read_claims(value)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        ({"requested_scope": "patient/*.read conf/R"}, True),
        ({"requested_scope": "conf/R patient/*.read"}, True),
        ({"requested_scope": "patient/*.read conf/N"}, False),
        ({"requested_scope": "patient/*.read"}, False),
        ({"requested_scope": "patient/*.read conf/Rx"}, False),
        ({"requested_scope": ["conf/R"]}, False),
        ({}, False),
    ],
)
def test_only_conf_r_shows_confidential_documents(claims: dict[str, object], shown: bool) -> None:
    assert shows_confidential(claims) is shown
