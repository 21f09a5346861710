"""Packing: objects as bytes, from the leading process to its workers, which get just what it has in force itself.

To read files again in each process would let them differ, where a file changes between two of them, and a worker that
is started later could not have what was in force before the file went bad. Only bytes of one's own parent are unpacked.
"""

from __future__ import annotations

import dataclasses
import gc
import io
import pickle
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssp_emulator.address import Address
from ssp_emulator.directory.model import Agreement, Endpoint, Organisation, System
from ssp_emulator.located import Located
from ssp_emulator.token.signing import VerificationKey

if TYPE_CHECKING:
    import yaml


_Reduced = tuple[Callable[..., object], tuple[Any, ...]]


def _by_fields(kind: type) -> Callable[[Any], _Reduced]:
    """Return what packs a frozen dataclass with slots in half of the time that its own way takes."""
    fields = attrgetter(*(field.name for field in dataclasses.fields(kind)))
    return lambda it: (kind, fields(it))


class _Packer(pickle.Pickler):
    """Packs what cannot say by itself how it is copied, and quickly what large registries are full of."""

    # By type: to be asked for each object took longer than all else.
    dispatch_table = {  # noqa: RUF012 - pickle's own
        VerificationKey: lambda key: (VerificationKey.from_pem, (_pem(key),)),
        Located: lambda it: (_located, (it.file, it.data, it.compose() if it.compose is not None else None)),
        **{kind: _by_fields(kind) for kind in (Organisation, Endpoint, System, Agreement, Address)},
    }


def _pem(key: VerificationKey) -> str:
    return key.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def _located(file: str, data: Any, root: yaml.Node | None) -> Located:
    return Located(file, data, lambda: root)


def packed(thing: object) -> bytes:
    """Return an object as bytes."""
    packing = io.BytesIO()
    _Packer(packing, pickle.HIGHEST_PROTOCOL).dump(thing)
    return packing.getvalue()


def unpacked(data: bytes) -> Any:
    """Return the object that was packed."""
    collects = gc.isenabled()
    gc.disable()  # it would look again and again at all that is there so far, and none of it is garbage
    try:
        return pickle.loads(data)  # noqa: S301 - it comes from the process that started this one
    finally:
        if collects:
            gc.enable()
