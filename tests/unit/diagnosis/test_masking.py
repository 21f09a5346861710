"""Secrets are taken out of what is said, and what only looks a little like one stays."""

from __future__ import annotations

import hashlib
import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssp_emulator.diagnosis.masking import MASKED, Mask

KEY = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
TOKEN = "aVeryGood-Token_of_ours"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"found {KEY!r}", KEY.splitlines()[1]),
        (f"a line of it: {KEY.splitlines()[1]}", KEY.splitlines()[1]),
        (f"the token is {TOKEN}.", TOKEN),
        ("https://user:s3cret@host/path", "s3cret"),
        ("redis://:p@ss/word@host", "p@ss/word"),
        ("connect_to: should be host:port, found 'user:s3cret@host:99'", "s3cret"),
        ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
        ("eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.", "eyJpc3MiOiJ4In0"),
        ("emulator.yaml:3: admin.token: should be text, found [hunter2]", "hunter2"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "MIIB"),
        ("-----BEGIN CERTIFICATE-----\nMIIB, and no more of it", "MIIB"),
    ],
    ids=[
        "a key",
        "a line of a key",
        "a known token",
        "a password",
        "another",
        "before a host",
        "bearer",
        "a JWT",
        "in a key",
        "PEM",
        "a part of PEM",
    ],
)
def test_a_secret_is_masked_wherever_it_stands(text: str, secret: str) -> None:
    mask = Mask([TOKEN])
    assert secret in text
    assert secret not in mask(text)
    assert MASKED in mask(text) or "a private key" in mask(text)
    assert secret not in str(mask({"list": [text], "nested": {text: text}, "tuple": (text,)}))


@pytest.mark.parametrize(
    "text",
    [
        hashlib.sha256(b"x").hexdigest(),
        "/tmp/pytest-of-root/pytest-12/popen-gw0/test_something_that_is_quite_long_0/certs/ssp/server.crt",
        "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents",
        "CN=NHS Level 1D - SubCA - Emulated,OU=Emulated,O=nhs",
        "57A5F6C3F73D83504EE2FF0E64821E738F8F42B0",
        "proxy.listen: should be host:port, found '8443'",
        "gp.example.nhs.uk at localhost:9443: its certificate is of somebody@example.nhs.uk",
    ],
)
def test_what_is_no_secret_is_said(text: str) -> None:
    assert Mask([TOKEN, ""])(text) == text


@pytest.mark.parametrize("known", [[TOKEN[:9], TOKEN], [TOKEN, TOKEN[:9]]])
def test_of_a_secret_that_begins_as_another_does_nothing_is_left(known: list[str]) -> None:
    assert Mask(known)(f"{TOKEN} and {TOKEN[:9]}") == f"{MASKED} and {MASKED}"


def test_what_is_no_text_stays_as_it_is() -> None:
    value = {"number": 3, "none": None, "true": True, "half": 0.5}
    assert Mask([secrets.token_hex()])(value) == value
