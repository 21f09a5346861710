"""YAML that remembers its lines, so that every problem in a file can be named as `file:line: key: …`.

Source: YAML 1.2.2, 3.2.1.3 (the keys of a mapping are unique; PyYAML alone lets the last one win).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.composer import Composer
from yaml.resolver import Resolver

from ssp_emulator import alike
from ssp_emulator.complaints import complaints, dotted
from ssp_emulator.errors import SetupError, without_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ssp_emulator.complaints import Key

# PyYAML lets these through where a tag does not fit its value: `!!int x`, or the 31st of February.
_NOT_CONSTRUCTED = (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, RecursionError)
Model = TypeVar("Model", bound=BaseModel)


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, where PyYAML was built with it
_LONG = 1 << 18  # characters; a parser takes less than a second for so many
_MOST_REPEATED = 100_000
_DEEPEST = 64  # libyaml composes by recursion, and would bring the process down over a line of brackets


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file: where it is, what is wrong, and what would be right."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        said = f"{self.key}: {self.message}" if self.key else self.message
        return without_keys(f"{where}: {said}")


class InvalidFileError(SetupError):
    """A file cannot be used; `problems` says why, each with its line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> tuple[str, ...]:
        """Each problem, as `file:line: key: …`."""
        return tuple(map(str, self.problems))


@dataclass(frozen=True, slots=True)
class Located:
    """A parsed YAML document: its data, and the way back from a key to its line.

    `compose` returns the document's root, from which lines are found; None where they are not known.
    """

    file: str
    data: Any
    compose: Callable[[], yaml.Node | None] | None

    def line(self, key: Key) -> int | None:
        """Return the line, counted from 1, of a key such as `("systems", 0, "asid")`.

        Where the key is not in the file (a field that is missing), it is the line of what should hold it.
        """
        root = self.compose() if self.compose is not None else None
        if root is None:
            return None
        mark, node = root.start_mark, root
        for step in key:
            found = _child(node, step)
            if found is None:
                break
            mark, node = found
        return int(mark.line) + 1

    def problem(self, key: Key, message: str) -> Problem:
        """Name a problem at a key of this document."""
        return Problem(self.file, self.line(key), dotted(key), message)

    def validated(self, model: type[Model], context: object = None) -> Model:
        """Return the document's data as a model; `context` is for its validators.

        Raises `InvalidFileError` with every problem that it has.
        """
        try:
            return model.model_validate({} if self.data is None else self.data, context=context)
        except ValidationError as error:
            raise InvalidFileError(self.problem(key, message) for key, message in complaints(error, model)) from error


def parse(text: str, file: str) -> Located:
    """Parse one YAML document.

    Takes the text, and the file's name for messages. Raises `InvalidFileError` for a syntax error, and for a
    key that stands twice in one mapping.
    """
    if len(text) > _LONG:
        with suppress(alike.DoubtError):
            return Located(file, alike.read(text, _parsed_part), cache(partial(_composed, text)))
    return _parsed(text, file)


def _parsed(text: str, file: str) -> Located:
    loader = _Loader(text)
    try:
        if (line := _too_deep(text)) is not None:
            raise InvalidFileError([Problem(file, line, "", f"is nested more than {_DEEPEST} deep")])
        if (line := _too_often_repeated(text)) is not None:
            raise InvalidFileError([Problem(file, line, "", f"repeats more than {_MOST_REPEATED} values by aliases")])
        root = loader.get_single_node()
        if root is None:
            return Located(file, None, None)
        if repeated := [Problem(file, line, key, "stands twice; keep one") for line, key in _repeated(root)]:
            raise InvalidFileError(repeated)
        return Located(file, loader.construct_document(root), lambda: root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise InvalidFileError([Problem(file, line, "", f"not YAML: {error.problem or error.context}")]) from error
    except _NOT_CONSTRUCTED as error:
        said = " ".join(str(error).split())
        raise InvalidFileError([Problem(file, None, "", f"not YAML: {said}")]) from error
    finally:
        loader.dispose()


def _parsed_part(text: str) -> Any:
    try:
        return _parsed(text, "").data
    except InvalidFileError as error:
        raise alike.DoubtError from error


class _Composer(Composer, Resolver):
    """Composes what libyaml parses, in Python: other threads go on meanwhile, and libyaml's composer holds them up."""

    def __init__(self, parser: yaml.SafeLoader) -> None:
        Composer.__init__(self)
        Resolver.__init__(self)
        self.check_event, self.peek_event, self.get_event = parser.check_event, parser.peek_event, parser.get_event


def _composed(text: str) -> yaml.Node | None:
    """Return the root of a long document that is known to be good."""
    loader = _Loader(text)
    try:
        root: yaml.Node | None = _Composer(loader).get_single_node()
    finally:
        loader.dispose()
    return root


def _too_deep(text: str) -> int | None:
    """Return the line at which a document is nested too deep; reading its events needs no recursion."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST and event.start_mark is not None:
                return int(event.start_mark.line) + 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def _too_often_repeated(text: str) -> int | None:
    """Return the line of the alias with which aliases stand for too many values: each may hold others, and so on."""
    sizes: dict[str, int] = {}  # of what an anchor stands for, its own aliases followed
    open_ones: list[tuple[str | None, int]] = []
    size = repeated = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            meant = sizes.get(str(event.anchor), 1)
            size += meant
            repeated += meant
            if repeated > _MOST_REPEATED and event.start_mark is not None:
                return int(event.start_mark.line) + 1
        elif isinstance(event, yaml.CollectionStartEvent):
            open_ones.append((event.anchor, size))
            size += 1
        elif isinstance(event, yaml.ScalarEvent):
            size += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_ones.pop()
            if anchor is not None:
                sizes[anchor] = size - before
    return None


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Mark, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == str(step):
                return name.start_mark, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark, item
    return None


def _repeated(root: yaml.Node) -> Iterator[tuple[int, str]]:
    seen: set[int] = set()  # an alias may lead back to where it stands
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for name, value in node.value:
                waiting.append(value)
                if not isinstance(name, yaml.ScalarNode):
                    continue
                if name.value in names:
                    yield name.start_mark.line + 1, name.value
                names.add(name.value)
