"""Pictures: finding them, reading any of them, choosing among them, and caching the result.

The steps are those of study 1 (colour field painting): collect pictures, throw out the poor ones, squeeze
each into a small square, add five flipped and rotated copies of it. Everything downstream sees one thing,
a `Pictures`, which is an array of uint8 squares that knows which files are copies of one painting.

Nothing here needs Keras, so that listing and checking pictures stays instant.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import operator
import os
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from artkeras.errors import UserError
from artkeras.files import atomic, expanded, home
from artkeras.tables import Row, is_yes, read_rows

# The six copies of study 1, in its order, named as its files were. Rotations are counter-clockwise.
COPIES = ("", " LR", " TB", " 90", " 180", " 270")

SUBSETS = ("all", "kept", "curated")
FITS = ("stretch", "crop")
HALVES = ("left", "right")  # further fits: half of a file that holds a pair of pictures side by side
EXTENSIONS = frozenset(".jpg .jpeg .png .webp .bmp .gif .tif .tiff .avif".split())

# Arrays of more bytes than this stay on disk and are mapped into memory, not loaded.
MAP_ABOVE = 256 * 1024 * 1024

# A large JPEG may be decoded at a fraction of its size, but never below this many times the target.
DRAFT_MARGIN = 3

# What `python -m data_tools augment --pack` writes: all pictures of a folder as one array, and their names.
PACKED, PACKED_FACTS = "pictures.npy", "pictures.json"

_CACHE_FORMAT = 1  # raise it when the same file would be turned into different pixels
_BLOCK = 256  # how many files are handed to the threads at a time
_LISTED = 5  # how many skipped files a note names
_STAND_IN_COUNT = 300
STAND_IN_SOURCE = "procedural stand-in"


# ---------------------------------------------------------------------------------------- pictures


@dataclass(frozen=True, eq=False)
class Pictures:
    """Square pictures of one study, grouped by painting.

    Attributes:
        array: (files, size, size, 3) uint8 RGB, read-only, maybe mapped from disk.
        names: one per file, its path relative to the folder, with forward slashes.
        paintings: (files,) int64; files with equal numbers are copies of one painting. The numbers are
            those of the whole folder: comparable between training and held-out pictures, with gaps.
        source: the folder as given, or "procedural stand-in".
        stand_in: whether these are stand-ins and no paintings at all.
        copies: 6 when each file stands for its six copies, made on the fly by `take`, else 1.
        skipped: (name, reason) of every file that could not be read.
        notes: one-line facts for the log.
        fingerprint: a hash of exactly these pictures. It depends on the files' content, order and
            grouping, on size, fit and copies, but neither on file names nor on the machine.
        digests: one content hash per file (private to this module; needed for further fingerprints).
        fit: "stretch" or "crop", or the half that was taken: "left" or "right".
    """

    array: np.ndarray = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    paintings: np.ndarray = field(repr=False)
    source: str
    stand_in: bool
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
            pictures[rows] = _copy(pictures[rows], copy)
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
        return _choose(self, _originals(self, np.arange(len(self.names))), copies=1)


def _copy(pictures: np.ndarray, copy: int) -> np.ndarray:
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


# ------------------------------------------------------------------------------------- the way in


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
        study: such as "colour_field"; names the folder, the label list and the stand-in.
        size: side of the square pictures in pixels.
        folder: where the pictures are; by default wherever `find` finds them. Without any, procedural
            stand-ins take their place, and the first note says so.
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
    _check_settings(size, subset, fit, holdout, seed, limit)
    found = find(study, folder)
    if found is None:
        return stand_ins(study, size, subset=subset, expand=expand, fit=fit, holdout=holdout, seed=seed, limit=limit)
    source = found if folder is None else folder
    whole, expanded = _whole(found, os.fspath(source), size, fit)
    rows, notes = _labelled(whole, study, found, subset)
    whole = dataclasses.replace(whole, notes=whole.notes + notes)
    return _divide(whole, rows, expand and not expanded, holdout, seed, limit)


def stand_ins(
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
    """The study's procedural stand-ins, whether or not there are pictures; arguments and result as for `load`.

    Raises:
        UserError: a setting is out of range, or the study has no stand-in.
    """
    _check_settings(size, subset, fit, holdout, seed, limit)
    whole = _stand_in(study, size, subset, fit)
    return _divide(whole, np.arange(len(whole.names)), expand, holdout, seed, limit)


def _divide(
    whole: Pictures, rows: np.ndarray, expand: bool, holdout: float, seed: int, limit: int | None
) -> tuple[Pictures, Pictures | None]:
    """Split the rows of a set into training pictures and held-out paintings."""
    rows, held = _split(whole, rows, holdout, seed)
    rows = _limit(whole, rows, limit, seed)
    training = _choose(whole, rows, copies=len(COPIES) if expand else 1)
    return training, _choose(whole, held, copies=1) if len(held) else None


def find(study: str, folder: str | os.PathLike[str] | None = None) -> Path | None:
    """Find the folder with a study's pictures, or None.

    An explicit `folder` counts alone. Else `$ARTKERAS_DATA/<study>` is tried, then `data/<study>` under
    the current folder; a place that does not exist or holds no pictures is passed over.

    Raises:
        UserError: the explicit folder is missing, is no folder, or holds no pictures.
    """
    if folder is not None:
        return _explicit(expanded(folder))
    places = [Path("data", study)]
    if os.environ.get("ARTKERAS_DATA"):
        places.insert(0, expanded(os.environ["ARTKERAS_DATA"]) / study)
    return next((place for place in places if place.is_dir() and holds_pictures(place)), None)


def files(folder: str | os.PathLike[str]) -> list[str]:
    """Names of the picture files below a folder, relative to it, with forward slashes, in natural order.

    Raises:
        UserError: the folder is missing or holds no pictures.
    """
    return _list(_explicit(expanded(folder)))[0]


def read(
    folder: str | os.PathLike[str], size: int, fit: str = "stretch"
) -> tuple[np.ndarray, tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Read every picture below `folder`, through the cache: (array, names, skipped).

    Any format of `EXTENSIONS` in any mode: turned upright as its EXIF data says, transparency on white,
    CMYK and 16-bit grey converted, the first frame of an animation. Colour profiles are not applied.
    Reduction is antialiased (bicubic). Hidden files and folders are passed over; the order is natural
    ("2" before "10"). What cannot be read is skipped and listed.

    Returns:
        array (files, size, size, 3) uint8, read-only, names per file, and (name, reason) per skipped file.

    Raises:
        UserError: the folder is missing or holds no pictures, or none of them can be read.
    """
    _check_settings(size, "all", fit, 0.0, 0, None)
    contents = _read(_explicit(expanded(folder)), size, fit)
    return contents.array, contents.names, contents.skipped


