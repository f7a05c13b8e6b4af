"""The dataset: an array of square images that knows which of them are copies of one painting.

Choosing rows of it (a subset, held-out paintings, a limit) gives another one with a fingerprint of its own.
"""

from __future__ import annotations

import dataclasses
import json
import operator
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from artkeras.data import cache
from artkeras.data.folders import digest
from artkeras.errors import UserError
from artkeras.files import home

# The six copies of study 1, in its order, named as its files were. Rotations are counter-clockwise.
COPIES = ("", " LR", " TB", " 90", " 180", " 270")


@dataclass(frozen=True, eq=False)
class Pictures:
    """Square pictures of one study, grouped by painting.

    Attributes:
        array: (files, size, size, 3) uint8 RGB, read-only, maybe mapped from disk.
        names: one per file, its path relative to the folder, with forward slashes.
        paintings: (files,) int64; files with equal numbers are copies of one painting. The numbers are
            those of the whole folder: comparable between training and held-out pictures, with gaps.
        source: the folder as given, or "synthetic placeholder".
        synthetic: whether these are placeholders and no paintings at all.
        copies: 6 when each file stands for its six copies, made on the fly by `take`, else 1.
        skipped: (name, reason) of every file that could not be read.
        notes: one-line facts for the log.
        fingerprint: a hash of exactly these pictures. It depends on the files' content, order and
            grouping, on size, fit and copies, but neither on file names nor on the machine.
        digests: one content hash per file, from which further fingerprints are made.
        fit: "stretch" or "crop", or the half that was taken: "left" or "right".
    """

    array: np.ndarray = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    paintings: np.ndarray = field(repr=False)
    source: str
    synthetic: bool
    copies: int
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    fingerprint: str
    digests: tuple[str, ...] = field(default=(), repr=False)
    fit: str = "stretch"

    def __len__(self) -> int:
        """How many pictures there are, copies included."""
        return len(self.names) * self.copies

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the pictures at `indices`: (k, size, size, 3) uint8, a fresh array.

        Index i is copy i % copies of file i // copies, the copies in the order of `COPIES`.

        Raises:
            IndexError: an index is not a whole number in [0, len(self)).
        """
        indices = np.asarray(indices).reshape(-1)
        if indices.size and not np.issubdtype(indices.dtype, np.integer):
            raise IndexError(f"indices must be whole numbers, not {indices.dtype}")
        if indices.size and not 0 <= indices.min() <= indices.max() < len(self):
            raise IndexError(f"indices must lie in [0, {len(self)})")
        files, which = np.divmod(indices.astype(np.int64), self.copies)
        pictures = np.asarray(self.array)[files]
        for copy in range(1, self.copies):
            rows = np.flatnonzero(which == copy)
            pictures[rows] = augmented(pictures[rows], copy)
        return pictures

    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        """`count` pictures drawn with replacement, for one step: (count, size, size, 3) uint8."""
        return self.take(random.integers(len(self), size=count))

    @property
    def memory(self) -> int:
        """Bytes of memory they take; none where they are mapped from disk."""
        return 0 if isinstance(self.array, np.memmap) else self.array.nbytes

    def originals(self) -> Pictures:
        """The same paintings with one file each (the one without a suffix) and no copies."""
        return choose(self, original_rows(self, np.arange(len(self.names))), copies=1)


def augmented(pictures: np.ndarray, copy: int) -> np.ndarray:
    """View (k, size, size, 3) pictures as their copy number `copy` in the order of `COPIES`."""
    if copy == 1:
        return pictures[:, :, ::-1]
    if copy == 2:
        return pictures[:, ::-1]
    return np.rot90(pictures, max(copy - 2, 0), axes=(1, 2))


def to_uint8(x: np.ndarray, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """Turn floats in [low, high] into uint8 in [0, 255]: scale, clip, round. NaN becomes 0.

    The one place where the kit does this, so that a saved picture and a scored one are the same.
    Any shape; the result has the same shape.

    Raises:
        ValueError: low is not below high.
    """
    if not low < high:
        raise ValueError(f"low must be below high, not {low} and {high}")
    scaled = (np.asarray(x).astype(np.float32) - low) * (255.0 / (high - low))
    return np.rint(np.clip(np.nan_to_num(scaled, nan=0.0), 0, 255)).astype(np.uint8)


def to_float(x: np.ndarray, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """Turn uint8 into float32 in [low, high], the way back of `to_uint8`. Training does it on the device instead."""
    return np.asarray(x).astype(np.float32) * ((high - low) / 255.0) + np.float32(low)


def original_rows(pictures: Pictures, rows: np.ndarray) -> np.ndarray:
    """Of `rows`, one row per painting, in order: the file without a suffix, if it is there."""
    best: dict[int, int] = {}
    for row in rows.tolist():
        painting = int(pictures.paintings[row])
        # A copy's name is its original's with a suffix, so the shortest stem is the original.
        if painting not in best or _stem_length(pictures, row) < _stem_length(pictures, best[painting]):
            best[painting] = row
    return np.array(sorted(best.values()), dtype=np.int64)


def _stem_length(pictures: Pictures, row: int) -> int:
    return len(os.path.splitext(pictures.names[row])[0])


def split_rows(pictures: Pictures, rows: np.ndarray, holdout: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split `rows` by painting: (rows to train on, one row per held-out painting)."""
    if not holdout:
        return rows, rows[:0]
    originals = original_rows(pictures, rows)
    total = len(originals)
    if total < 2:
        raise UserError("holdout needs at least two paintings: add pictures or set holdout to 0")
    count = min(max(round(holdout * total), 1), total - 1)
    order = _draw(pictures, originals, seed, "holdout")
    held = np.sort(order[: _after_twins(pictures, order, count)])
    keep = ~np.isin(pictures.paintings[rows], pictures.paintings[held])
    return rows[keep], held


