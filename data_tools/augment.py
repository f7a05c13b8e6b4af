"""Augment: squeeze each picture into a small square and write its six copies. `python -m data_tools augment --help`.

The copies are those of study 1 and have its names: `A.jpg`, `A LR.jpg` (left-right), `A TB.jpg` (top-bottom),
`A 90.jpg`, `A 180.jpg`, `A 270.jpg` (turned counter-clockwise). `train` needs none of this, it makes the same copies on
the fly; it is for other programs, and with `--pack` for starting at once.
"""

from __future__ import annotations

import argparse
import io
import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from artkeras import data
from artkeras.cli.arguments import whole
from artkeras.data import COPIES
from artkeras.errors import UserError
from artkeras.files import atomic
from data_tools import options
from data_tools.judgements import opened
from data_tools.names import folded
from data_tools.pictures import inside
from data_tools.steps import Target, labels, listed

FITS = (*data.FITS, "pad")
FORMATS = {"jpg": ("JPEG", {"quality": 95, "subsampling": 0}), "png": ("PNG", {})}
ARRAY, FACTS = "pictures.npy", "pictures.json"  # what --pack writes
Failure = tuple[str, str]  # a file's name, and why it could not be read


def square(path: Path, size: int, fit: str = "stretch") -> np.ndarray:
    """Read a picture as (size, size, 3) uint8 RGB, antialiased (bicubic); as `train` does, but for "pad".

    "stretch" squeezes all of it, "crop" cuts the central square out, "pad" puts all of it on a square of the colour
    that its own edges have in the middle of their range.

    Raises:
        Exception: of almost any kind, if the file is damaged.
    """
    if fit in data.FITS:
        return data.decode(path, size, fit)
    image = opened(path)
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    small = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
    ring = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    whole = np.empty((size, size, 3), np.uint8)
    whole[:] = np.median(ring, axis=0).round()
    top, left = (size - height) // 2, (size - width) // 2
    whole[top : top + height, left : left + width] = small
    return whole


def copies(picture: np.ndarray) -> np.ndarray:
    """The six copies of a square picture (n, n, 3) in the order of `COPIES`: (6, n, n, 3)."""
    return np.concatenate([data.augmented(picture[None], copy) for copy in range(len(COPIES))])


@dataclass(frozen=True)
class Chosen:
    """The pictures of a folder that belong to a subset.

    Attributes:
        names: their files.
        curated: those that the list beside the folder chooses for model 4; None without a list.
        rejected: those that it rejects, if they are wanted nevertheless.
        note: a line about that list, or empty.
    """

    names: list[str]
    curated: set[str] | None = None
    rejected: frozenset[str] = frozenset()
    note: str = ""


def chosen(folder: Path, subset: str) -> Chosen:
    """Look up which pictures of a folder belong to a subset, by the list beside it.

    Raises:
        UserError: no pictures, no list for "curated", one that does not fit (see `steps.labels`), nothing left, or the
            pictures are copies already.
    """
    names = listed(folder)
    example = data.group_paintings(names)[1]
    if example is not None:
        raise UserError(f"{folder} holds copies already, such as {example}: name the folder with the originals")
    found = labels(folder, names)
    if found is None and subset != "curated":
        return Chosen(names)
    if found is None:
        wanted = data.labels_path(folder.absolute().name, folder)[1]
        raise UserError(f"--subset curated needs the list {wanted}: make one with clean --study-list or curate")
    wished = {"all": set(names), "kept": set(names) - found.rejected, "curated": set(found.curated)}[subset]
    kept = [name for name in names if name in wished]
    if not kept:
        raise UserError(f"{found.path} leaves nothing for --subset {subset}: check its columns rejected and curated")
    curated = found.curated & set(kept)
    note = f"{found.path.name}: {len(kept)} of {len(names)} pictures taken, {len(curated)} of them curated"
    return Chosen(kept, set(curated), found.rejected & set(kept), note)


