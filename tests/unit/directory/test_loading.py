"""From registry.yaml to a directory, or to every problem with its line."""

from __future__ import annotations

from textwrap import indent

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ssp_emulator import located
from ssp_emulator.address import Address
from ssp_emulator.directory.loading import Registry, load
from ssp_emulator.directory.model import Agreement, Endpoint, Organisation, Reliability, System
from ssp_emulator.interactions import GP_CONNECT, NRL
from ssp_emulator.located import InvalidFileError
from ssp_emulator.token.signing import VerificationKey

ROOT = "https://gp.example.nhs.uk/A20047/STU3/1/gpconnect/documents"
GOOD = f"""\
organisations:
  - {{ods: A1001, name: Example Hospital}}
  - {{ods: A20047, name: Example Surgery}}
systems:
  - asid: "200000000115"
    organisation: A1001
    party_key: A1001-810001
    fqdn: consumer.example.nhs.uk
    sends: ["{GP_CONNECT}documents:*", "urn:our:own"]
  - asid: "200000000116"
    organisation: A20047
    party_key: A20047-810002
    fqdn: gp.example.nhs.uk
    endpoints:
      - root: {ROOT}
        cpa_id: S20001A000116
        receives: ["{GP_CONNECT}documents:*"]
        connect_to: localhost:9443
agreements:
  - from: "200000000115"
    to: "200000000116"
    interactions: ["{GP_CONNECT}documents:fhir:rest:read:*"]
"""
DOCUMENTS = {
    f"{GP_CONNECT}documents:fhir:rest:{tail}"
    for tail in (
        "read:metadata-1", "search:patient-1", "search:documentreference-1", "read:binary-1", "migrate:binary-1"
    )
}  # fmt: skip
ANOTHER_SYSTEM = f"""\
  - asid: "200000000117"
    organisation: A20047
    party_key: A20047-810003
    fqdn: gp.example.nhs.uk
    endpoints:
      - root: {ROOT}
        cpa_id: S20001A000117
        receives: ["{GP_CONNECT}documents:fhir:rest:read:binary-1"]
agreements:
"""
ANOTHER_ROOT = f"""\
      - root: {ROOT}2
        cpa_id: S20001A000117
        receives: ["{GP_CONNECT}documents:fhir:rest:read:binary-1"]
agreements:
"""


