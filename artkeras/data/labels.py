"""The label list beside a folder, `<study>_labels.csv`: which images the authors rejected, and which they chose."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from artkeras.data.dataset import Pictures, original_rows
from artkeras.errors import UserError
from artkeras.tables import Row, is_yes, read_rows

SUBSETS = ("all", "kept", "curated")

Label = tuple[bool, bool]  # rejected, curated


def labelled(pictures: Pictures, study: str, folder: Path, subset: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The rows of a subset, and notes about the list that says which they are."""
    everything = np.arange(len(pictures.names))
    if subset == "all":
        return everything, ()
    path, wanted = labels_path(study, folder)
    if path is None and subset == "curated":
        raise UserError(
            f"subset curated needs the list {wanted} with the columns file, rejected, curated (0 or 1) and "
            "one row per picture: make it, or use subset kept"
        )
    if path is None:
        return everything, (f"no {wanted.name}: nothing rejected",)
    labels = read_labels(path)
    # Copies follow the painting's original, so one row in the list decides about all of them.
    originals = original_rows(pictures, everything)
    matched = match_labels([pictures.names[row] for row in originals], labels, path)
    found = dict(zip(originals.tolist(), matched.values(), strict=True))
    notes = _label_notes(path, labels, found)
    wished = [row for row, label in found.items() if belongs(label[1] if label else None, subset)]
    if not wished:
        raise UserError(f"{path} leaves nothing for subset {subset}: check its columns rejected and curated")
    return np.flatnonzero(np.isin(pictures.paintings, pictures.paintings[wished])), notes


def labels_path(study: str, folder: Path) -> tuple[Path | None, Path]:
    """(the list beside the folder or None, where it should be)."""
    beside = Path(os.path.abspath(folder))
    wanted = beside.parent / f"{study}_labels.csv"
    # the folder's own list first: it says more about it than that of another folder of the same study
    places = [beside.parent / f"{beside.name}_labels.csv", wanted]
    return next((place for place in places if place.is_file()), None), wanted


def read_labels(path: Path) -> dict[str, Label]:
    """Read a list: file -> (rejected, curated)."""
    labels: dict[str, Label] = {}
    for row in read_rows(path, ("file", "rejected", "curated")):
        name, label = _label_row(row, f"{path}, line {row.line}")
        if labels.setdefault(name, label) != label:
            raise UserError(f"{path} says two things about {row['file']}: keep one of its rows")
    return labels


def _label_row(row: Row, place: str) -> tuple[str, Label]:
    """Check one row of a list: (file, (rejected, curated))."""
    marks = []
    for column in ("rejected", "curated"):
        try:
            marks.append(is_yes(row[column]))
        except ValueError as error:
            raise UserError(f"{place}: {column} {error}") from None
    return _plain(row["file"].strip()), (marks[0], marks[1])


def _plain(name: str) -> str:
    """A file name as it is compared: systems differ in slashes and in how they spell accents."""
    return unicodedata.normalize("NFC", name.replace("\\", "/")).removeprefix("./")


def match_labels(names: Sequence[str], labels: dict[str, Label], path: Path) -> dict[str, tuple[str, Label] | None]:
    """The row about each file as (its key, its label); None where there is none.

    A row names a file by its relative path, or by its base name if that fits one file only.

    Raises:
        UserError: a base name in the list at `path` fits several files.
    """
    found: dict[str, tuple[str, Label] | None] = {}
    by_base: dict[str, str] = {}
    whole = {_plain(name) for name in names}
    for name in names:
        plain = _plain(name)
        base = plain.rsplit("/", 1)[-1]
        key = plain if plain in labels else base if base in labels and base not in whole else None
        if key == base != plain and by_base.setdefault(base, name) != name:
            raise UserError(
                f"{path}: {base} fits several files ({by_base[base]}, {name}): write the path of the one that is meant"
            )
        found[name] = None if key is None else (key, labels[key])
    return found


def belongs(label: Label | None, subset: str) -> bool:
    """Whether a painting with this label is in the subset; a painting without one is merely kept."""
    rejected, curated = label or (False, False)
    return not rejected and (curated or subset == "kept")


def _label_notes(
    path: Path,
    labels: dict[str, Label],
    found: dict[int, tuple[str, Label] | None],
) -> tuple[str, ...]:
    """Say what a list does and how well it matches the paintings; no match at all is an error."""
    matched = [label for label in found.values() if label]
    if not matched:
        raise UserError(f"{path} names none of the {len(found)} pictures: its column file must name them")
    rejected = sum(label[0] for _, label in matched)
    curated = sum(belongs(label, "curated") for _, label in matched)
    notes = [f"{path.name}: of {len(found)} paintings {rejected} rejected, {curated} curated"]
    unused = len(labels) - len({key for key, _ in matched})
    if len(matched) < len(found) or unused:
        notes.append(
            f"{path.name} fits in part: {len(found) - len(matched)} paintings are not in it (taken as "
            f"neither rejected nor curated), {unused} of its {len(labels)} rows match no painting"
        )
    return tuple(notes)
