"""Loading a study's images: found, read through the cache, chosen by the label list, split and limited.

Where there are none, synthetic placeholders take their place.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from artkeras.data.cache import read_folder
from artkeras.data.dataset import COPIES, Pictures, choose, limit_rows, split_rows
from artkeras.data.decoding import FITS, HALVES
from artkeras.data.folders import checked_folder, digest, find
from artkeras.data.grouping import group_paintings
from artkeras.data.labels import SUBSETS, labelled
from artkeras.errors import UserError
from artkeras.files import expanded

PLACEHOLDER_COUNT = 300
SYNTHETIC_SOURCE = "synthetic placeholder"

_LISTED = 5  # how many skipped files a note names


def load(
    study: str,
    size: int = 64,
    *,
    folder: str | os.PathLike[str] | None = None,
    subset: str = "kept",
    expand: bool = True,
    fit: str = "stretch",
    holdout: float = 0.0,
    seed: int = 0,
    limit: int | None = None,
) -> tuple[Pictures, Pictures | None]:
    """Load a study's pictures: (training pictures, held-out paintings or None).

    Args:
        study: such as "colour_field"; names the folder, the label list and the placeholder.
        size: side of the square pictures in pixels.
        folder: where the pictures are; by default wherever `find` finds them. Without any, procedural
            placeholders take their place, and the first note says so.
        subset: "all", "kept" (not rejected by the authors) or "curated" (their stricter choice).
        expand: whether each file stands for six copies (see `COPIES`). No effect on a folder that
            already holds such copies.
        fit: "stretch" squeezes the whole picture into the square, as published; "crop" first cuts the
            central square out of it; "left" and "right" take half of a pair side by side, stretched.
        holdout: share of the paintings to hold out, in [0, 1); at least one painting if above 0, never
            all. By painting, never by copy, and files of identical content stay on one side. The draw
            ranks content hashes, so neither size nor file order matters, and a change of the subset
            moves at most a few paintings from one side to the other.
        seed: decides the draws for `holdout` and `limit`.
        limit: at most this many paintings to train on, drawn after the split. The held-out ones are
            left alone, so that runs with different limits can be compared.

    Returns:
        The training pictures, and the held-out paintings (one file each, copies=1) if holdout > 0.

    Raises:
        UserError: a setting is out of range, the folder is missing, empty or unreadable, the label list
            is missing (subset "curated") or wrong, or nothing is left.
    """
    check_settings(size, subset, fit, holdout, seed, limit)
    found = find(study, folder)
    if found is None:
        return placeholders(study, size, subset=subset, expand=expand, fit=fit, holdout=holdout, seed=seed, limit=limit)
    source = found if folder is None else folder
    whole, expanded = _whole(found, os.fspath(source), size, fit)
    rows, notes = labelled(whole, study, found, subset)
    whole = dataclasses.replace(whole, notes=whole.notes + notes)
    return _divide(whole, rows, expand and not expanded, holdout, seed, limit)


def placeholders(
    study: str,
    size: int = 64,
    *,
    subset: str = "kept",
    expand: bool = True,
    fit: str = "stretch",
    holdout: float = 0.0,
    seed: int = 0,
    limit: int | None = None,
) -> tuple[Pictures, Pictures | None]:
    """The study's synthetic placeholders, whether or not there are pictures; arguments and result as for `load`.

    Raises:
        UserError: a setting is out of range, or the study has no placeholder.
    """
    check_settings(size, subset, fit, holdout, seed, limit)
    whole = _placeholders(study, size, subset, fit)
    return _divide(whole, np.arange(len(whole.names)), expand, holdout, seed, limit)


def _divide(
    whole: Pictures, rows: np.ndarray, expand: bool, holdout: float, seed: int, limit: int | None
) -> tuple[Pictures, Pictures | None]:
    """Split the rows of a set into training pictures and held-out paintings."""
    rows, held = split_rows(whole, rows, holdout, seed)
    rows = limit_rows(whole, rows, limit, seed)
    training = choose(whole, rows, copies=len(COPIES) if expand else 1)
    return training, choose(whole, held, copies=1) if len(held) else None


def read(
    folder: str | os.PathLike[str], size: int, fit: str = "stretch"
) -> tuple[np.ndarray, tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Read every picture below `folder`, through the cache: (array, names, skipped).

    Endings are a hint, and content decides (see `artkeras.data.folders`); the order is natural ("2" before "10").
    Every mode becomes 8-bit RGB as `artkeras.data.decoding` says, upright; of an animation the first frame counts.
    Reduction is antialiased (bicubic). What cannot be read is skipped and listed.

    Returns:
        array (files, size, size, 3) uint8, read-only, names per file, and (name, reason) per skipped file.

    Raises:
        UserError: the folder is missing or holds no pictures, or none of them can be read.
    """
    check_settings(size, "all", fit, 0.0, 0, None)
    contents = read_folder(checked_folder(expanded(folder)), size, fit)
    return contents.array, contents.names, contents.skipped