def picture(path: str | os.PathLike[str]) -> Image.Image:
    """Read one picture at its own size, as `read` does: RGB, upright, transparency on white.

    Raises:
        UserError: it is missing, or no picture.
    """
    path = expanded(path)
    try:
        if not path.is_file():
            raise ValueError("a folder" if path.is_dir() else "no such file")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_formats()) as image:
                image.load()
                return _rgb(_upright(image))
    except Exception as error:  # damaged files make decoders fail in every way there is
        raise UserError(f"cannot read the picture {path} ({_reason(error)})") from None


def _check_settings(size: int, subset: str, fit: str, holdout: float, seed: int, limit: int | None) -> None:
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


def _explicit(folder: Path) -> Path:
    """Check a folder that somebody named."""
    if not folder.exists():
        raise UserError(f"the folder {folder} does not exist: check the path of the pictures")
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: name the folder that holds the pictures")
    if not holds_pictures(folder):
        kinds = " ".join(sorted(extension[1:] for extension in EXTENSIONS))
        raise UserError(f"the folder {folder} holds no pictures: put some there ({kinds})")
    return folder


def holds_pictures(folder: Path) -> bool:
    """Whether there are pictures in a folder, packed or as files below it."""
    return (folder / PACKED_FACTS).is_file() or bool(_list(folder)[0])


# ------------------------------------------------------------------------------ without any folder


