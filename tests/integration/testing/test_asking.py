"""Token, headers and URL: what a consumer would send, with what a test wants otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssp_emulator.testing.errors import AskingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import requests

    from ssp_emulator.testing.ssp import Ssp

ROOT = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False, "verify_aud": False})


def test_a_token_is_for_the_provider_and_with_the_claims_of_the_test(ssp: Ssp) -> None:
    said = claims(ssp.token(claims={"reason_for_request": "migration", "sub": None}))

    assert (said["aud"], said["reason_for_request"], "sub" in said) == (ROOT, "migration", False)
    assert said["exp"] - said["iat"] == 300


def test_a_token_has_the_scope_of_its_interaction(ssp: Ssp) -> None:
    said = claims(ssp.token("fhir:rest:search:slot-1"))

    assert said["requested_scope"] == "organization/*.read"


@pytest.mark.parametrize("form", ["path", "name", "bytes", "text"])
def test_a_token_is_signed_where_there_is_a_key(ssp: Ssp, tmp_path: Path, form: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = tmp_path / "consumer.key"
    path.write_bytes(pem)
    said: dict[str, Any] = {"path": path, "name": str(path), "bytes": pem, "text": pem.decode()}

    token = ssp.token(sign_key=said[form])

    assert jwt.decode(token, key.public_key(), algorithms=["ES256"], audience=ROOT)["sub"] == "1"


def test_a_key_s_file_that_cannot_be_read_is_named(ssp: Ssp, tmp_path: Path) -> None:
    with pytest.raises(AskingError, match=r"^the key to sign with cannot be read: no such file .*none.key"):
        ssp.token(sign_key=tmp_path / "none.key")


def test_a_key_that_cannot_sign_is_not_repeated(ssp: Ssp) -> None:
    with pytest.raises(AskingError, match="the key to sign with should be a private key") as raised:
        ssp.token(sign_key="my secret")

    assert "my secret" not in str(raised.value)


def test_a_token_that_is_out_of_date_is_refused(ssp: Ssp, retrieve: Callable[..., requests.Response]) -> None:
    token = ssp.token(claims={"iat": 1_500_000_000, "exp": 1_500_000_300})

    assert retrieve(token=token).status_code == 400
    (exchange,) = ssp.assert_exchanged(times=1, status=400, denial="bad-request")
    assert exchange.remedy is not None


def test_headers_name_the_parties_and_a_new_trace_each_time(ssp: Ssp) -> None:
    first, second = ssp.headers(), ssp.headers()

    assert first["Ssp-TraceID"] != second["Ssp-TraceID"]
    assert (first["Ssp-From"], first["Ssp-To"]) == (ssp.from_asid(), ssp.to_asid()) == ("200000000115", "200000000116")
    assert ssp.headers(trace_id="x", to_asid="200000000117", token="t").items() >= {
        ("Ssp-TraceID", "x"),
        ("Ssp-To", "200000000117"),
        ("Authorization", "Bearer t"),
    }


def test_urls_lead_through_the_proxy(ssp: Ssp) -> None:
    assert ssp.url_for(resource_id="a/b") == f"{ssp.url}/{ROOT}/Binary/a%2Fb"
    assert ssp.url_for("documents:fhir:rest:search:patient-1", nhs_number="9000000009").endswith(
        "/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C9000000009"
    )
    assert ssp.service_root() == ROOT
    assert ssp.service_root(to_asid="200000000117") == ROOT.replace("A20047", "A20048")
    assert ssp.service_root("fhir:rest:search:slot-1") == "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (lambda ssp: ssp.url_for(), r"asks for /Binary/\{id\}: say which with resource_id"),
        (lambda ssp: ssp.url_for("documents:fhir:rest:search:patient-1"), "finds a patient: say which with nhs_number"),
        (lambda ssp: ssp.url_for("documents:nothing"), "documents:nothing is not a known interaction; these are"),
        (lambda ssp: ssp.token(to_asid="1"), "1 is the ASID of no system in the registry"),
    ],
)
def test_what_cannot_be_had_is_said(ssp: Ssp, asked: Callable[[Ssp], object], why: str) -> None:
    with pytest.raises(AskingError, match=why):
        asked(ssp)
