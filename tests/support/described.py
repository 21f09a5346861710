"""The API's description, and values that are held against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema.exceptions import ValidationError


class Described:
    """The API's description: what it says of an answer, and whether one is so."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.schemas = document["components"]["schemas"]
        self._registry = Registry().with_resource("urn:api", DRAFT202012.create_resource(document))

    def get(self, path: str) -> dict[str, Any]:
        """Return the schema of what GET answers, whatever its type."""
        (content,) = self.document["paths"][path]["get"]["responses"]["200"]["content"].values()
        return content["schema"]

    def parts(self, path: str) -> dict[str, Any]:
        """Return the parts that the schema of what GET answers refers to, also by way of others."""
        found: dict[str, Any] = {}
        left = [self.get(path)]
        while left:
            for each in within(left.pop()):
                name = str(each.get("$ref", "")).removeprefix("#/components/schemas/")
                if name and name not in found:
                    found[name] = self.schemas[name]
                    left.append(found[name])
        return found

    def errors(self, path: str, answer: Any) -> list[ValidationError]:
        """Return what is not as it says of what GET answers."""
        (media,) = self.document["paths"][path]["get"]["responses"]["200"]["content"]
        return self._errors(["paths", path, "get", "responses", "200", "content", media, "schema"], answer)

    def errors_of_part(self, name: str, value: Any) -> list[ValidationError]:
        """Return what is not as it says of a part."""
        return self._errors(["components", "schemas", name], value)

    def _errors(self, steps: list[str], value: Any) -> list[ValidationError]:
        pointer = "/".join(quote(step.replace("~", "~0").replace("/", "~1")) for step in steps)
        validator = Draft202012Validator({"$ref": f"urn:api#/{pointer}"}, registry=self._registry)
        return list(validator.iter_errors(value))


def within(value: Any) -> Iterator[dict[str, Any]]:
    """Every object anywhere in a value of JSON's types, itself included."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from within(inner)
