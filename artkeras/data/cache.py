"""The cache: a folder of images as one array of squares, decoded once and kept on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

from artkeras.data.decoding import HALVES, Outcome, decode_each, to_square
from artkeras.data.folders import (
    PACKED,
    PACKED_FACTS,
    decoders,
    hash_files,
    list_images,
    natural_key,
    none_readable,
    reason,
)
from artkeras.errors import UserError
from artkeras.files import atomic, home

# Arrays of more bytes than this stay on disk and are mapped into memory, not loaded.
MAP_ABOVE = 256 * 1024 * 1024

_CACHE_FORMAT = 3  # raise it when the same file would be turned into different pixels, or taken or refused
_LISTED = 5  # how many files a note names
_BLOCK = 256  # how many images a checksum takes at a time


@dataclass(frozen=True)
class Contents:
    """What a folder holds; the fields are those of `Pictures`."""

    array: np.ndarray
    names: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    digests: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_folder(folder: Path, size: int, fit: str) -> Contents:
    """Read a folder from the cache, or decode it and fill the cache. A packed folder is its own cache."""
    if (folder / PACKED_FACTS).is_file():
        return _unpacked(folder, size, fit)
    listing = list_images(folder)
    skipped = list(listing.unread)
    hashes: dict[str, str] = {}
    for name, result in hash_files(folder, listing.names).items():
        if result.startswith("!"):
            skipped.append((name, result[1:]))
        else:
            hashes[name] = result
    if not hashes:
        raise none_readable(folder, skipped)
    key = _key(hashes, size, fit)
    contents, notes = _recall(key, size), listing.notes
    if contents is None:
        try:
            _remember(key, folder, list(hashes), size, fit)
            contents = _recall(key, size)
        except OSError as error:
            notes += (f"cannot cache pictures in {home()} ({reason(error)}): they are read again each time",)
    if contents is None:
        contents = _decode_all(folder, list(hashes), size, fit)
    skipped = sorted([*skipped, *contents.skipped], key=lambda item: natural_key(item[0]))
    digests = tuple(hashes[name] for name in contents.names)
    return dataclasses.replace(contents, skipped=tuple(skipped), digests=digests, notes=notes + contents.notes)


def _unpacked(folder: Path, size: int, fit: str) -> Contents:
    """Read what `data_tools augment --pack` wrote; larger squares are reduced, smaller ones refused."""
    if fit in HALVES:
        raise UserError(f"the packed pictures in {folder} are squares, no pairs: give the folder of the pairs' files")
    try:
        facts = json.loads((folder / PACKED_FACTS).read_text(encoding="utf-8"))
        names, digests = tuple(map(str, facts["names"])), tuple(map(str, facts["digests"]))
        array = open_array(folder / PACKED)
        side = array.shape[1]
        if array.dtype != np.uint8 or array.shape != (len(names), side, side, 3) or not len(digests) == len(names) > 0:
            raise ValueError("array and names do not belong together")
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise UserError(
            f"the packed pictures in {folder} are damaged ({reason(error)}): make them again with data_tools augment"
        ) from error
    if side < size:
        raise UserError(
            f"the packed pictures in {folder} have {side} pixels a side and {size} are asked for: make them again with "
            f"data_tools augment --pack --size {size}"
        )
    if side > size:
        array = np.stack([np.asarray(to_square(Image.fromarray(square), size, "stretch")) for square in array])
    array.flags.writeable = False
    packed = facts.get("fit", fit)
    notes = (f"packed with fit {packed}, so fit {fit} has no effect",) if packed != fit else ()
    return Contents(array, names, (), digests, notes)


def _key(hashes: dict[str, str], size: int, fit: str) -> str:
    """Name of a cache entry: it changes with every file's name and content, and with the decoders."""
    facts = f"{_CACHE_FORMAT} {PIL.__version__} {' '.join(decoders())} {size} {fit}"
    state = hashlib.blake2b(facts.encode(), digest_size=16)
    for name, digest in hashes.items():
        state.update(b"\0" + os.fsencode(name) + b"\0" + digest.encode())
    return state.hexdigest()


