"""A request that the demo provider refuses, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.provider_errors import ErrorKind

if TYPE_CHECKING:
    from ssp_emulator.fhir import Resource


class ProviderError(Exception):
    """A request that is answered with an error; `diagnostics` says in words what is wrong with it."""

    def __init__(self, kind: ErrorKind, diagnostics: str) -> None:
        super().__init__(f"{kind.name}: {diagnostics}")
        self.kind = kind
        self.diagnostics = diagnostics

    @property
    def status(self) -> int:
        """The HTTP status code."""
        return self.kind.status

    def outcome(self) -> Resource:
        """Return the error's body."""
        return self.kind.outcome(self.diagnostics)


def invalid_parameter(name: str, problem: str) -> ProviderError:
    """Return the error over one query parameter, whose diagnostics must name it.

    Source: GP Connect Access Document 1.6.2, "Search for a patient's documents", error handling.
    """
    return ProviderError(ErrorKind.INVALID_PARAMETER, f"The query parameter {name} {problem}")
