"""Grouping: which files are copies of one painting, by their names and by what they show."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from artkeras.data.dataset import COPIES, augmented

# Mean difference, in levels of 0 to 255, up to which a square is a copy that was merely saved again.
SAME_PICTURE = 8
_UNDONE_BY = (0, 1, 2, 5, 4, 3)  # a quarter to the left by one to the right; the others by themselves


class Grouping(NamedTuple):
    """Which files show one painting.

    Attributes:
        paintings: (files,) int64, equal for copies of one painting.
        example: the name of one file that is a copy of another one, or None.
        only_named: files that are named like copies and show something else.
    """

    paintings: np.ndarray
    example: str | None
    only_named: tuple[str, ...] = ()


def group_paintings(
    names: Sequence[str], unreadable: Sequence[str] = (), squares: np.ndarray | None = None
) -> Grouping:
    """Number the paintings.

    "A LR.jpg" is named like a copy if there is an "A.*" in the same subfolder, be it readable or not; it is one if it
    shows "A" mirrored. A copy of a copy ("A 90 LR.jpg") belongs to the same painting. Copies of an original that
    cannot be read are compared with each other.

    Args:
        names: relative names of the files that were read.
        unreadable: names of those that could not be.
        squares: (files, size, size, 3) uint8, what they show; None to go by the names alone.
    """
    bases: dict[str, list[str]] = {}
    for name in [*names, *unreadable]:
        bases.setdefault(os.path.splitext(name)[0], []).append(name)
    parents = {name: parent for name in [*names, *unreadable] if (parent := _parent(name, bases))}
    denied = [] if squares is None else _denied(names, parents, squares)
    for name in denied:
        del parents[name]
    roots = []
    for name in names:
        while name in parents:
            name = parents[name][0]
        roots.append(name)
    numbers: dict[str, int] = {}
    paintings = np.array([numbers.setdefault(root, len(numbers)) for root in roots], dtype=np.int64)
    return Grouping(paintings, next((name for name in names if name in parents), None), tuple(denied))


def _parent(name: str, bases: dict[str, list[str]]) -> tuple[str, int] | None:
    """The file that `name` is a copy of by its name, and which copy in the order of `COPIES`."""
    stem, extension = os.path.splitext(name)
    for number, suffix in enumerate(COPIES):
        candidates = bases.get(stem.removesuffix(suffix), []) if suffix and stem.endswith(suffix) else []
        if candidates:
            same = stem.removesuffix(suffix) + extension
            return same if same in candidates else candidates[0], number
    return None


def _denied(names: Sequence[str], parents: dict[str, tuple[str, int]], squares: np.ndarray) -> list[str]:
    """The files among `names` that do not show what their names say."""
    rows = {name: row for row, name in enumerate(names)}
    turned_back: dict[str, np.ndarray] = {}  # an original that cannot be read, as its first copy shows it
    first: dict[str, str] = {}
    denied = []
    for row, name in enumerate(names):
        if name not in parents:
            continue
        parent, number = parents[name]
        if parent not in rows and parent not in turned_back:
            turned_back[parent] = augmented(squares[row][None], _UNDONE_BY[number])[0]
            first[parent] = name
            continue
        original = squares[rows[parent]] if parent in rows else turned_back[parent]
        if _differs(augmented(original[None], number)[0], squares[row]):
            denied.append(name)
        else:
            first.pop(parent, None)
    return sorted([*denied, *first.values()], key=rows.__getitem__)  # with nothing to compare, a painting of its own


def _differs(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one.astype(np.int16) - other).mean() > SAME_PICTURE)