def file_names(names: Sequence[str], ending: str) -> dict[str, list[str]]:
    """file -> the names of its six copies. Files that differ in their ending alone keep it in the name."""
    stems: dict[str, int] = {}
    for name in names:
        stem = folded(_stem(name))  # some file systems do not tell "A" from "a"
        stems[stem] = stems.get(stem, 0) + 1
    made = {}
    for name in names:
        stem = _stem(name)
        if stems[folded(stem)] > 1:
            stem += f"-{Path(name).suffix[1:]}"
        made[name] = [f"{stem}{suffix}.{ending}" for suffix in COPIES]
    every = [folded(name) for six in made.values() for name in six]
    if len(set(every)) < len(every):
        twice = next(name for name in every if every.count(name) > 1)
        raise UserError(f"two pictures would both become {twice}: rename one of them")
    return made


def _stem(name: str) -> str:
    return name[: len(name) - len(Path(name).suffix)]


# ---------------------------------------------------------------------------------------- the target


def make_files(target: Target, pictures: Chosen, size: int, fit: str, ending: str) -> tuple[int, list[Failure]]:
    """Write six files for each picture, those excepted that are there; returns (pictures made again, failures).

    Both this and `make_pack` carry the list of the source over, so that model 4 finds its pictures again.

    Raises:
        UserError: none can be read.
    """
    names = pictures.names
    made = file_names(names, ending)
    hashes = data.hash_files(target.source, names)
    before = {name: target.was(name) for name in names}
    stale = [copy for name in names if before[name] != hashes[name] for copy in made[name]]
    target.begin([name for six in made.values() for name in six], hashes, stale)
    kind, options_ = FORMATS[ending]

    def work(name: str) -> str:
        """Empty: made; "=": was there; else why not."""
        paths = [inside(target.folder, copy) for copy in made[name]]
        if before[name] == hashes[name] and all(_whole(path, size) for path in paths):
            return "="
        try:
            picture = square(target.source / name, size, fit)
        except Exception as error:  # damaged files make decoders fail in every way there is
            for path in paths:  # of what the file was before
                path.unlink(missing_ok=True)
            return data.reason(error)
        for copy, pixels in zip(made[name], copies(picture)):
            content = io.BytesIO()
            Image.fromarray(np.ascontiguousarray(pixels)).save(content, kind, **options_)
            target.put(copy, content.getvalue())
        return ""

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about large pictures and odd metadata
        results = dict(zip(names, data.in_threads(work, names, "augmenting")))
    failed = {name: result for name, result in results.items() if result not in ("", "=")}
    if len(failed) == len(names):
        raise data.none_readable(target.source, list(failed.items()))
    _write_list(target, pictures, {name: made[name][0] for name in names if name not in failed})
    target.finish()
    return sum(not result for result in results.values()), list(failed.items())


def _whole(path: Path, size: int) -> bool:
    """Whether a copy is there and can be read: after a power cut a file may be empty."""
    try:
        with Image.open(path) as image:
            image.load()
            return image.size == (size, size)
    except Exception:
        return False


def make_pack(target: Target, pictures: Chosen, size: int, fit: str) -> tuple[int, list[Failure]]:
    """Write all copies of all pictures as one array, unless it is there; returns (pictures made, failures).

    `pictures.npy` is (6 x pictures, size, size, 3) uint8, `pictures.json` names its rows as files would be called.

    Raises:
        UserError: none can be read.
    """
    names = pictures.names
    hashes = data.hash_files(target.source, names)
    same = target.complete and list(target.before.get("sources", {}).items()) == list(hashes.items())
    before = target.before.get("failed", {})
    shape = (len(_pack_names(target.folder)), size, size, 3)
    if same and isinstance(before, dict) and data.is_array(target.folder / ARRAY, shape):
        _write_list(target, pictures, _originals([name for name in names if name not in before]))
        return 0, list(before.items())
    target.begin([ARRAY, FACTS], hashes)
    kept: list[str] = []
    failed: list[Failure] = []
    digests: list[str] = []

    def work(name: str) -> np.ndarray | str:
        try:
            return copies(square(target.source / name, size, fit))
        except Exception as error:  # damaged files make decoders fail in every way there is
            return data.reason(error)

    def rows() -> Iterator[np.ndarray]:
        for name, result in zip(names, data.in_threads(work, names, "augmenting")):
            if isinstance(result, str):
                failed.append((name, result))
                continue
            kept.append(name)
            for picture in result:
                digests.append(data.digest(np.ascontiguousarray(picture).tobytes()))
                yield picture
        if not kept:
            raise data.none_readable(target.source, failed)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.write_array(target.folder / ARRAY, rows(), size)
    called = [name for six in file_names(kept, "png").values() for name in six]
    facts = {"format": 1, "size": size, "fit": fit, "names": called, "digests": digests}
    with atomic(target.folder / FACTS) as part:
        part.write_text(json.dumps(facts, ensure_ascii=False), "utf-8")
    target.facts["failed"] = dict(failed)
    _write_list(target, pictures, _originals(kept))
    target.finish()
    return len(kept), failed


