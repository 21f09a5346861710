"""Attaching: an emulator that is running already, as one of docker-compose, used by its addresses and its admin API."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from ssp_emulator.address import Address
from ssp_emulator.admin.token import Token
from ssp_emulator.cli.calling import Api, RefusedError, UnansweredError
from ssp_emulator.demo.provider.server import ProviderStartError
from ssp_emulator.directory import loading
from ssp_emulator.directory.registry_file import SystemEntry
from ssp_emulator.errors import said
from ssp_emulator.files import unreadable
from ssp_emulator.pki.folder import CertificateFolder
from ssp_emulator.testing import options as said_options
from ssp_emulator.testing.background import Background
from ssp_emulator.testing.certificates import Certificates
from ssp_emulator.testing.emulated import Emulated
from ssp_emulator.testing.errors import UnusableError
from ssp_emulator.testing.quiet import through_logging
from ssp_emulator.testing.stub.provider import StubProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssp_emulator.directory.loading import Registry
    from ssp_emulator.testing.options import Options


@contextmanager
def attached(options: Options) -> Iterator[Emulated]:
    """Use the emulator that options name while the context is open; its registry is the one that it has now.

    Raises `SetupError` where it does not answer, refuses the token, or a certificate cannot be read.
    """
    for said_address in filter(None, (options.admin, options.proxy, options.provider)):
        _address(said_address.removeprefix("http://"))
    api = Api(options.admin or "", _token(options))
    registry = _registry(api)
    folder = CertificateFolder(options.certificates)
    certificates = Certificates.of(folder)
    for path in (certificates.certificate, certificates.key, certificates.trust):
        if (why := unreadable(path)) is not None:
            raise UnusableError(f"cannot read {path}: {why}; say with --ssp-emulator-certificates where they are")
    with ExitStack() as running:
        yield Emulated(
            url=f"https://{options.proxy}",
            admin_url=api.url,
            sds_url=options.sds,
            certificates=certificates,
            registry=registry,
            api=api,
            provider=_stub(running, folder, options.provider) if options.provider is not None else None,
            is_ours=False,
            clears=options.clear_faults,
        )


def _stub(running: ExitStack, folder: CertificateFolder, where: str) -> StubProvider:
    address = _address(where)
    running.enter_context(through_logging())
    opening = Background(lambda: StubProvider(folder, address.host, address.port), "ssp-stub-provider")
    try:
        return running.enter_context(opening)
    except (ProviderStartError, OSError) as error:
        raise UnusableError(f"--ssp-emulator-provider: {error}") from error


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError as error:
        raise UnusableError(str(error)) from error


def _token(options: Options) -> Token | None:
    try:
        text = said_options.token(options)
    except (OSError, UnicodeDecodeError) as error:
        why = said(error) if isinstance(error, OSError) else "is not UTF-8 text"
        raise UnusableError(f"the token file {options.token_file} cannot be read: {why}") from error
    if text is not None and not (text and text.isascii() and text.isprintable() and " " not in text):
        raise UnusableError("the admin token should be letters, digits and any of -._~+/ and nothing else")
    return Token(text) if text is not None else None


def _registry(api: Api) -> Registry:
    """Ask for the registry in force."""
    try:
        shown = api.asked("GET", "/registry", expects="systems")
    except UnansweredError as error:
        raise UnusableError(str(error)) from error
    except RefusedError as error:
        hint = f"; set {said_options.TOKEN_VARIABLE}, or say --ssp-emulator-token-file"
        raise UnusableError(
            f"the emulator at {api.url} refuses: {error}{hint if error.problem.get('status') == 401 else ''}"
        ) from error
    return loading.load(json.dumps(_as_a_file(shown)), f"the registry of {api.url}")


def _as_a_file(shown: dict[str, Any]) -> dict[str, Any]:
    """Return a registry as the API shows it in the form of a registry file."""
    system = set(SystemEntry.model_fields)
    return {
        "organisations": shown["organisations"],
        "systems": [{key: value for key, value in each.items() if key in system} for each in shown["systems"]],
        "agreements": shown["agreements"],
    }