def _stand_in(study: str, size: int, subset: str, fit: str) -> Pictures:
    """Stand-ins for a study of which there are no pictures here."""
    from artkeras import synthetic

    if study not in synthetic.STAND_INS:
        raise UserError(
            f"no pictures for {study!r}: put them into data/{study}, set ARTKERAS_DATA to the folder that "
            f"holds {study}, or pass --data FOLDER"
        )
    array = _drawn(synthetic.STAND_INS[study], _STAND_IN_COUNT, size, subset == "curated")
    digests = tuple(_digest(drawn.tobytes()) for drawn in array)  # of both halves, which so stay together
    if array.shape[2] > size:
        array = array[:, :, size:] if fit == "right" else array[:, :, :size]
    place = os.environ.get("ARTKERAS_DATA")
    where = f"no pictures in {Path(place, study)} nor data/{study}" if place else "ARTKERAS_DATA is not set"
    note = (
        f"NO PAINTINGS FOUND ({where}): using {len(array)} procedural stand-ins, so results say nothing "
        f"about the study; set ARTKERAS_DATA to the folder that holds {study}, or pass --data FOLDER"
    )
    return Pictures(
        array=array,
        names=tuple(f"stand-in-{number:03d}.png" for number in range(len(array))),
        paintings=np.arange(len(array), dtype=np.int64),
        source=STAND_IN_SOURCE,
        stand_in=True,
        copies=1,
        skipped=(),
        notes=(note,),
        fingerprint="",  # set by `_choose`
        digests=digests,
    )


@functools.lru_cache(maxsize=2)
def _drawn(draw: Callable[..., np.ndarray], count: int, size: int, curated: bool) -> np.ndarray:
    """A study's stand-ins, read-only; the last two sets are remembered: both halves of pairs, or both domains."""
    array = np.array(draw(count, size, curated=curated))
    array.flags.writeable = False
    return array


# --------------------------------------------------------------------------- which paintings to use


def _whole(folder: Path, source: str, size: int, fit: str) -> tuple[Pictures, bool]:
    """All the pictures of a folder, and whether it already holds the copies of its paintings."""
    contents = _read(folder, size, fit)
    paintings, example = _group(contents.names, [name for name, _ in contents.skipped])
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
    pictures = Pictures(
        array=contents.array,
        names=contents.names,
        paintings=paintings,
        source=source,
        stand_in=False,
        copies=1,
        skipped=contents.skipped,
        notes=tuple(notes),
        fingerprint="",  # set by `_choose`
        digests=contents.digests,
        fit=fit,
    )
    return pictures, example is not None


def _group(names: Sequence[str], unreadable: Sequence[str] = ()) -> tuple[np.ndarray, str | None]:
    """Number the paintings: ((files,) int64, the name of one file that is a copy, or None).

    "A LR.jpg" is a copy if there is an "A.*" in the same subfolder, be it readable or not; otherwise it is
    a painting of that name. A copy of a copy ("A 90 LR.jpg") belongs to the same painting.
    """
    bases: dict[str, list[str]] = {}
    for name in [*names, *unreadable]:
        bases.setdefault(os.path.splitext(name)[0], []).append(name)
    numbers: dict[str, int] = {}
    roots = [_root(name, bases) for name in names]
    paintings = np.array([numbers.setdefault(root, len(numbers)) for root in roots], dtype=np.int64)
    return paintings, next((name for name, root in zip(names, roots, strict=True) if name != root), None)


def _root(name: str, bases: dict[str, list[str]]) -> str:
    """The file of which `name` is a copy, or `name` itself."""
    stem, extension = os.path.splitext(name)
    for suffix in COPIES[1:]:
        candidates = bases.get(stem.removesuffix(suffix), []) if stem.endswith(suffix) else []
        if candidates:
            same = stem.removesuffix(suffix) + extension
            return _root(same if same in candidates else candidates[0], bases)
    return name


def _originals(pictures: Pictures, rows: np.ndarray) -> np.ndarray:
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