def _originals(names: Sequence[str]) -> dict[str, str]:
    """file -> what its first copy is called in a pack."""
    return {name: six[0] for name, six in file_names(names, "png").items()}


def _write_list(target: Target, pictures: Chosen, called: dict[str, str]) -> None:
    """Carry the list of the source over to the target: `called` says what each file is called there."""
    if pictures.curated is not None:
        rejected, curated = pictures.rejected, pictures.curated
        rows = [{"file": n, "rejected": int(f in rejected), "curated": int(f in curated)} for f, n in called.items()]
        target.write_list(rows)


def _pack_names(folder: Path) -> list[str]:
    try:
        return json.loads((folder / FACTS).read_text("utf-8"))["names"]
    except (OSError, ValueError, KeyError, TypeError):
        return []


# ---------------------------------------------------------------------------------------- command line


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command `augment`."""
    text = "write each picture six times as a small square: as it is, mirrored both ways, turned"
    command = commands.add_parser("augment", help=text, description=f"{text[:1].upper()}{text[1:]}.")
    command.set_defaults(run=run)
    command.add_argument("folder", metavar="DIR", help="the pictures; they are only read")
    command.add_argument("--out", metavar="DIR", help="folder to make (default: DIR_SIZE, beside DIR)")
    command.add_argument("--size", type=whole(1, 4096), default=64, metavar="N", help="pixels a side (default: 64)")
    command.add_argument("--fit", choices=FITS, default="stretch", help="(default: stretch, as the study did)")
    command.add_argument(
        "--subset", choices=data.SUBSETS, default="kept", help="by the list DIR_labels.csv, if any (default: kept)"
    )
    command.add_argument(
        "--format", choices=tuple(FORMATS), default="jpg", help="(default: jpg, as the study; png is exact)"
    )
    command.add_argument("--pack", action="store_true", help="one array instead of files; exact, and train reads it")
    command.add_argument("--forget", action="store_true", help="let go of the list that an earlier run went by")


def run(arguments: argparse.Namespace) -> None:
    """Choose, make, tell."""
    source = Path(arguments.folder).expanduser()
    pictures = chosen(source, arguments.subset)
    size, fit = arguments.size, arguments.fit
    settings = {"size": size, "fit": fit, "kind": "pack" if arguments.pack else arguments.format}
    with_list = pictures.curated is not None
    target = Target(source, arguments.out, str(size), "augment", settings, with_list, forget=arguments.forget)
    if pictures.note:
        options.say(pictures.note)
    if arguments.pack:
        made, failed = make_pack(target, pictures, size, fit)
    else:
        made, failed = make_files(target, pictures, size, fit, arguments.format)
    for name, reason in failed[: options.SHOWN]:
        options.say(f"left out: {name}: {reason}")
    if len(failed) > options.SHOWN:
        options.say(f"and {len(failed) - options.SHOWN} more")
    for line in target.notes():
        options.complain(line)
    count = len(pictures.names) - len(failed)
    there = "" if made == count else f" ({count - made} pictures were there already)"
    options.say(f"{count:,} pictures, {len(COPIES) * count:,} copies of {size} x {size} in {target.folder}{there}")
