"""Folders of images: where they are, which files they hold, and work on many files in threads."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from artkeras.errors import UserError
from artkeras.files import expanded

EXTENSIONS = frozenset(".jpg .jpeg .png .webp .bmp .gif .tif .tiff .avif".split())

# What `python -m data_tools augment --pack` writes: all images of a folder as one array, and their names.
PACKED, PACKED_FACTS = "pictures.npy", "pictures.json"

_BLOCK = 256  # how many files are handed to the threads at a time


def find(study: str, folder: str | os.PathLike[str] | None = None) -> Path | None:
    """Find the folder with a study's pictures, or None.

    An explicit `folder` counts alone. Else `$ARTKERAS_DATA/<study>` is tried, then `data/<study>` under
    the current folder; a place that does not exist or holds no pictures is passed over.

    Raises:
        UserError: the explicit folder is missing, is no folder, or holds no pictures.
    """
    if folder is not None:
        return checked_folder(expanded(folder))
    places = [Path("data", study)]
    if os.environ.get("ARTKERAS_DATA"):
        places.insert(0, expanded(os.environ["ARTKERAS_DATA"]) / study)
    return next((place for place in places if place.is_dir() and holds_pictures(place)), None)


def files(folder: str | os.PathLike[str]) -> list[str]:
    """Names of the picture files below a folder, relative to it, with forward slashes, in natural order.

    Raises:
        UserError: the folder is missing or holds no pictures.
    """
    return list_images(checked_folder(expanded(folder)))[0]


def checked_folder(folder: Path) -> Path:
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
    return (folder / PACKED_FACTS).is_file() or bool(list_images(folder)[0])


def list_images(folder: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """The picture files below a folder, in natural order, and (subfolder, reason) where it cannot look."""
    names: list[str] = []
    trouble: list[tuple[str, str]] = []
    seen: set[str] = set()

    def report(error: OSError) -> None:
        trouble.append((os.path.relpath(error.filename, folder).replace(os.sep, "/"), reason(error)))

    for here, folders, files in os.walk(folder, followlinks=True, onerror=report):
        real = os.path.realpath(here)
        visible = [] if real in seen else [name for name in folders if not name.startswith(".")]
        folders[:] = sorted(visible)  # a link back to a folder above would never end
        prefix = os.path.relpath(here, folder).replace(os.sep, "/")
        prefix = "" if prefix == "." else prefix + "/"
        names += [prefix + name for name in files if real not in seen and _looks_like_a_picture(name)]
        seen.add(real)
    return sorted(names, key=natural_key), trouble


def _looks_like_a_picture(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in EXTENSIONS


def natural_key(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sort key that puts "a2" before "a10" and does not depend on the system."""
    parts = re.split(r"([0-9]+)", name.casefold())  # words and numbers in turn, a word first
    return [(int(part), "") if odd % 2 else (0, part) for odd, part in enumerate(parts)], name


def in_threads(work: Callable[[str], object], items: Sequence[str], label: str) -> Iterator:
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


def digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def hash_file(path: Path) -> str:
    """Hash of a file's content, or "!" and the reason why there is none."""
    try:
        if not path.is_file():  # a pipe would make us wait for ever
            return "!no such file, or not a plain one"
        with open(path, "rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        return "!" + reason(error)


def hash_files(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Hash of each file's content by name, in order, as `hash_file` gives it."""
    return dict(zip(names, in_threads(lambda name: hash_file(folder / name), names, "checking pictures"), strict=True))


def reason(error: BaseException) -> str:
    """A short one-line reason for a person."""
    if isinstance(error, UnidentifiedImageError):
        return "not a picture, or a damaged one"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000} million pixels"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:100] or type(error).__name__


def none_readable(folder: Path, skipped: Sequence[tuple[str, str]]) -> UserError:
    name, reason = skipped[0]
    return UserError(
        f"none of the {len(skipped)} pictures in {folder} can be read, the first being {name} ({reason}): "
        "check the files"
    )
