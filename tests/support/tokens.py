"""Valid tokens of the three dialects, to change one thing of; and how the proxy judged one that was sent through it.

Source: GP Connect 1.6.2 and 0.7.4, "Cross-organisation audit and provenance"; Spine Core, "Security guidance: JWT";
National Record Locator, "Audit and provenance".
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support import outcomes, setup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from support.running import Running
    from support.stub import StubProvider
    from support.wire import Wire

Claims = dict[str, Any]

UK, NET = "https://fhir.nhs.uk/Id", "http://fhir.nhs.net/Id"
AUTHORIZE = "https://authorize.fhir.nhs.net/token"
ISSUER = "https://consumer.example.nhs.uk"
USER, ROLE = "111111111111", "22222222222222"
SYSTEM = f"{UK}/accredited-system|{setup.CONSUMER}"
ROLE_PROFILE = f"{UK}/sds-role-profile-id|{ROLE}"
PATIENT, OLD_PATIENT = f"{UK}/nhs-number|9000000009", f"{NET}/nhs-number|9000000009"
HEADER: Mapping[str, Any] = {"alg": "none", "typ": "JWT"}


def gp_connect_1(now: float | None = None, *, root: str = setup.ROOT, scope: str = "patient/*.read") -> Claims:
    """Return the claims of a clinician of the consumer's; `now` is in Unix seconds, the clock's if it is left out."""
    return {
        **_common(now, subject="1", audience=root),
        "requested_scope": scope,
        "requesting_device": {
            "resourceType": "Device",
            "identifier": [{"system": f"{ISSUER}/Id/device", "value": "d1"}],
            "model": "Consumer",
            "version": "1.0",
        },
        "requesting_organization": {
            "resourceType": "Organization",
            "identifier": [{"system": f"{UK}/ods-organization-code", "value": "A1001"}],
            "name": "Example Hospital",
        },
        "requesting_practitioner": {
            "resourceType": "Practitioner",
            "id": "1",
            "identifier": [
                {"system": f"{UK}/sds-user-id", "value": USER},
                {"system": f"{UK}/sds-role-profile-id", "value": ROLE},
                {"system": f"{ISSUER}/Id/user", "value": "1"},
            ],
            "name": [{"family": "Lovelace", "given": ["Ada"], "prefix": ["Dr"]}],
        },
    }


def gp_connect_0(now: float | None = None) -> Claims:
    """Return the claims of the same clinician as DSTU2 writes them, with the patient whose record is asked for."""
    net = "http://fhir.nhs.net"  # DSTU2's users have systems without /Id/
    return {
        **gp_connect_1(now, root=AUTHORIZE),
        "requested_record": {
            "resourceType": "Patient",
            "identifier": [{"system": f"{NET}/nhs-number", "value": "9000000009"}],
        },
        "requesting_organization": {
            "resourceType": "Organization",
            "identifier": [{"system": f"{NET}/ods-organization-code", "value": "A1001"}],
            "name": "Example Hospital",
        },
        "requesting_practitioner": {
            "resourceType": "Practitioner",
            "id": "1",
            "identifier": [
                {"system": f"{net}/sds-user-id", "value": USER},
                {"system": f"{net}/sds-role-profile-id", "value": ROLE},
            ],
            "name": {"family": ["Lovelace"], "given": ["Ada"], "prefix": ["Dr"]},
        },
    }


def spine_core(now: float | None = None) -> Claims:
    """Return the claims of a user in a role, of an organisation, as the National Record Locator wants them."""
    return {
        **_common(now, subject=ROLE_PROFILE, audience=setup.NRL_ROOT),
        "scope": "patient/*.read",
        "requesting_system": SYSTEM,
        "requesting_organization": f"{UK}/ods-organization-code|A1001",
        "requesting_user": ROLE_PROFILE,
    }


def _common(now: float | None, *, subject: str, audience: str) -> Claims:
    issued = int(time.time() if now is None else now)
    claims = {"iss": ISSUER, "sub": subject, "aud": audience, "exp": issued + 300, "iat": issued}
    return {**claims, "reason_for_request": "directcare"}


def changed(claims: Claims, /, **changes: Any) -> Claims:
    """Return claims with some of them put in or replaced."""
    return {**claims, **changes}


def without(claims: Claims, *names: str) -> Claims:
    """Return claims with some of them taken out."""
    return {name: value for name, value in claims.items() if name not in names}


def within(claims: Claims, name: str, /, **elements: Any) -> Claims:
    """Return claims with some elements of one resource put in or replaced; `...` takes one out."""
    resource = {**claims[name], **elements}
    return {**claims, name: {key: value for key, value in resource.items() if value is not ...}}


def part(value: Any) -> str:
    """Return a value as one part of a token: unpadded base64url of bytes as they are, else of its JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def encoded(claims: Any, header: Any = HEADER, signature: bytes = b"") -> str:
    """Return a token. Any part may be bytes, and then wrong in any way that JSON would not let it be."""
    header = dict(header) if not isinstance(header, bytes) else header
    return f"{part(header)}.{part(claims)}.{part(signature)}"


def bearer(claims: Any, header: Any = HEADER, signature: bytes = b"") -> str:
    """Return the value of an `Authorization` header."""
    return f"Bearer {encoded(claims, header, signature)}"


class NoTokenError(ValueError):
    """The value holds no token; the text is the part that an error should name."""


