"""`ssp-emulator fault`: fault rules in a running emulator."""

from __future__ import annotations

import sys
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
from rich.table import Table

from ssp_emulator.cli import options
from ssp_emulator.cli.calling import RefusedError, admin_api, read_configuration
from ssp_emulator.cli.completing import scenarios as scenarios_there
from ssp_emulator.cli.output import BAD_USAGE, FAILED, fail, plain, print_json, show
from ssp_emulator.cli.ruling import facts, row
from ssp_emulator.faults.rule_file import RuleFile
from ssp_emulator.files import text_of

if TYPE_CHECKING:
    from ssp_emulator.cli.calling import Api

_STANDARD_INPUT = Path("-")


@click.group()
def fault() -> None:
    """Fault rules in a running emulator, which is asked through its admin API."""


@fault.command("list")
@options.as_json
@options.admin
@options.config
def list_(as_json: bool, url: str | None, config_path: Path) -> None:
    """List the rules in force, in their order, with how often each has matched, fired and been asked for."""
    found = _called(_api(config_path, url), "GET", "/faults", expects="faults")
    if as_json:
        print_json(found)
        return
    if not found["faults"]:
        click.echo("No fault rule is in force.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("Name", "Kind", "Matches", "When", "Matched", "Fired", "Asked", "Scenario", "Expires"):
        table.add_column(heading, no_wrap=heading not in ("Matches", "When"), overflow="fold")
    for rule in found["faults"]:
        table.add_row(*map(plain, row(rule)))
    show(table)


@fault.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Rules of the same names may be replaced; their counts begin anew.")
@options.as_json
@options.admin
@options.config
def add(path: Path, replace: bool, as_json: bool, url: str | None, config_path: Path) -> None:
    """Put the rules of FILE in force, all of them or none.

    FILE is YAML or JSON: one rule, a list of rules, or a scenario with its `rules`; - is standard input. Files that
    rules name are in the emulator's folder of faults.
    """
    configuration = read_configuration(config_path, url)
    api = admin_api(configuration, url)
    rules = RuleFile(*_written(path))
    # An emulator that --admin names may have another configuration, and another folder: it is the judge then.
    if configuration is not None and url is None:
        rules.validate(configuration.fault_context)
    try:
        done = api.call("POST", "/faults", {"rules": rules.rules, "replace": replace}, expects="faults")
    except RefusedError as error:
        if errors := error.problem.get("errors"):
            _refuse([str(rules.problem(each["key"], each["message"])) for each in errors], BAD_USAGE)
        hint = "; --replace replaces it" if error.problem.get("status") == HTTPStatus.CONFLICT else ""
        fail(f"{error}{hint}", code=FAILED)
    _tell(done, as_json, "In force: {}.")


@fault.command("show")
@click.argument("name")
@options.as_json
@options.admin
@options.config
def show_rule(name: str, as_json: bool, url: str | None, config_path: Path) -> None:
    """Show the rule NAME and its counts."""
    rule = _called(_api(config_path, url), "GET", f"/faults/{_quoted(name)}", expects="counts")
    if as_json:
        print_json(rule)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for fact, value in facts(rule):
        table.add_row(fact, plain(value))
    show(table)


@fault.command()
@click.argument("name")
@options.admin
@options.config
def remove(name: str, url: str | None, config_path: Path) -> None:
    """Lift the rule NAME."""
    _called(_api(config_path, url), "DELETE", f"/faults/{_quoted(name)}")
    click.echo(f"Lifted: {plain(name)}.")


@fault.command()
@options.admin
@options.config
def clear(url: str | None, config_path: Path) -> None:
    """Lift every rule."""
    lifted = _called(_api(config_path, url), "DELETE", "/faults", expects="lifted")["lifted"]
    click.echo(f"Lifted {lifted} {'rule' if lifted == 1 else 'rules'}.")


@fault.command()
@click.argument("scenario", shell_complete=scenarios_there)
@click.option("--only", is_flag=True, help="Lift every rule that is not of it.")
@options.as_json
@options.admin
@options.config
def apply(scenario: str, only: bool, as_json: bool, url: str | None, config_path: Path) -> None:
    """Put the rules of SCENARIO in force, as its file has them now."""
    done = _called(
        _api(config_path, url), "POST", f"/scenarios/{_quoted(scenario)}/apply", {"only": only}, expects="faults"
    )
    _tell(done, as_json, "In force now: {}.")


@fault.command()
@options.as_json
@options.admin
@options.config
def scenarios(as_json: bool, url: str | None, config_path: Path) -> None:
    """List the scenarios in the emulator's folder of faults, and say what is wrong with those that are not good."""
    found = _called(_api(config_path, url), "GET", "/scenarios", expects="scenarios")
    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("Scenario", "Description", "Rules"):
        table.add_column(heading, no_wrap=heading == "Scenario", overflow="fold")
    for each in found["scenarios"]:
        table.add_row(*map(plain, (each["name"], each["description"], ", ".join(each["rules"]))))
    if found["scenarios"]:
        show(table)
    else:
        click.echo("There is no scenario.")
    for line in map(_in_a_file, found["problems"]):
        click.echo(f"error: {plain(line)}", err=True)


def _api(config_path: Path, url: str | None) -> Api:
    return admin_api(read_configuration(config_path, url), url)


def _called(api: Api, method: str, path: str, value: Any = None, *, expects: str | None = None) -> Any:
    """Call, and end the process where the emulator refuses."""
    try:
        return api.call(method, path, value, expects=expects)
    except RefusedError as error:
        if errors := error.problem.get("errors"):
            _refuse(list(map(_in_a_file, errors)), FAILED)
        fail(str(error), code=FAILED)


def _refuse(lines: list[str], code: int) -> None:
    for line in lines:
        click.echo(f"error: {plain(line)}", err=True)
    raise SystemExit(code)


def _in_a_file(problem: dict[str, Any]) -> str:
    where = ":".join(str(problem[part]) for part in ("file", "line") if problem.get(part) is not None)
    return ": ".join(part for part in (where, problem["key"], problem["message"]) if part)


def _tell(done: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        print_json(done)
    else:
        click.echo(sentence.format(", ".join(rule["name"] for rule in done["faults"])))


def _written(path: Path) -> tuple[str, str]:
    """Return a file's text and its name for messages."""
    if path != _STANDARD_INPUT:
        return text_of(path), str(path)
    try:
        return sys.stdin.buffer.read().decode("utf-8"), "<stdin>"
    except UnicodeDecodeError as error:
        fail(f"<stdin>: is not UTF-8 text: byte {error.start}", code=BAD_USAGE)


def _quoted(name: str) -> str:
    return quote(name, safe="")
