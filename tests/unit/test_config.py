"""emulator.yaml: its defaults, its limits, and its paths."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from ssp_emulator import config
from ssp_emulator.located import InvalidFileError
from ssp_emulator.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "emulator.yaml"


def said(file: Path, text: str) -> list[str]:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFileError) as caught:
        config.read(file)
    return [str(problem).removeprefix(f"{file}:") for problem in caught.value.problems]


def test_an_empty_file_has_every_default(file: Path) -> None:
    file.write_text("")
    settings = config.read(file).settings
    assert settings == Settings()
    assert settings.proxy.listen == "localhost:8443"
    assert settings.proxy.tls.tls_1_3 is False
    assert settings.token.mode == "enforce"
    assert settings.token.leeway_s == 0
    assert settings.errors.default_format == "json"
    assert settings.providers.connect_timeout_status == 504


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tokn: {}\n", "1: tokn: is not a key here; did you mean token?"),
        (
            "proxy:\n  tls:\n    certifcate: a\n",
            "3: proxy.tls.certifcate: is not a key here; did you mean certificate?",
        ),
        (
            "errors:\n  default_format: yaml\n",
            "2: errors.default_format: should be 'json' or 'xml', found 'yaml'",
        ),
        ("token:\n  mode: 'off'\n", "2: token.mode: should be 'enforce' or 'record', found 'off'"),
        ("token:\n  leeway_s: -1\n", "2: token.leeway_s: should be greater than or equal to 0, found -1"),
        ("token:\n  leeway_s: 3601\n", "2: token.leeway_s: should be less than or equal to 3600, found 3601"),
        ("token:\n  leeway_s: 1.5\n", "2: token.leeway_s: should be a valid integer, found 1.5"),
        (
            "providers:\n  connect_timeout_status: 500\n",
            "2: providers.connect_timeout_status: should be 504 or 599, found 500",
        ),
        ("providers:\n  connect_timeout_s: 0\n", "2: providers.connect_timeout_s: should be greater than 0, found 0"),
        (
            "providers:\n  kept_connections: true\n",
            "2: providers.kept_connections: should be a valid integer, found True",
        ),
        (
            "proxy:\n  drain_timeout_s: .nan\n",
            "2: proxy.drain_timeout_s: should be less than or equal to 86400, found nan",
        ),
        (
            "proxy:\n  drain_timeout_s: .inf\n",
            "2: proxy.drain_timeout_s: should be less than or equal to 86400, found inf",
        ),
        (
            "proxy:\n  listen: localhost\n",
            '2: proxy.listen: should be "host:port", such as "localhost:8443", found \'localhost\'',
        ),
        ("proxy:\n  listen: 8443\n", '2: proxy.listen: should be text: put it in quotes, "8443"'),
        ("log:\n  level: loud\n", "2: log.level: should be 'debug', 'info', 'warning' or 'error', found 'loud'"),
        (
            "compatibility: observed\n",
            "1: compatibility: should be 'documented' or 'observed-2018', found 'observed'",
        ),
        ("limits:\n  window_s: 0\n", "2: limits.window_s: should be greater than 0, found 0"),
        (
            "limits:\n  sender:\n    requests: -1\n",
            "3: limits.sender.requests: should be greater than or equal to 0, found -1",
        ),
        (
            'limits:\n  receiver:\n    asids: {"2": many}\n',
            "3: limits.receiver.asids.2: should be a valid integer, found 'many'",
        ),
        (
            "media:\n  allowed: [application/fhir+json;charset=utf-8]\n",
            (
                '2: media.allowed[0]: should be a media type such as "application/fhir+json", with no parameters, '
                "found 'application/fhir+json;charset=utf-8'"
            ),
        ),
        (
            "cors:\n  origins: [https://app.example.nhs.uk/]\n",
            (
                '2: cors.origins[0]: should be an origin such as "https://app.example.nhs.uk", or "*" for any, '
                "found 'https://app.example.nhs.uk/'"
            ),
        ),
        ("reload:\n  every_s: 0\n", "2: reload.every_s: should be greater than 0, found 0"),
        ("audit:\n  sync: now\n", "2: audit.sync: should be 'always', 'interval' or 'os', found 'now'"),
        ("audit:\n  on_failure: x\n", "2: audit.on_failure: should be 'refuse' or 'continue', found 'x'"),
        ("audit:\n  nhs_numbers: hide\n", "2: audit.nhs_numbers: should be 'keep' or 'mask', found 'hide'"),
        (
            "audit:\n  rotate:\n    size_mib: 0\n",
            "3: audit.rotate.size_mib: should be greater than or equal to 0.001, found 0",
        ),
        (
            "audit:\n  keep:\n    age_s: 0\n",
            "3: audit.keep.age_s: should be greater than or equal to 1, found 0",
        ),
        (
            "audit:\n  bodies_bytes: 1048577\n",
            "2: audit.bodies_bytes: should be less than or equal to 1048576, found 1048577",
        ),
        (
            "audit:\n  journal: a/journal.index\n",
            "2: audit.journal: should not end in .index, as a file beside the journal does, found 'a/journal.index'",
        ),
        (
            "audit:\n  nhs_numbers: mask\n  tokens: true\n",
            "1: audit: nhs_numbers: mask goes with tokens: false and bodies_bytes: 0, as both may hold them",
        ),
        ("proxy: 1\n", "1: proxy: should be keys with their values, found 1"),
        ("proxy: {}\nproxy: {}\n", "2: proxy: stands twice; keep one"),
    ],
)
def test_a_bad_setting_is_named_with_line_key_and_value(file: Path, text: str, problem: str) -> None:
    assert said(file, text) == [problem]


def test_every_problem_is_named_at_once(file: Path) -> None:
    assert len(said(file, "token:\n  mode: x\n  leeway_s: x\nlog:\n  format: x\n")) == 3


@pytest.mark.parametrize("key", ["certificate", "key", "trust"])
@pytest.mark.parametrize("value", ["''", "7", "[a]", "null"], ids=["empty", "a number", "a list", "nothing"])
def test_a_path_is_some_text(file: Path, key: str, value: str) -> None:
    (problem,) = said(file, f"proxy:\n  tls:\n    {key}: {value}\n")
    assert problem.startswith(f"3: proxy.tls.{key}: should be")


def test_the_revocation_list_may_be_left_out(file: Path) -> None:
    file.write_text("proxy:\n  tls:\n    crl:\n")
    configuration = config.read(file)
    assert configuration.settings.proxy.tls.crl is None
    assert "proxy.tls.crl" not in configuration.tls_files()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().token.mode = "record"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        ("a/b", "{folder}/a/b"),
        ("./a/../b", "{folder}/b"),
        ("/etc/x", "/etc/x"),
    ],
)
def test_paths_are_relative_to_the_files_folder(file: Path, written: str, resolved: str) -> None:
    file.write_text(f"audit:\n  journal: {written}\n")
    configuration = config.read(file)
    path = configuration.path(configuration.settings.audit.journal)
    assert path == Path(resolved.format(folder=file.parent))


def test_a_relative_folder_keeps_the_steps_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("emulator.yaml").write_text("")
    assert config.read(Path("emulator.yaml")).path(Path("../certs/x")) == Path("../certs/x")


def test_each_missing_file_is_named_with_its_line(file: Path) -> None:
    (file.parent / "there.pem").write_text("")
    file.write_text(
        "proxy:\n  tls:\n    certificate: there.pem\n    key: gone.key\n    trust: there.pem\n    crl: there.pem\n"
        "providers:\n  tls: {certificate: there.pem, key: there.pem, trust: .}\n"
    )
    folder = file.parent
    assert [str(problem) for problem in config.read(file).missing_files()] == [
        f"{file}:4: proxy.tls.key: cannot read {folder}/gone.key: no such file or directory",
        f"{file}:8: providers.tls.trust: cannot read {folder}: it should be a file",
    ]


def test_a_pipe_is_no_file_to_read_and_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file.parent / "list.pem")
    file.write_text("proxy:\n  tls:\n    crl: list.pem\n")
    missing = {problem.key: str(problem) for problem in config.read(file).missing_files()}
    assert missing["proxy.tls.crl"] == (
        f"{file}:3: proxy.tls.crl: cannot read {file.parent}/list.pem: it should be a file"
    )


def test_a_default_that_is_missing_has_the_line_of_what_should_hold_it(file: Path) -> None:
    file.write_text("log: {}\nproxy:\n  listen: localhost:1\n")
    missing = {problem.key: problem.line for problem in config.read(file).missing_files()}
    assert missing["proxy.tls.key"] == 2
    assert missing["providers.tls.key"] == 1
    assert len(missing) == 7


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    gone, binary = tmp_path / "gone.yaml", tmp_path / "binary.yaml"
    binary.write_bytes(b"a: \xff")
    for path, text in ((gone, "cannot be read: no such file or directory"), (binary, "is not UTF-8 text: byte 3")):
        with pytest.raises(InvalidFileError) as caught:
            config.read(path)
        assert str(caught.value) == f"{path}: {text}"


def test_a_reason_that_nobody_has_is_named_with_those_that_there_are(file: Path) -> None:
    (problem,) = said(file, "errors:\n  unanswered: [rate-limit]\n")
    assert problem.startswith("2: errors.unanswered[0]: should be 'plain-http', 'certificate-required', ")
    assert problem.endswith("found 'rate-limit'")


def test_an_asid_of_a_limit_is_digits_in_quotes(file: Path) -> None:
    (problem,) = said(file, "limits:\n  sender:\n    asids: {A1001: 5}\n")
    assert problem.startswith("3: limits.sender.asids")
    assert "should be an ASID" in problem