def _split(pictures: Pictures, rows: np.ndarray, holdout: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split `rows` by painting: (rows to train on, one row per held-out painting)."""
    if not holdout:
        return rows, rows[:0]
    originals = _originals(pictures, rows)
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


def _limit(pictures: Pictures, rows: np.ndarray, limit: int | None, seed: int) -> np.ndarray:
    """Keep the rows of at most `limit` paintings."""
    originals = _originals(pictures, rows)
    if limit is None or len(originals) <= limit:
        return rows
    chosen = _draw(pictures, originals, seed, "limit")[:limit]
    return rows[np.isin(pictures.paintings[rows], pictures.paintings[chosen])]


def _draw(pictures: Pictures, rows: np.ndarray, seed: int, purpose: str) -> np.ndarray:
    """Shuffle `rows` by seed and content, so that no row's place depends on which others there are."""

    def place(row: int) -> tuple[str, int]:
        return _digest(f"{purpose} {operator.index(seed)} {pictures.digests[row]}".encode()), row

    return np.array(sorted(rows.tolist(), key=place), dtype=np.int64)


def _choose(pictures: Pictures, rows: np.ndarray, copies: int) -> Pictures:
    """The pictures of `rows` alone, with their own fingerprint."""
    known = pictures.digests or [_digest(picture.tobytes()) for picture in pictures.array]
    digests = tuple(known[row] for row in rows)
    paintings = pictures.paintings[rows]
    grouping = np.unique(paintings, return_inverse=True)[1].reshape(-1).tolist()
    facts = [digests, grouping, pictures.array.shape[1], pictures.fit]
    return dataclasses.replace(
        pictures,
        array=_choose_rows(pictures.array, rows, _digest(json.dumps(facts).encode())),
        names=tuple(pictures.names[row] for row in rows),
        paintings=paintings,
        copies=copies,
        fingerprint=_digest(json.dumps([*facts, copies]).encode()),
        digests=digests,
    )


def _choose_rows(array: np.ndarray, rows: np.ndarray, key: str) -> np.ndarray:
    """`array[rows]`, which must not be loaded if it is large: then it is another mapped file."""
    if np.array_equal(rows, np.arange(len(array))):
        return array
    if isinstance(array, np.memmap) and len(rows) * array[0].nbytes > MAP_ABOVE:
        path = home() / "pictures" / f"{key}.npy"
        try:
            if not _is_whole(path, (len(rows), *array.shape[1:])):
                _write_array(path, (array[row] for row in rows), array.shape[1])
            return _open_array(path)
        except (OSError, ValueError):
            pass  # no room for it: what is left is memory
    chosen = np.asarray(array)[rows]
    chosen.flags.writeable = False
    return chosen


def _is_whole(path: Path, shape: tuple[int, ...]) -> bool:
    """Whether `path` is an array file of this shape."""
    try:
        return _open_array(path).shape == shape
    except Exception:  # missing or damaged in any way
        return False


# ------------------------------------------------------------------------------------------ labels


def _labelled(pictures: Pictures, study: str, folder: Path, subset: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The rows of a subset, and notes about the list that says which they are."""
    everything = np.arange(len(pictures.names))
    if subset == "all":
        return everything, ()
    path, wanted = _labels_path(study, folder)
    if path is None and subset == "curated":
        raise UserError(
            f"subset curated needs the list {wanted} with the columns file, rejected, curated (0 or 1) and "
            "one row per picture: make it, or use subset kept"
        )
    if path is None:
        return everything, (f"no {wanted.name}: nothing rejected",)
    labels = _read_labels(path)
    # Copies follow the painting's original, so one row in the list decides about all of them.
    originals = _originals(pictures, everything)
    found = {row: _label(pictures.names[row], labels) for row in originals.tolist()}
    notes = _label_notes(path, labels, found)
    wished = [row for row, label in found.items() if _belongs(label[1] if label else None, subset)]
    if not wished:
        raise UserError(f"{path} leaves nothing for subset {subset}: check its columns rejected and curated")
    return np.flatnonzero(np.isin(pictures.paintings, pictures.paintings[wished])), notes


def _labels_path(study: str, folder: Path) -> tuple[Path | None, Path]:
    """(the list beside the folder or None, where it should be)."""
    beside = Path(os.path.abspath(folder))
    wanted = beside.parent / f"{study}_labels.csv"
    # the folder's own list first: it says more about it than that of another folder of the same study
    places = [beside.parent / f"{beside.name}_labels.csv", wanted]
    return next((place for place in places if place.is_file()), None), wanted


def _read_labels(path: Path) -> dict[str, tuple[bool, bool]]:
    """Read a list: file -> (rejected, curated)."""
    labels: dict[str, tuple[bool, bool]] = {}
    for row in read_rows(path, ("file", "rejected", "curated")):
        name, label = _label_row(row, f"{path}, line {row.line}")
        if labels.setdefault(name, label) != label:
            raise UserError(f"{path} says two things about {row['file']}: keep one of its rows")
    return labels


def _label_row(row: Row, place: str) -> tuple[str, tuple[bool, bool]]:
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


def _label(name: str, labels: dict[str, tuple[bool, bool]]) -> tuple[str, tuple[bool, bool]] | None:
    """The row about a file as (its key, its label), found by the relative path or else the base name."""
    plain = _plain(name)
    key = plain if plain in labels else plain.rsplit("/", 1)[-1]
    return (key, labels[key]) if key in labels else None


def _belongs(label: tuple[bool, bool] | None, subset: str) -> bool:
    """Whether a painting with this label is in the subset; a painting without one is merely kept."""
    rejected, curated = label or (False, False)
    return not rejected and (curated or subset == "kept")


def _label_notes(
    path: Path,
    labels: dict[str, tuple[bool, bool]],
    found: dict[int, tuple[str, tuple[bool, bool]] | None],
) -> tuple[str, ...]:
    """Say what a list does and how well it matches the paintings; no match at all is an error."""
    matched = [label for label in found.values() if label]
    if not matched:
        raise UserError(f"{path} names none of the {len(found)} pictures: its column file must name them")
    rejected = sum(label[0] for _, label in matched)
    curated = sum(_belongs(label, "curated") for _, label in matched)
    notes = [f"{path.name}: of {len(found)} paintings {rejected} rejected, {curated} curated"]
    unused = len(labels) - len({key for key, _ in matched})
    if len(matched) < len(found) or unused:
        notes.append(
            f"{path.name} fits in part: {len(found) - len(matched)} paintings are not in it (taken as "
            f"neither rejected nor curated), {unused} of its {len(labels)} rows match no painting"
        )
    return tuple(notes)


# ----------------------------------------------------------------------------------- reading a folder


@dataclass(frozen=True)
class _Contents:
    """What a folder holds; the fields are those of `Pictures`."""

    array: np.ndarray
    names: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    digests: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _read(folder: Path, size: int, fit: str) -> _Contents:
    """Read a folder from the cache, or decode it and fill the cache. A packed folder is its own cache."""
    if (folder / PACKED_FACTS).is_file():
        return _unpacked(folder, size, fit)
    listed, skipped = _list(folder)
    hashes: dict[str, str] = {}
    results = _each(lambda name: _hash(folder / name), listed, "checking pictures")
    for name, result in zip(listed, results, strict=True):
        if result.startswith("!"):
            skipped.append((name, result[1:]))
        else:
            hashes[name] = result
    if not hashes:
        raise _none_readable(folder, skipped)
    key = _key(hashes, size, fit)
    contents, notes = _recall(key, size), ()
    if contents is None:
        try:
            _remember(key, folder, list(hashes), size, fit)
            contents = _recall(key, size)
        except OSError as error:
            notes = (f"cannot cache pictures in {home()} ({_reason(error)}): they are read anew each time",)
    if contents is None:
        contents = _decode_all(folder, list(hashes), size, fit)
    skipped = sorted([*skipped, *contents.skipped], key=lambda item: _natural(item[0]))
    digests = tuple(hashes[name] for name in contents.names)
    return dataclasses.replace(contents, skipped=tuple(skipped), digests=digests, notes=notes)


def _unpacked(folder: Path, size: int, fit: str) -> _Contents:
    """Read what `data_tools augment --pack` wrote; larger squares are reduced, smaller ones refused."""
    if fit in HALVES:
        raise UserError(f"the packed pictures in {folder} are squares, no pairs: give the folder of the pairs' files")
    try:
        facts = json.loads((folder / PACKED_FACTS).read_text(encoding="utf-8"))
        names, digests = tuple(map(str, facts["names"])), tuple(map(str, facts["digests"]))
        array = _open_array(folder / PACKED)
        side = array.shape[1]
        if array.dtype != np.uint8 or array.shape != (len(names), side, side, 3) or not len(digests) == len(names) > 0:
            raise ValueError("array and names do not belong together")
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise UserError(
            f"the packed pictures in {folder} are damaged ({_reason(error)}): make them again with data_tools augment"
        ) from error
    if side < size:
        raise UserError(
            f"the packed pictures in {folder} have {side} pixels a side and {size} are asked for: make them again with "
            f"data_tools augment --pack --size {size}"
        )
    if side > size:
        array = np.stack([np.asarray(_squared(Image.fromarray(square), size, "stretch")) for square in array])
    array.flags.writeable = False
    packed = facts.get("fit", fit)
    notes = (f"packed with fit {packed}, so fit {fit} has no effect",) if packed != fit else ()
    return _Contents(array, names, (), digests, notes)


def _list(folder: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """The picture files below a folder, in natural order, and (subfolder, reason) where it cannot look."""
    names: list[str] = []
    trouble: list[tuple[str, str]] = []
    seen: set[str] = set()

    def report(error: OSError) -> None:
        trouble.append((os.path.relpath(error.filename, folder).replace(os.sep, "/"), _reason(error)))

    for here, folders, files in os.walk(folder, followlinks=True, onerror=report):
        real = os.path.realpath(here)
        visible = [] if real in seen else [name for name in folders if not name.startswith(".")]
        folders[:] = sorted(visible)  # a link back to a folder above would never end
        prefix = os.path.relpath(here, folder).replace(os.sep, "/")
        prefix = "" if prefix == "." else prefix + "/"
        names += [prefix + name for name in files if real not in seen and _looks_like_a_picture(name)]
        seen.add(real)
    return sorted(names, key=_natural), trouble


def _looks_like_a_picture(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in EXTENSIONS


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sort key that puts "a2" before "a10" and does not depend on the system."""
    parts = re.split(r"([0-9]+)", name.casefold())  # words and numbers in turn, a word first
    return [(int(part), "") if odd % 2 else (0, part) for odd, part in enumerate(parts)], name


def _each(work: Callable[[str], object], items: Sequence[str], label: str) -> Iterator:
    """Yield work(item) in order, in threads, with a bar if it takes long.

    Pillow and hashlib let other threads run meanwhile. Blocks keep finished results from piling up.
    """
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        with tqdm(total=len(items), desc=label, unit="file", delay=2, leave=False, disable=None) as bar:
            for start in range(0, len(items), _BLOCK):
                for result in pool.map(work, items[start : start + _BLOCK]):
                    bar.update()
                    yield result
    finally:
        pool.shutdown(cancel_futures=True)  # so that Ctrl-C does not wait for the rest of the block


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _hash(path: Path) -> str:
    """Hash of a file's content, or "!" and the reason why there is none."""
    try:
        if not path.is_file():  # a pipe would make us wait for ever
            return "!no such file, or not a plain one"
        with open(path, "rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        return "!" + _reason(error)


def _reason(error: BaseException) -> str:
    """A short one-line reason for a person."""
    if isinstance(error, UnidentifiedImageError):
        return "not a picture, or a damaged one"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000} million pixels"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:100] or type(error).__name__


def _none_readable(folder: Path, skipped: Sequence[tuple[str, str]]) -> UserError:
    name, reason = skipped[0]
    return UserError(
        f"none of the {len(skipped)} pictures in {folder} can be read, the first being {name} ({reason}): "
        "check the files"
    )


# ------------------------------------------------------------------------------------------- cache


def _key(hashes: dict[str, str], size: int, fit: str) -> str:
    """Name of a cache entry: it changes with every file's name and content, and with the decoder."""
    state = hashlib.blake2b(f"{_CACHE_FORMAT} {PIL.__version__} {size} {fit}".encode(), digest_size=16)
    for name, digest in hashes.items():
        state.update(b"\0" + os.fsencode(name) + b"\0" + digest.encode())
    return state.hexdigest()


def _recall(key: str, size: int) -> _Contents | None:
    """Load a cache entry; None if there is none or it is damaged in any way."""
    folder = home() / "pictures"
    try:
        facts = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        array = _open_array(folder / f"{key}.npy")
        shape = (len(facts["names"]), size, size, 3)
        if array.shape != shape or array.dtype != np.uint8 or _checksum(array) != facts["checksum"]:
            return None
        array.flags.writeable = False
        skipped = tuple((name, reason) for name, reason in facts["skipped"])
        return _Contents(array, tuple(facts["names"]), skipped)
    except Exception:  # whatever the damage, the cure is to read the pictures anew
        return None


def _remember(key: str, folder: Path, names: Sequence[str], size: int, fit: str) -> None:
    """Decode a folder straight into a cache entry, so that memory stays flat however many there are."""
    kept: list[str] = []
    skipped: list[tuple[str, str]] = []
    place = home() / "pictures"
    pictures = _decoded(folder, names, size, fit, kept, skipped)
    checksum = _write_array(place / f"{key}.npy", pictures, size)
    facts = {"names": kept, "skipped": skipped, "checksum": checksum}
    with atomic(place / f"{key}.json") as part:  # last: an entry without it does not count
        part.write_text(json.dumps(facts), encoding="utf-8")


def _decode_all(folder: Path, names: Sequence[str], size: int, fit: str) -> _Contents:
    """Decode a folder into memory, for want of a cache."""
    kept: list[str] = []
    skipped: list[tuple[str, str]] = []
    array = np.stack(list(_decoded(folder, names, size, fit, kept, skipped)))
    array.flags.writeable = False
    return _Contents(array, tuple(kept), tuple(skipped))


def _open_array(path: Path) -> np.ndarray:
    """Map a large .npy file, load a small one."""
    if path.stat().st_size > MAP_ABOVE:
        return np.lib.format.open_memmap(path, mode="r")
    with open(path, "rb") as file:
        return np.lib.format.read_array(file)


def _write_array(path: Path, pictures: Iterable[np.ndarray], size: int) -> str:
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
    """The same as `_write_array` returned, block by block for the sake of mapped arrays."""
    state = hashlib.blake2b(digest_size=16)
    for start in range(0, len(array), _BLOCK):
        state.update(np.ascontiguousarray(array[start : start + _BLOCK]).data)
    return state.hexdigest()


# ---------------------------------------------------------------------------------------- decoding


def _decoded(
    folder: Path,
    names: Sequence[str],
    size: int,
    fit: str,
    kept: list[str],
    skipped: list[tuple[str, str]],
) -> Iterator[np.ndarray]:
    """Yield the (size, size, 3) uint8 pictures that can be read; note their names and the others' fate.

    Raises:
        UserError: after the last, if there was none.
    """
    formats = _formats()

    def work(name: str) -> np.ndarray | str:
        try:
            return _decode(folder / name, size, fit, formats)
        except Exception as error:  # damaged files make decoders fail in every way there is
            return _reason(error)

    # Pillow warns about large pictures and odd metadata; both are dealt with here. Around all the
    # threads, for the filter belongs to the process, not to a thread.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, result in zip(names, _each(work, names, "reading pictures"), strict=True):
            if isinstance(result, str):
                skipped.append((name, result))
            else:
                kept.append(name)
                yield result
    if not kept:
        raise _none_readable(folder, skipped)


def _formats() -> tuple[str, ...]:
    """The decoders to try. Named, for Pillow would hand a disguised PostScript file to Ghostscript."""
    Image.init()  # here, once, and not in the threads
    wanted = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "AVIF")
    return tuple(name for name in wanted if name in Image.OPEN)


def _decode(path: Path, size: int, fit: str, formats: tuple[str, ...]) -> np.ndarray:
    """Read one picture file as (size, size, 3) uint8 RGB.

    Raises:
        Exception: of almost any kind, if the file is damaged.
    """
    if path.stat().st_size == 0:
        raise ValueError("empty file")
    with Image.open(path, formats=formats) as image:
        if 0 in image.size:
            raise ValueError("no pixels")
        if fit not in HALVES:  # a pair is cut in the middle before it is reduced
            image.draft("RGB", (DRAFT_MARGIN * size, DRAFT_MARGIN * size))
        image.load()
        return np.asarray(_squared(_rgb(_upright(image)), size, fit), dtype=np.uint8)


def _upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF data says."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged metadata says nothing about the picture
        return image


def _rgb(image: Image.Image) -> Image.Image:
    """Convert any mode to RGB, transparency over white."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _grey(image)
    if image.has_transparency_data:
        image = image.convert("LA") if image.mode == "La" else image
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _grey(image: Image.Image) -> Image.Image:
    """Scale deep grey to 8 bits. Only 16-bit modes say what white is; for the others the values must."""
    values = np.nan_to_num(np.asarray(image).astype(np.float64), posinf=0, neginf=0)
    low, high = values.min(), values.max()
    if image.mode.startswith("I;16") or (low >= 0 and 255 < high <= 65535):
        values = values / 257
    elif image.mode == "F" and low >= 0 and high <= 1:
        values = values * 255
    elif low < 0 or high > 255:
        values = (values - low) * (255 / (high - low or 1))
    return Image.fromarray(np.rint(values).astype(np.uint8))


def _squared(image: Image.Image, size: int, fit: str) -> Image.Image:
    """Resize to size x size; Pillow's bicubic takes every pixel into account when it reduces.

    Raises:
        ValueError: it was to be cut in halves, and cannot.
    """
    if fit == "crop":
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    elif fit in HALVES:
        if image.width % 2 or image.width <= image.height:
            raise ValueError(f"{image.width} x {image.height} pixels, no pair of pictures side by side")
        middle = image.width // 2
        image = image.crop((0, 0, middle, image.height) if fit == "left" else (middle, 0, image.width, image.height))
    return image.resize((size, size), Image.Resampling.BICUBIC)
