"""Json-patch: values in the body are changed, and the rest of it is left as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from jsonpatch import JsonPatch, JsonPatchException
from jsonpointer import JsonPointer, JsonPointerException
from pydantic import AfterValidator, Field, JsonValue

from ssp_emulator.faults.effects import exact_json
from ssp_emulator.faults.effects.effect import Effect, Stage
from ssp_emulator.faults.effects.exact_json import InexactError
from ssp_emulator.faults.effects.whole import UnfitError, Whole

if TYPE_CHECKING:
    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing

_MOST = 1000
_MOST_COPIED = 1 << 20  # what is copied can be copied again, and each time be twice as long
_LONGEST_POINTER = 2000
_LONGEST_SHOWN = 80
_TAKES = {
    "add": "value",
    "remove": None,
    "replace": "value",
    "move": "from",
    "copy": "from",
    "test": "value",
}


def _well_formed(operation: dict[str, Any]) -> dict[str, Any]:
    kind = operation.get("op")
    if not isinstance(kind, str) or kind not in _TAKES:
        raise ValueError(f"op should be one of {', '.join(_TAKES)}, found {kind!r}")
    _check_pointer(operation, "path")
    match _TAKES[kind]:
        case "from":
            _check_pointer(operation, "from")
        case "value" if "value" not in operation:
            raise ValueError(f"value should stand beside {kind}")
    return operation


def _check_pointer(operation: dict[str, Any], key: str) -> None:
    found = operation.get(key)
    try:
        if isinstance(found, str) and len(found) <= _LONGEST_POINTER:
            JsonPointer(found)
            return
    except JsonPointerException:
        pass
    shown = repr(found)
    raise ValueError(
        f'{key} should be a JSON Pointer of up to {_LONGEST_POINTER} characters, as in "/entry/0/id", '
        f"found {shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + '...'}"
    )


Operation = Annotated[dict[str, JsonValue], AfterValidator(_well_formed)]


class JsonPatchEffect(Effect):
    """Values in a JSON body are changed by a JSON Patch; all others keep their digits and their order.

    White space between them is lost. The body may be in gzip, and is at most 32 MiB. One that is longer or not JSON, or
    that the patch does not fit, goes on as it was, and the audit record says why.

    Source: RFC 6902 (JSON Patch), RFC 6901 (JSON Pointer).
    """

    group: ClassVar[str] = "Content"
    example: ClassVar[str] = "{kind: json-patch, patch: [{op: replace, path: /resourceType, value: Patient}]}"

    kind: Literal["json-patch"]
    patch: list[Operation] = Field(
        min_length=1,
        max_length=_MOST,
        description="operations, one after the other: `op`, `path`, and `value` or `from` where the operation takes it",
    )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On the body of the answer."""
        return (Stage.CONTENT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Change values in the body."""
        count = len(self.patch)
        did = f"changed the body by {count} operation{'s' if count > 1 else ''}"
        return Whole(self.patched, did, following, wire, firing)

    def patched(self, body: bytes) -> bytes:
        """Return a JSON text with the patch applied. Raises `UnfitError`."""
        try:
            return exact_json.write(self._applied(exact_json.read(body)))
        except InexactError as error:
            raise UnfitError(str(error)) from error

    def _applied(self, document: Any) -> Any:
        room = _MOST_COPIED
        for number, operation in enumerate(self.patch, 1):
            what = f"operation {number} ({operation['op']} {operation['path']})"
            try:
                if operation["op"] == "copy":  # the one that can double a body, and ten of them a thousandfold
                    room -= len(exact_json.write(JsonPointer(str(operation["from"])).resolve(document)))
                    if room < 0:
                        raise UnfitError(f"{what} would copy more than {_MOST_COPIED} bytes in all")
                document = JsonPatch([operation]).apply(document, in_place=True)
            except (JsonPatchException, JsonPointerException, TypeError) as error:  # their texts repeat the body
                raise UnfitError(f"{what} does not fit the body") from error
            except RecursionError as error:
                raise UnfitError("the body is nested too deeply") from error
        return document