PRIVATE = ec.generate_private_key(ec.SECP256R1())
PRIVATE_PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def with_key(text: str, style: str = "|") -> str:
    """The registry, with a text as the first system's key."""
    return changed("    fqdn: consumer", f"    token_key: {style}\n{indent(text, '      ')}\n    fqdn: consumer")


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidFileError) as caught:
        load(text, "registry.yaml")
    return [str(problem) for problem in caught.value.problems]


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.fixture(params=[False, True], ids=["parsed", "as if long"], autouse=True)
def however_long(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry is read in another way where it is long, and nobody may notice."""
    if request.param:
        monkeypatch.setattr(located, "_LONG", -1)


@pytest.fixture
def registry() -> Registry:
    return load(GOOD, "registry.yaml")


def test_systems_have_their_organisation_and_every_interaction_spelt_out(registry: Registry) -> None:
    assert list(registry.directory.systems) == [
        System(
            "200000000115",
            Organisation("A1001", "Example Hospital"),
            "A1001-810001",
            "consumer.example.nhs.uk",
            sends=frozenset({*DOCUMENTS, "urn:our:own"}),
        ),
        System(
            "200000000116",
            Organisation("A20047", "Example Surgery"),
            "A20047-810002",
            "gp.example.nhs.uk",
            endpoints=(
                Endpoint(ROOT, "gp.example.nhs.uk", "S20001A000116", frozenset(DOCUMENTS), Address("localhost", 9443)),
            ),
        ),
    ]


def test_agreements_have_theirs(registry: Registry) -> None:
    read_binary = f"{GP_CONNECT}documents:fhir:rest:read:binary-1"
    reading = frozenset({f"{GP_CONNECT}documents:fhir:rest:read:metadata-1", read_binary})
    found = registry.directory.agreement("200000000115", "200000000116", read_binary)
    assert found == Agreement("200000000115", "200000000116", reading)


def test_an_interaction_of_its_own_is_known_to_the_catalogue(registry: Registry) -> None:
    own = registry.catalogue.get("urn:our:own")
    assert own is not None
    assert (own.scope, own.path) == (None, None)


@pytest.mark.parametrize(
    ("root", "address"),
    [
        (ROOT, Address("gp.example.nhs.uk", 443)),
        (ROOT.replace("nhs.uk/", "nhs.uk:8443/"), Address("gp.example.nhs.uk", 8443)),
    ],
)
def test_without_connect_to_the_roots_own_host_and_port_are_asked(root: str, address: Address) -> None:
    text = changed("        connect_to: localhost:9443\n", "").replace(ROOT, root)
    system = load(text, "f").directory.system("200000000116")
    assert system is not None
    assert system.endpoints[0].connect_to == address
    assert system.endpoints[0].root == root


def test_nrl_is_received_under_another_id_than_it_is_sent() -> None:
    text = GOOD.replace(f"{GP_CONNECT}documents:*", f"{NRL}*").replace(f"{GP_CONNECT}documents:fhir:rest:read:*", "*")
    directory = load(text, "f").directory
    consumer, provider = directory.system("200000000115"), directory.system("200000000116")
    assert consumer is not None
    assert provider is not None
    assert consumer.sends == {f"{NRL}DocumentReference.content.read", "urn:our:own"}
    assert provider.endpoints[0].receives == {f"{NRL}DocumentReference.content"}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "agreements:\n", '  - {asid: "200000000115", organisation: A1001, party_key: K, fqdn: a.b}\nagreements:\n',
            "19: systems[2].asid: 200000000115 is already used at line 5; each must be unique",
        ),
        (
            "systems:\n", "  - {ods: A1001, name: Again}\nsystems:\n",
            "4: organisations[2].ods: A1001 is already used at line 2; each must be unique",
        ),
        (
            "organisation: A1001", "organisation: Z9",
            "6: systems[0].organisation: Z9 is not among the organisations; add it there",
        ),
        (
            'from: "200000000115"', 'from: "9"',
            "20: agreements[0].from: 9 is the ASID of no system here; add the system",
        ),
        ('to: "200000000116"', 'to: "9"', "21: agreements[0].to: 9 is the ASID of no system here; add the system"),
        (
            "agreements:\n", ANOTHER_SYSTEM,
            (
                f"24: systems[2].endpoints[0].root: {ROOT} is the endpoint of 200000000116 for "
                f"{GP_CONNECT}documents:fhir:rest:read:binary-1 already"
            ),
        ),
        (
            "agreements:\n", ANOTHER_ROOT,
            (
                f"19: systems[1].endpoints[1].root: 200000000116 receives "
                f"{GP_CONNECT}documents:fhir:rest:read:binary-1 at {ROOT} already"
            ),
        ),
        (
            'asid: "200000000115"', "asid: 200000000115",
            '5: systems[0].asid: should be text: put it in quotes, "200000000115"',
        ),
        (
            'asid: "200000000115"', "asid: consumer",
            "5: systems[0].asid: should be an ASID, digits in quotes such as \"200000000115\", found 'consumer'",
        ),
        ("    fqdn: consumer", "    party_key: x\n    fqdn: consumer", "8: party_key: stands twice; keep one"),
        ("agreements:\n", "agreements: [\n", "20: not YAML: did not find expected node content"),
        (
            "    sends:", "    send:",
            "9: systems[0].send: is not a key here; did you mean sends?",
        ),
        (
            f'interactions: ["{GP_CONNECT}documents:fhir:rest:read:*"]', 'interactions: ["urn:x:*"]',
            "22: agreements[0].interactions[0]: urn:x:* matches no known interaction",
        ),
        (
            f'sends: ["{GP_CONNECT}documents:*"', 'sends: ["urn:x:*"',
            "9: systems[0].sends[0]: urn:x:* matches no known interaction",
        ),
        (
            f'receives: ["{GP_CONNECT}documents:*"]', 'receives: ["*:nothing"]',
            "17: systems[1].endpoints[0].receives[0]: *:nothing matches no known interaction",
        ),
        (
            "fqdn: gp.example.nhs.uk", "fqdn: https://gp",
            "13: systems[1].fqdn: should be a fully qualified domain name, found 'https://gp'",
        ),
        (
            "connect_to: localhost:9443", "connect_to: localhost",
            (
                "18: systems[1].endpoints[0].connect_to: should be \"host:port\", such as \"localhost:8443\", "
                "found 'localhost'"
            ),
        ),
        (
            "party_key: A1001-810001", "party_key: A1001/1",
            "7: systems[0].party_key: should be letters, digits and hyphens, found 'A1001/1'",
        ),
    ],
)  # fmt: skip
def test_a_problem_is_named_with_its_line_and_key(old: str, new: str, problem: str) -> None:
    assert problems(changed(old, new)) == [f"registry.yaml:{problem}"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    party_key: A1001",
            "    partykey: A1001",
            [
                "5: systems[0].party_key: is missing",
                "7: systems[0].partykey: is not a key here; did you mean party_key?",
            ],
        ),
        (
            "  - from:",
            "  - form:",
            ["20: agreements[0].from: is missing", "20: agreements[0].form: is not a key here; did you mean from?"],
        ),
    ],
    ids=["party_key", "from"],
)
def test_a_slip_in_a_needed_key_is_named_twice(old: str, new: str, said: list[str]) -> None:
    assert problems(changed(old, new)) == [f"registry.yaml:{problem}" for problem in said]


def test_every_problem_is_named_at_once() -> None:
    text = changed("organisation: A1001", "organisation: Z9").replace('to: "200000000116"', 'to: "9"')
    assert [problem.split(": ")[1] for problem in problems(text)] == ["systems[0].organisation", "agreements[0].to"]


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_file_lacks_its_two_lists(text: str) -> None:
    assert problems(text) == ["registry.yaml: organisations: is missing", "registry.yaml: systems: is missing"]


@pytest.mark.parametrize("style", ["|", "|-", "|+"])
def test_a_system_may_have_the_key_that_its_tokens_are_signed_with(style: str) -> None:
    consumer, provider = load(with_key(public_pem(PRIVATE), style), "f").directory.systems
    assert consumer.token_key == VerificationKey(PRIVATE.public_key())
    assert provider.token_key is None


RIGHT = "should be the PEM of {} public key or certificate, after `|` and on lines of its own"
NO_PRIVATE = (
    "should be a public key, and is a private one, which belongs nowhere but with the sender: "
    "put in what `openssl pkey -in FILE -pubout` makes of it"
)
SUPPORTED = "should be an RSA key of 2048 bits or more, an EC key on P-256, P-384 or P-521, or an Ed25519 key, found "


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("|\n" + indent(PRIVATE_PEM, "      "), NO_PRIVATE),
        (PRIVATE_PEM.replace("\n", "\n      "), NO_PRIVATE),  # without its `|` YAML folds it into one line
        ("|\n" + indent(public_pem(PRIVATE) * 2, "      "), f"{RIGHT.format('one')}, found 2 of them"),
        ("token.pem", f"{RIGHT.format('one')}, found none"),
        (
            "|\n" + indent(public_pem(rsa.generate_private_key(65537, 1024)), "      "),
            f"{SUPPORTED}an RSA key of 1024 bits",
        ),
        (
            "|\n" + indent(public_pem(ec.generate_private_key(ec.SECP256K1())), "      "),
            f"{SUPPORTED}an EC key on secp256k1",
        ),
        (
            "|\n      -----BEGIN PUBLIC KEY-----\n      AAAA\n      -----END PUBLIC KEY-----",
            "is PEM that cannot be read: copy it again, each of its lines on a line of its own",
        ),
        ("", RIGHT.format("a")),
        ("''", RIGHT.format("a")),
        ("null", RIGHT.format("a")),
        ("1", RIGHT.format("a")),
        (f"[{PRIVATE_PEM.splitlines()[1]}]", RIGHT.format("a")),
        (f"{{key: {PRIVATE_PEM.splitlines()[1]}}}", RIGHT.format("a")),
    ],
    ids=[
        "private", "private and folded", "two", "a file", "RSA 1024", "secp256k1", "broken", "nothing", "empty", "null",
        "a number", "a list", "a mapping",
    ],
)  # fmt: skip
def test_another_key_is_a_problem_that_shows_nothing_of_it(value: str, problem: str) -> None:
    text = changed("    fqdn: consumer", f"    token_key: {value}\n    fqdn: consumer")
    said = problems(text)
    assert said == [f"registry.yaml:8: systems[0].token_key: {problem}"]
    assert not any(line in said[0] for line in PRIVATE_PEM.splitlines())


TOLD = f"""\
  - asid: "200000000117"
    organisation: A20047
    party_key: A20047-810003
    fqdn: gp.example.nhs.uk
    manufacturer: YEX02
    endpoints:
      - root: {ROOT}2
        cpa_id: S20001A000117
        receives: ["{GP_CONNECT}documents:fhir:rest:read:binary-1"]
        mhs_id: f1c55263f1ee924f460f
        reliability: {{sync_reply_mode: None, retry_interval: PT1M, retries: 2, actor: "urn:a"}}
agreements:
"""


def test_what_only_sds_tells_is_read_as_well() -> None:
    *_, system = load(changed("agreements:\n", TOLD), "registry.yaml").directory.systems
    (endpoint,) = system.endpoints

    assert (system.manufacturer, endpoint.mhs_id) == ("YEX02", "f1c55263f1ee924f460f")
    assert endpoint.reliability == Reliability(sync_reply_mode="None", retry_interval="PT1M", retries=2, actor="urn:a")


def test_two_mhs_records_with_one_id_are_refused() -> None:
    told = changed("        connect_to: localhost:9443\n", "        mhs_id: f1c55263f1ee924f460f\n")
    right = "f1c55263f1ee924f460f is already used at line 18; each must be unique"
    assert problems(told.replace("agreements:\n", TOLD)) == [
        f"registry.yaml:28: systems[2].endpoints[0].mhs_id: {right}"
    ]
