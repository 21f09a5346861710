"""What a shell completes: the values that are in the user's own files, and the scripts that ask for them.

Whoever presses the tab key wants a value or nothing: where a file is not there or not good, there is nothing.

Source: click, "Shell completion"; bash's own manual, "Programmable completion", for the line and the word breaks.
"""

from __future__ import annotations

import os
from contextlib import redirect_stderr, suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
    shell_complete,
    split_arg_string,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    Values = Callable[[Path, str], Iterable[tuple[str, str | None]]]
    Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

PROGRAM = "ssp-emulator"
VARIABLE = "_SSP_EMULATOR_COMPLETE"
_DEFAULT = Path("config/emulator.yaml")
_URN = "urn:"

# Bash breaks words at colons, which interactions are full of: so the line is split by us, and what stands before the
# last break is taken off each value again.
_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' line="${COMP_LINE:0:COMP_POINT}" response completion type value word kept
    word="${line##*[[:space:]]}"
    [[ $word == -*=* && $COMP_WORDBREAKS == *=* ]] && word="${word#*=}"
    kept=""
    [[ $word == *:* && $COMP_WORDBREAKS == *:* ]] && kept="${word%%"${word##*:}"}"
    response=$(env COMP_WORDS="$line" %(complete_var)s=bash_complete "$1" 2>/dev/null)
    COMPREPLY=()
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        if [[ $type == 'dir' ]]; then
            compopt -o dirnames
        elif [[ $type == 'file' ]]; then
            compopt -o default
        elif [[ $type == 'plain' ]]; then
            COMPREPLY+=("${value#"$kept"}")
        fi
    done
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Bash(BashComplete):
    """Click's, but for the line: it is split as a shell would, and not at colons."""

    source_template: ClassVar[str] = _BASH

    def source(self) -> str:
        """Return the script; whether there is a bash here, and which, is for who runs it to know."""
        return self.source_template % self.source_vars()

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is completed, and that one."""
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)
        incomplete = "" if not words or line[-1:].isspace() else words.pop()
        return words[1:], incomplete


class _WholeWords(ShellComplete):
    """For shells that put a completion in the place of the whole word, as of `--to=2`."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return what completes a word, with what stands before its value."""
        name, equals, _ = incomplete.partition("=")
        before = f"{name}=" if equals and name.startswith("--") else ""
        return [
            CompletionItem(f"{before}{each.value}" if each.type == "plain" else each.value, each.type, each.help)
            for each in super().get_completions(args, incomplete)
        ]


class _Zsh(_WholeWords, ZshComplete):
    pass


class _Fish(_WholeWords, FishComplete):
    pass


for _each in (_Bash, _Zsh, _Fish):
    add_completion_class(_each)
SHELLS = ("bash", "zsh", "fish")


def script(shell: str, cli: click.Command) -> str:
    """Return the script that has a shell, one of `SHELLS`, ask us for completions."""
    made = get_completion_class(shell)
    if made is None:
        raise LookupError(f"{shell} is not one of {', '.join(SHELLS)}")
    return made(cli, {}, PROGRAM, VARIABLE).source()


def answer(cli: click.Command) -> None:
    """Say what completes the words that the environment names; of what goes wrong nothing is told."""
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        redirect_stderr(nowhere),
        suppress(Exception, SystemExit),
    ):
        shell_complete(cli, {}, PROGRAM, VARIABLE, os.environ[VARIABLE])


def completer(values: Values) -> Completer:
    """Return what completes a parameter: of the values for a configuration's path and a beginning, those that fit.

    Nothing that goes wrong on the way is told.
    """

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        path = ctx.params.get("config_path") or _DEFAULT
        try:
            found = [(value, told) for value, told in values(path, incomplete) if value.startswith(incomplete)]
        except (Exception, SystemExit):  # noqa: BLE001 - a message would stand in the line that is being written
            return []
        return [CompletionItem(value, help=told) for value, told in found]

    return complete


def _interactions(path: Path, incomplete: str) -> Iterable[tuple[str, str | None]]:
    from ssp_emulator.interactions import GP_CONNECT, Catalogue  # noqa: PLC0415 - only when asked for

    try:
        from ssp_emulator.plan import read_plan  # noqa: PLC0415

        catalogue = read_plan(path).registry.catalogue
    except Exception:  # noqa: BLE001 - those that are known without a registry will do
        catalogue = Catalogue()
    is_whole = incomplete.startswith(_URN[: len(incomplete) or 1])
    for each in catalogue:
        yield each.id if is_whole else each.id.removeprefix(GP_CONNECT), None


def _asids(path: Path, _: str) -> Iterable[tuple[str, str | None]]:
    from ssp_emulator.plan import read_plan  # noqa: PLC0415

    for system in read_plan(path).registry.directory.systems:
        yield system.asid, f"{system.organisation.name} ({system.organisation.ods})"


def _scenarios(path: Path, _: str) -> Iterable[tuple[str, str | None]]:
    from ssp_emulator import config  # noqa: PLC0415
    from ssp_emulator.faults import scenario  # noqa: PLC0415

    for found in scenario.read_all(config.read(path).fault_context):
        if isinstance(found, scenario.Scenario):
            yield found.name, " ".join(found.description.split())


interactions = completer(_interactions)
asids = completer(_asids)
scenarios = completer(_scenarios)