def _after_twins(pictures: Pictures, order: np.ndarray, count: int) -> int:
    """Move a cut at `count` behind files of identical content, unless nothing would remain."""
    end = count
    while end < len(order) and pictures.digests[order[end]] == pictures.digests[order[end - 1]]:
        end += 1
    return end if end < len(order) else count


def limit_rows(pictures: Pictures, rows: np.ndarray, limit: int | None, seed: int) -> np.ndarray:
    """Keep the rows of at most `limit` paintings."""
    originals = original_rows(pictures, rows)
    if limit is None or len(originals) <= limit:
        return rows
    chosen = _draw(pictures, originals, seed, "limit")[:limit]
    return rows[np.isin(pictures.paintings[rows], pictures.paintings[chosen])]


def _draw(pictures: Pictures, rows: np.ndarray, seed: int, purpose: str) -> np.ndarray:
    """Shuffle `rows` by seed and content, so that no row's place depends on which others there are."""

    def place(row: int) -> tuple[str, int]:
        return digest(f"{purpose} {operator.index(seed)} {pictures.digests[row]}".encode()), row

    return np.array(sorted(rows.tolist(), key=place), dtype=np.int64)


def choose(pictures: Pictures, rows: np.ndarray, copies: int) -> Pictures:
    """The pictures of `rows` alone, with their own fingerprint."""
    known = pictures.digests or [digest(picture.tobytes()) for picture in pictures.array]
    digests = tuple(known[row] for row in rows)
    paintings = pictures.paintings[rows]
    grouping = np.unique(paintings, return_inverse=True)[1].reshape(-1).tolist()
    facts = [digests, grouping, pictures.array.shape[1], pictures.fit]
    return dataclasses.replace(
        pictures,
        array=_chosen(pictures.array, rows, digest(json.dumps(facts).encode())),
        names=tuple(pictures.names[row] for row in rows),
        paintings=paintings,
        copies=copies,
        fingerprint=digest(json.dumps([*facts, copies]).encode()),
        digests=digests,
    )


def _chosen(array: np.ndarray, rows: np.ndarray, key: str) -> np.ndarray:
    """`array[rows]`, which must not be loaded if it is large: then it is another mapped file."""
    if np.array_equal(rows, np.arange(len(array))):
        return array
    if isinstance(array, np.memmap) and len(rows) * array[0].nbytes > cache.MAP_ABOVE:
        path = home() / "pictures" / f"{key}.npy"
        try:
            if not cache.is_array(path, (len(rows), *array.shape[1:])):
                cache.write_array(path, (array[row] for row in rows), array.shape[1])
            return cache.open_array(path)
        except (OSError, ValueError):
            pass  # no room for it: what is left is memory
    chosen = np.asarray(array)[rows]
    chosen.flags.writeable = False
    return chosen
