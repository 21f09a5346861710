"""Body: the answer has another body, from the rule itself or from a file."""

from __future__ import annotations

import base64 as base_64
import binascii
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from ssp_emulator.faults.effects.editing import ContentType
from ssp_emulator.faults.effects.effect import Context, Effect, Stage
from ssp_emulator.faults.effects.replacing import Replacing, cut

if TYPE_CHECKING:
    from pathlib import Path

    from ssp_emulator.faults.effects.effect import Delivery, Wire
    from ssp_emulator.faults.firing import Firing

_LONGEST_TEXT = 1 << 20
_LARGEST_FILE = 1 << 26


class Body(Effect):
    """The answer has another body; its status and its other fields stay what they are.

    A file is looked for in the folder of the scenarios, and read when its rule is put in force; later changes of the
    file make no difference. It is at most 64 MiB.
    """

    group: ClassVar[str] = "Content"
    example: ClassVar[str] = (
        "{kind: body, text: '{\"resourceType\": \"Patient\"}', content_type: application/fhir+json}"
    )  # fmt: skip

    kind: Literal["body"]
    text: Annotated[str, Field(max_length=_LONGEST_TEXT)] | None = Field(
        default=None, description="the body as text, sent in UTF-8; just one of `text`, `base64` and `file` is required"
    )
    base64: Annotated[str, Field(max_length=_LONGEST_TEXT)] | None = Field(
        default=None, description="the body in base64"
    )
    file: Annotated[str, Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="the path of a file with the body, below the folder of the scenarios"
    )
    content_type: ContentType | None = Field(
        default=None, description="its Content-Type; if not given, that of the answer"
    )
    _content: bytes = PrivateAttr(default=b"")

    @field_validator("base64")
    @classmethod
    def _is_base64(cls, text: str | None) -> str | None:
        if text is not None:
            _decoded(text)
        return text

    @field_validator("file")
    @classmethod
    def _is_there(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None:
            _read(name, info.context)
        return name

    @model_validator(mode="after")
    def _holds_one(self, info: ValidationInfo) -> Self:
        said = [key for key in ("text", "base64", "file") if getattr(self, key) is not None]
        if len(said) != 1:
            raise ValueError(f"should have one of text, base64 and file, found {' and '.join(said) or 'none'}")
        if self.text is not None:
            self._content = self.text.encode()
        elif self.base64 is not None:
            self._content = _decoded(self.base64)
        elif self.file is not None:
            self._content = _read(self.file, info.context)
        return self

    @property
    def stages(self) -> tuple[Stage, ...]:
        """On the body of the answer."""
        return (Stage.CONTENT,)

    def around(self, following: Delivery, wire: Wire, firing: Firing) -> Delivery:
        """Replace the body."""
        content = self._content
        return Replacing(lambda: cut(content), len(content), self.content_type, following, wire, firing)


def _decoded(text: str) -> bytes:
    try:
        return base_64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        shown = text if len(text) <= 40 else f"{text[:40]}..."
        raise ValueError(f"should be base64 with its padding, found {shown!r}") from error


def _read(name: str, context: object) -> bytes:
    """Return the content of a file of the folder that the context names. Raises `ValueError`."""
    if not isinstance(context, Context):
        raise ValueError(  # noqa: TRY004 - pydantic makes a message of this one only
            "file should stand only in rules that are read beside a folder of scenarios; elsewhere use text or base64, "
            f"found {name!r}"
        )
    try:
        folder = context.folder.resolve(strict=True)
        path = (folder / name).resolve(strict=True)
        if path.is_relative_to(folder):
            return _content_of(path, name)
    except FileNotFoundError as error:
        raise ValueError(f"cannot read {name}: no such file") from error
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        reason = error.strerror if isinstance(error, OSError) else None
        raise ValueError(f"cannot read {name}: {(reason or 'it leads in a circle').lower()}") from error
    except ValueError as error:
        raise ValueError(str(error) if name in str(error) else f"cannot read {name!r}: no such file") from error
    raise ValueError(f"cannot read {name}: it should lie in {context.folder}")


def _content_of(path: Path, name: str) -> bytes:
    if not path.is_file():
        raise ValueError(f"cannot read {name}: it should be a regular file")
    with path.open("rb") as opened:
        content = opened.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise ValueError(f"cannot read {name}: it should have at most {_LARGEST_FILE} bytes")
    return content