def decoded(authorization: str) -> tuple[Claims, Claims, bytes]:
    """Return the header, claims and signature in the value of an `Authorization` header, read as strictly as can be."""
    scheme, _, text = authorization.strip(" \t").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise NoTokenError("Authorization")
    pieces = text.strip(" ").split(".")
    if len(pieces) != 3:
        raise NoTokenError("JWT")
    header, claims = (_object(name, piece) for name, piece in zip(("JWT header", "JWT claims"), pieces, strict=False))
    return header, claims, _bytes("JWT signature", pieces[2])


def _bytes(name: str, text: str) -> bytes:
    if any(letter not in "-_" and not (letter.isascii() and letter.isalnum()) for letter in text) or len(text) % 4 == 1:
        raise NoTokenError(name)
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)


def _object(name: str, text: str) -> Claims:
    def once(pairs: list[tuple[str, Any]]) -> Claims:
        if len({key for key, _ in pairs}) < len(pairs):
            raise NoTokenError(name)
        return dict(pairs)

    def no_json(_: str) -> Any:
        raise NoTokenError(name)

    raw = _bytes(name, text)
    try:
        value = json.loads(raw.decode(), object_pairs_hook=once, parse_constant=no_json)
    except (ValueError, RecursionError) as error:
        raise NoTokenError(name) from error
    if not isinstance(value, dict):
        raise NoTokenError(name)
    return value


@dataclass(frozen=True)
class Way:
    """An interaction that wants tokens of one dialect, where it is asked for, and the claims that pass."""

    interaction: str
    target: str
    claims: Callable[..., Claims]
    posts: bool = False

    def request(self, ssp: Running, authorization: str | None, **changes: Any) -> bytes:
        """Return a request of this way with the value of an `Authorization` header, or without any."""
        if self.posts:
            body = b'{"resourceType":"Parameters"}'
            fields = (("Content-Type", "application/fhir+json"), ("Content-Length", str(len(body))))
            changes = {"method": "POST", "body": body, "fields": fields, **changes}
        target = f"/{self.target}"
        return ssp.request(target=target, Ssp_InteractionID=self.interaction, Authorization=authorization, **changes)


def _structured(now: float | None = None) -> Claims:
    return gp_connect_1(now, root=setup.STRUCTURED_ROOT)


def _slots(now: float | None = None) -> Claims:
    return gp_connect_1(now, root=setup.FOUNDATIONS_ROOT, scope="organization/*.read")


def _registering(now: float | None = None) -> Claims:
    return gp_connect_1(now, root=setup.FOUNDATIONS_ROOT, scope="patient/*.write")


DOCUMENT = Way(setup.READ_BINARY, f"{setup.ROOT}/Binary/1", gp_connect_1)
SLOTS = Way(setup.SEARCH_SLOTS, f"{setup.FOUNDATIONS_ROOT}/Slot", _slots)
REGISTRATION = Way(
    setup.REGISTER_PATIENT, f"{setup.FOUNDATIONS_ROOT}/Patient/$gpc.registerpatient", _registering, posts=True
)
RECORD = Way(setup.GET_RECORD, f"{setup.STRUCTURED_ROOT}/Patient/$gpc.getstructuredrecord", _structured, posts=True)
MIGRATION = Way(
    setup.MIGRATE_RECORD, f"{setup.STRUCTURED_ROOT}/Patient/$gpc.migratestructuredrecord", _structured, posts=True
)
HTML = Way(setup.GET_HTML, f"{setup.HTML_ROOT}/Patient/$gpc.getcarerecord", gp_connect_0, posts=True)
NRL = Way(setup.NRL_READ, f"{setup.NRL_ROOT}/documents/1", spine_core)
# The usual way of each dialect, by the name that the audit has for it.
DIALECTS = {"gp-connect-1": DOCUMENT, "gp-connect-0": HTML, "spine-core": NRL}
# What the audit keeps of each dialect's claims as they are made here.
FACTS: dict[str, dict[str, str | None]] = {
    name: {
        "dialect": name,
        "user": USER if name.startswith("gp") else ROLE_PROFILE,
        "role": ROLE,
        "organisation": "A1001",
        "device": "Consumer 1.0" if name.startswith("gp") else SYSTEM,
        "reason": "directcare",
        "scope": "patient/*.read",
    }
    for name in DIALECTS
}


@dataclass(frozen=True)
class Judged:
    """What came of a token: the answer, what the trail says of its check, and how often the provider was asked."""

    status: int
    body: Any
    verdict: str
    found: str | None
    asked: int
    claims: Any = field(compare=False, default=None)


def passed(dialect: str) -> Judged:
    """Return how a token is judged that is right."""
    return Judged(200, b"ok", "pass", dialect, 1)


def overlooked(found: str) -> Judged:
    """Return how a wrong token is judged in record mode; takes all that is wrong with it."""
    return Judged(200, b"ok", "fail", found, 1)


def refused(text: str, status: int = 400) -> Judged:
    """Return how a token is judged that is wrong, with the error's whole body; takes its diagnostics."""
    body = {400: outcomes.bad_request, 422: outcomes.invalid_resource}[status](text)
    return Judged(status, body, "fail", text, 0)


async def judge(
    ssp: Running, provider: StubProvider, authorization: str | None, way: Way = DOCUMENT, wire: Wire | None = None
) -> Judged:
    """Send a token through the proxy, on a connection of its own or one that is there, and tell how it was judged."""
    asked = len(provider.received)
    answer = await (wire or await ssp.wire()).ask(way.request(ssp, authorization))
    record = ssp.record()
    check = next(check for check in record["checks"] if check["check"] == "token")
    body = answer.body if answer.status == 200 else answer.json()
    return Judged(
        answer.status, body, check["result"], check["found"], len(provider.received) - asked, record["claims"]
    )
