"""What an emulator says of its readiness, in our words; `parts` are those of `/health/ready`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ssp_emulator.cli.output import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    Parts = Mapping[str, Mapping[str, Any]]


def missing(parts: Parts) -> str:
    """Say which parts are not ready, and why; nothing where all are."""
    return "; ".join(
        f"{name}: {part.get('reason', 'no reason is given')}" for name, part in parts.items() if not part["ready"]
    )


def warn(parts: Parts) -> None:
    """Say on standard error what is not well, though requests are served."""
    for name, part in parts.items():
        if (warning := part.get("warning")) is not None:
            click.echo(plain(f"warning: {name}: {warning}"), err=True)
