"""Long YAML files, whose entries are alike: read by the forms that their entries have, at a fraction of the time.

- section: a key of the outermost mapping, with a list of entries below it
- entry: an item of that list, with its lines
- form: what is left of an entry without its values, and so the same in many; a parser reads it once
- value: text that YAML takes as it stands, in double quotes or plain

A parser judges every form, and every entry that has none; what is beyond that is left to it altogether.

Source: YAML 1.2.2, 5.1 (characters), 7.3.1 and 7.3.3 (what stands in double quotes, and plain); PyYAML for which plain
scalars are no text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Parse = Callable[[str], Any]

_LINE = r"[ -~\u00a1-\u1fff]*+"  # without tabs, and without the line breaks of YAML that are none of Python's
_QUOTED = r"[ !#-\[\]-~\u00a1-\u1fff]*+"
_WORD = r"[A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f.*/'()&+@_-]"
_NO_TEXT = r"(?i:yes|no|on|off|true|false|null)(?:[ \n,}\]]|\Z)"
# A number may begin a code, but for 0b and 0x; a limit to the words keeps the search linear.
_PLAIN = rf"(?!{_NO_TEXT})(?:[0-9]++(?![bBxX]))?[A-Za-z]{_WORD}*+(?:[ :]{_WORD}++){{0,15}}+"
_ENDS = r"(?=\n|\Z| *[,\]}])"
_TOKEN = re.compile(
    rf'(?<=[ \[{{])(?:"(?P<quoted>{_QUOTED})"|(?P<plain>{_PLAIN})){_ENDS}|(?<=[ \n])#(?P<comment>{_LINE})(?=\n|\Z)'
)
_PATTERNS = {"quoted": rf"({_QUOTED})", "plain": rf"({_PLAIN}){_ENDS}", "comment": _LINE}

_IDLE = rf"(?: *(?:#{_LINE})?\n)*+"
_HEAD = re.compile(_IDLE)
_SECTION = re.compile(rf"([a-z_]++):(?: +#{_LINE}| *)\n{_IDLE}(?=( *)- )")
_REST = r"[^\n]*+(?:\n|\Z)"
_BELOW = rf"(?:\n| {{{{{{0}}}}}}{_REST}| *#{_REST})*+"  # empty lines, comments, and what so many spaces indent
_OTHER = re.compile(rf"[a-z_]++:{_REST}{_BELOW.format(1)}")
_ALIAS = re.compile(r"""(?:[\s\[{,?]|[\]}"']:)[&*]""")

_MARK = "zqvalue"
_MOST_FORMS = 64
_LONGEST = 10_000  # characters of an entry that can have a form: its pattern has to be compiled
_MOST_ODD_ENTRIES = 5000


class DoubtError(Exception):
    """Only a parser can tell what a text means."""


class _Place(NamedTuple):
    """Stands in a form's data for one of its entry's values."""

    number: int


class _Form(NamedTuple):
    matches: Callable[[str, int], re.Match[str] | None]
    data: Any


def read(text: str, parse: Parse) -> dict[str, Any]:
    """Return the data of a document, which is what `parse` makes of the whole; it is called with parts.

    Raises `DoubtError` where the whole has to be parsed to tell; `parse` raises it at a part that is not good.
    """
    document: dict[str, Any] = {}
    position = _end(_HEAD, text, 0)
    while position < len(text):
        if section := _SECTION.match(text, position):
            name = section[1]
            entries = _Entries(name, len(section[2]), parse)
            found, position = {name: list(entries.read(text, section.end()))}, entries.end
        else:
            begun, position = position, _end(_OTHER, text, position)
            found = _judged(text[begun:position], parse)
        if len(found) != 1 or found.keys() & document.keys():
            raise DoubtError
        document.update(found)
    if not document:
        raise DoubtError
    return document


class _Entries:
    """Reads the entries of one section; `end` is where they end in the text, once all are read."""

    def __init__(self, name: str, indent: int, parse: Parse) -> None:
        self.end = 0
        self._header = f"{name}:\n"
        self._name = name
        self._parse = parse
        self._begin = " " * indent + "- "
        self._whole = re.compile(rf"{self._begin}{_REST}{_BELOW.format(indent + 1)}")
        self._ends = rf"(?={self._begin}|[a-z_]|\Z)"
        self._forms: list[_Form] = []
        self._odd_ones = 0

    def read(self, text: str, position: int) -> Iterator[Any]:
        """Yield the data of each entry from a position on."""
        while text.startswith(self._begin, position):
            data, position = self._known(text, position) or self._learnt(text, position) or self._odd(text, position)
            yield data
        self.end = position

    def _known(self, text: str, position: int) -> tuple[Any, int] | None:
        """Return the data of an entry whose form is known, and where the entry ends."""
        forms = self._forms
        for index, form in enumerate(forms):
            if match := form.matches(text, position):
                if index:
                    forms.insert(0, forms.pop(index))  # the next one is likely to be alike
                return _filled(form.data, match.groups()), match.end()
        return None

    def _learnt(self, text: str, position: int) -> tuple[Any, int] | None:
        """Make the form of an entry known, and return as `_known` does; None where it has none."""
        end = _end(self._whole, text, position)
        if len(self._forms) == _MOST_FORMS or end - position > _LONGEST:
            return None
        if form := self._form(text[position:end]):
            self._forms.insert(0, form)
            return self._known(text, position)
        return None

    def _odd(self, text: str, position: int) -> tuple[Any, int]:
        """Parse an entry that has no form, or one too many."""
        self._odd_ones += 1
        if self._odd_ones > _MOST_ODD_ENTRIES:
            raise DoubtError
        end = _end(self._whole, text, position)
        return self._data(text[position:end]), end

    def _form(self, entry: str) -> _Form | None:
        """Find the form of an entry: put marks in its values' places, and see where they come out again."""
        pattern, marked, done, values = "", "", 0, 0
        for token in _TOKEN.finditer(entry):
            kind = token.lastgroup or ""
            begin, end = token.span(kind)
            pattern += re.escape(entry[done:begin]) + _PATTERNS[kind]
            marked += entry[done:begin] + f"{_MARK}{values if kind != 'comment' else 'c'}z"
            values += kind != "comment"
            done = end
        marked += entry[done:]
        try:
            data, found = _placed(self._data(marked))
        except DoubtError:
            return None
        if sorted(found) != list(range(values)):
            return None
        return _Form(re.compile(f"{pattern}{re.escape(entry[done:])}{self._ends}").match, data)

    def _data(self, entry: str) -> Any:
        found = _judged(self._header + entry, self._parse)
        entries = found.get(self._name)
        if len(found) != 1 or not isinstance(entries, list) or len(entries) != 1:
            raise DoubtError
        return entries[0]


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    if match is None:
        raise DoubtError
    return match.end()


def _judged(part: str, parse: Parse) -> dict[Any, Any]:
    """Parse a part of a document; how often aliases repeat what can be seen of the whole alone."""
    if _ALIAS.search(part):
        raise DoubtError
    found = parse(part)
    if not isinstance(found, dict):
        raise DoubtError
    return found


def _placed(data: Any) -> tuple[Any, list[int]]:
    """Return data with places for marks, and which these are. Raises `DoubtError` where a mark is no value alone."""
    found: list[int] = []

    def place(value: Any) -> Any:
        if isinstance(value, dict):
            if any(_MARK in str(key) for key in value):
                raise DoubtError
            return {key: place(below) for key, below in value.items()}
        if isinstance(value, list):
            return [place(below) for below in value]
        if _MARK not in str(value):
            return value
        if not (isinstance(value, str) and (mark := re.fullmatch(rf"{_MARK}([0-9]+)z", value))):
            raise DoubtError
        found.append(int(mark[1]))
        return _Place(found[-1])

    return place(data), found


def _filled(data: Any, values: tuple[str, ...]) -> Any:
    kind = type(data)
    if kind is _Place:
        return values[data.number]
    if kind is dict:
        return {key: _filled(below, values) for key, below in data.items()}
    if kind is list:
        return [_filled(below, values) for below in data]
    return data