def check_settings(size: int, subset: str, fit: str, holdout: float, seed: int, limit: int | None) -> None:
    """Refuse settings that make no sense, each in a line that says what would."""
    if not _whole_number(size) or size < 1:
        raise UserError(f"size must be a whole number of pixels above 0, not {size!r}")
    if subset not in SUBSETS:
        raise UserError(f"subset must be one of {', '.join(SUBSETS)}, not {subset!r}")
    if fit not in FITS + HALVES:
        raise UserError(f"fit must be one of {', '.join(FITS + HALVES)}, not {fit!r}")
    if isinstance(holdout, bool) or not isinstance(holdout, (int, float, np.number)) or not 0 <= holdout < 1:
        raise UserError(f"holdout must be a share from 0 up to but not including 1, not {holdout!r}")
    if not _whole_number(seed):
        raise UserError(f"seed must be a whole number, not {seed!r}")
    if limit is not None and (not _whole_number(limit) or limit < 1):
        raise UserError(f"limit must be a whole number of paintings above 0, not {limit!r}")


def _whole_number(value: Any) -> bool:
    """Whether `value` is an int of any kind (numpy's too), but not a bool."""
    if isinstance(value, (bool, np.bool_)):
        return False
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


def _placeholders(study: str, size: int, subset: str, fit: str) -> Pictures:
    """Placeholders for a study of which there are no pictures here."""
    from artkeras import synthetic

    if study not in synthetic.PAINTERS:
        raise UserError(
            f"no pictures for {study!r}: put them into data/{study}, set ARTKERAS_DATA to the folder that "
            f"holds {study}, or pass --data FOLDER"
        )
    array = _drawn(synthetic.PAINTERS[study], PLACEHOLDER_COUNT, size, subset == "curated")
    digests = tuple(digest(drawn.tobytes()) for drawn in array)  # of both halves, which so stay together
    if array.shape[2] > size:
        array = array[:, :, size:] if fit == "right" else array[:, :, :size]
    place = os.environ.get("ARTKERAS_DATA")
    where = f"no pictures in {Path(place, study)} nor data/{study}" if place else "ARTKERAS_DATA is not set"
    note = (
        f"NO PAINTINGS FOUND ({where}): using {len(array)} synthetic placeholders, so results say nothing "
        f"about the study; set ARTKERAS_DATA to the folder that holds {study}, or pass --data FOLDER"
    )
    return Pictures(
        array=array,
        names=tuple(f"placeholder-{number:03d}.png" for number in range(len(array))),
        paintings=np.arange(len(array), dtype=np.int64),
        source=SYNTHETIC_SOURCE,
        synthetic=True,
        copies=1,
        skipped=(),
        notes=(note,),
        fingerprint="",  # set by `choose`
        digests=digests,
    )


@functools.lru_cache(maxsize=2)
def _drawn(draw: Callable[..., np.ndarray], count: int, size: int, curated: bool) -> np.ndarray:
    """A study's placeholders, read-only; the last two sets are remembered: both halves of pairs, or both domains."""
    array = np.array(draw(count, size, curated=curated))
    array.flags.writeable = False
    return array


def _whole(folder: Path, source: str, size: int, fit: str) -> tuple[Pictures, bool]:
    """All the pictures of a folder, and whether it already holds the copies of its paintings."""
    contents = read_folder(folder, size, fit)
    squares = None if fit in HALVES else contents.array  # mirrored, a pair's left half shows its right one
    paintings, example, only_named = group_paintings(contents.names, [name for name, _ in contents.skipped], squares)
    notes = list(contents.notes)
    if contents.skipped:
        total = len(contents.names) + len(contents.skipped)
        listed = [f"{name} ({reason})" for name, reason in contents.skipped[:_LISTED]]
        more = [f"and {len(contents.skipped) - _LISTED} more"] if len(contents.skipped) > _LISTED else []
        notes.append(f"{len(contents.skipped)} of {total} files skipped: {'; '.join(listed + more)}")
    if example is not None:
        count = len(np.unique(paintings))
        notes.append(
            f"already expanded, no copies added: {len(paintings)} files of {count} paintings "
            f"({example} counts as a copy)"
        )
    if only_named:
        listed = ", ".join(only_named[:_LISTED]) + (", ..." if len(only_named) > _LISTED else "")
        notes.append(f"{len(only_named)} named like copies, but paintings of their own by what they show: {listed}")
    pictures = Pictures(
        array=contents.array,
        names=contents.names,
        paintings=paintings,
        source=source,
        synthetic=False,
        copies=1,
        skipped=contents.skipped,
        notes=tuple(notes),
        fingerprint="",  # set by `choose`
        digests=contents.digests,
        fit=fit,
    )
    return pictures, example is not None
