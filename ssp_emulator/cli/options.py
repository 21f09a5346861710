"""Options that several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ssp_emulator.address import Address
from ssp_emulator.cli.completing import asids
from ssp_emulator.cli.output import BAD_USAGE, fail
from ssp_emulator.errors import said

if TYPE_CHECKING:
    from collections.abc import Callable


# While a shell completes a line, what is in it so far may be anything (`resilient_parsing`).


def _address(context: click.Context, option: click.Parameter, text: str | None) -> Address | None:
    try:
        return None if text is None or context.resilient_parsing else Address.parse(text)
    except ValueError as error:
        fail(f"{option.opts[0]}: {error}", code=BAD_USAGE)


def _file(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    if path == Path() and not context.resilient_parsing:
        fail(f"{option.opts[0]} should name a file, found an empty text", code=BAD_USAGE)
    return path


def _number(context: click.Context, option: click.Parameter, value: float) -> float:
    """Refuse what is in no range, and out of none."""
    if math.isnan(value) and not context.resilient_parsing:
        fail(f"{option.opts[0]} should be a number of seconds, found nan", code=BAD_USAGE)
    return value


def _contents(context: click.Context, option: click.Parameter, path: Path | None) -> bytes | None:
    if path is None or context.resilient_parsing:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        fail(f"{option.opts[0]}: {path} cannot be read: {said(error)}", code=BAD_USAGE)


config = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, readable=False),
    default=Path("config/emulator.yaml"),
    show_default=True,
    metavar="FILE",
    help="The emulator's settings.",
)
admin = click.option(
    "--admin", "url", metavar="URL", help="The admin API, as in http://127.0.0.1:8440; else where --config says."
)
proxy = click.option(
    "--proxy", callback=_address, metavar="HOST:PORT", help="The proxy; else where the configuration says."
)
sds = click.option(
    "--sds", callback=_address, metavar="HOST:PORT", help="The directory; else where the configuration says."
)
as_json = click.option("--json", "as_json", is_flag=True, help="For programs: JSON on standard output.")
from_asid = click.option(
    "--from", "from_asid", metavar="ASID", shell_complete=asids, help="The sender; else the first that fits."
)
to_asid = click.option(
    "--to", "to_asid", metavar="ASID", shell_complete=asids, help="The receiver; else the first that fits."
)
sign_key = click.option(
    "--sign-key",
    type=click.Path(path_type=Path),
    callback=_contents,
    metavar="FILE",
    help="Sign the token with this private key (PEM); else it is unsigned.",
)
certificate_folder = click.option(
    "--certs",
    "root",
    type=click.Path(path_type=Path, readable=False),
    default=Path("certs"),
    show_default=True,
    metavar="DIR",
    help="The certificate folder.",
)


def output(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--output`: a file, which need not be there."""
    return click.option(
        "--output",
        type=click.Path(path_type=Path, dir_okay=False, readable=False),
        callback=_file,
        metavar="FILE",
        help=text,
    )


def timeout(default_s: float, longest_s: float, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--timeout`, which a command takes as `timeout_s`: from 0 to the longest, in seconds."""
    return click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(0, longest_s),
        callback=_number,
        default=default_s,
        show_default=True,
        metavar="SECONDS",
        help=text,
    )