def _recall(key: str, size: int) -> Contents | None:
    """Load a cache entry; None if there is none or it is damaged in any way."""
    folder = home() / "pictures"
    try:
        facts = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        array = open_array(folder / f"{key}.npy")
        shape = (len(facts["names"]), size, size, 3)
        if array.shape != shape or array.dtype != np.uint8 or _checksum(array) != facts["checksum"]:
            return None
        array.flags.writeable = False
        doubts = [(name, note) for name, note in facts["doubts"]]
        skipped = tuple((name, reason) for name, reason in facts["skipped"])
        return Contents(array, tuple(facts["names"]), skipped, notes=_counted(doubts))
    except Exception:  # whatever the damage, the cure is to read the pictures again
        return None


def _remember(key: str, folder: Path, names: Sequence[str], size: int, fit: str) -> None:
    """Decode a folder straight into a cache entry, so that memory stays flat however many there are."""
    outcome = Outcome()
    place = home() / "pictures"
    checksum = write_array(place / f"{key}.npy", decode_each(folder, names, size, fit, outcome), size)
    facts = {"names": outcome.kept, "skipped": outcome.skipped, "doubts": outcome.doubts, "checksum": checksum}
    with atomic(place / f"{key}.json") as part:  # last: an entry without it does not count
        part.write_text(json.dumps(facts), encoding="utf-8")


def _decode_all(folder: Path, names: Sequence[str], size: int, fit: str) -> Contents:
    """Decode a folder into memory, for want of a cache."""
    outcome = Outcome()
    array = np.stack(list(decode_each(folder, names, size, fit, outcome)))
    array.flags.writeable = False
    return Contents(array, tuple(outcome.kept), tuple(outcome.skipped), notes=_counted(outcome.doubts))


def _counted(doubts: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """One line for each kind of doubt, with the number of files and the names of some."""
    files: dict[str, list[str]] = {}
    for name, note in doubts:
        files.setdefault(note, []).append(name)
    return tuple(
        f"{len(names)} {'file' if len(names) == 1 else 'files'}: {note} "
        f"({', '.join(names[:_LISTED])}{', ...' if len(names) > _LISTED else ''})"
        for note, names in files.items()
    )


def open_array(path: Path) -> np.ndarray:
    """Map a large .npy file, load a small one."""
    if path.stat().st_size > MAP_ABOVE:
        return np.lib.format.open_memmap(path, mode="r")
    with open(path, "rb") as file:
        return np.lib.format.read_array(file)


def is_array(path: Path, shape: tuple[int, ...]) -> bool:
    """Whether `path` is an array file of this shape."""
    try:
        return open_array(path).shape == shape
    except Exception:  # missing or damaged in any way
        return False


def write_array(path: Path, pictures: Iterable[np.ndarray], size: int) -> str:
    """Write (size, size, 3) uint8 pictures one by one as one .npy file; return its checksum.

    Plain writing, because a full disk is then an error one can catch; through a memory map it would end
    the process. The header comes first but the count last: numpy leaves room in it for a longer one.
    """
    state = hashlib.blake2b(digest_size=16)
    count = 0
    with atomic(path) as part, open(part, "wb") as file:
        _write_header(file, count, size)
        start = file.tell()
        for picture in pictures:
            data = np.ascontiguousarray(picture).tobytes()
            state.update(data)
            file.write(data)
            count += 1
        file.seek(0)
        _write_header(file, count, size)
        if file.tell() != start:
            raise OSError("the array header has no room for the count")
    return state.hexdigest()


def _write_header(file, count: int, size: int) -> None:
    facts = {"descr": "|u1", "fortran_order": False, "shape": (count, size, size, 3)}
    np.lib.format.write_array_header_1_0(file, facts)


def _checksum(array: np.ndarray) -> str:
    """The same as `write_array` returned, block by block for the sake of mapped arrays."""
    state = hashlib.blake2b(digest_size=16)
    for start in range(0, len(array), _BLOCK):
        state.update(np.ascontiguousarray(array[start : start + _BLOCK]).data)
    return state.hexdigest()
