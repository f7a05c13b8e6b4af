"""Folders of images: where they are, which files they hold, and work on many files in threads."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from artkeras.errors import UserError
from artkeras.files import expanded

# A file with such an ending is taken for an image, even if it turns out to be damaged. Any other file is one if its
# first bytes say so ...
EXTENSIONS = frozenset(".jpg .jpeg .png .webp .bmp .gif .tif .tiff .avif".split())
SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
BMP_HEADERS = {size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124)}
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
HEIF_ENDINGS = frozenset(".heic .heif .hif".split())
HEIF_HINT = "pip install pillow-heif reads HEIC"
# ... except for raw files of cameras, which begin as TIFF and hold a thumbnail, and downloads that did not end.
OTHER_ENDINGS = frozenset(
    ".dng .nef .nrw .cr2 .arw .sr2 .srw .pef .orf .rw2 .erf .kdc .dcr .mef .mos .3fr .iiq .raw"
    " .part .partial .crdownload .download .tmp".split()
)

# Folders that systems make beside other people's images: thumbnails, resource forks, bins.
SYSTEM_FOLDERS = frozenset(
    ("@eadir", "__macosx", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "$recycle.bin", "lost+found")
    + ("system volume information",)
)

# What `python -m data_tools augment --pack` writes: all images of a folder as one array, and their names.
PACKED, PACKED_FACTS = "pictures.npy", "pictures.json"
# Files that the kit itself puts into folders of images, and systems beside them; nobody needs to be told about them.
OWN_FILES = frozenset((PACKED, PACKED_FACTS, "manifest.jsonl", "manifest.csv", "step.json", "Thumbs.db", "desktop.ini"))

_ENDINGS = 5  # how many endings a note lists
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


NOT_UTF8 = "its name is not UTF-8: rename it"  # the reason that `walk` gives


def files(folder: str | os.PathLike[str]) -> list[str]:
    """Names of the image files below a folder, relative to it, with forward slashes, in natural order.

    Raises:
        UserError: the folder is missing or holds no images.
    """
    return list_images(checked_folder(expanded(folder))).names


def checked_folder(folder: Path) -> Path:
    """Return `folder` if it holds images.

    Raises:
        UserError: it is missing, cannot be read, is no folder, or holds no images; says what it holds instead.
    """
    if not folder.exists():
        raise UserError(f"the folder {folder} does not exist: check the path of the pictures")
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: name the folder that holds the pictures")
    if not holds_pictures(folder):
        listing = list_images(folder)
        unread = [f"{name} ({why})" for name, why in listing.unread[:1]]
        if unread:
            raise UserError(f"the folder {folder} holds no pictures that can be read: {unread[0]}")
        endings = " ".join(sorted(extension[1:] for extension in EXTENSIONS))
        instead = "; ".join(listing.notes)
        raise UserError(
            f"the folder {folder} holds no pictures: put some there ({endings}){'; ' if instead else ''}{instead}"
        )
    return folder


def holds_pictures(folder: Path) -> bool:
    """Whether there are images in a folder, packed or as files below it."""
    return (folder / PACKED_FACTS).is_file() or any(entry.is_image for entry in walk(folder))


class Entry(NamedTuple):
    """What `walk` found.

    Attributes:
        name: relative to the folder, with forward slashes; bytes that are no UTF-8 are shown as "\\xe9".
        is_image: whether it is an image file, by its ending or else by its content.
        trouble: why it cannot be read, in a few words; empty where it can. Then it may be a folder.
    """

    name: str
    is_image: bool
    trouble: str = ""


class Listing(NamedTuple):
    """What a folder holds.

    Attributes:
        names: the image files in natural order, relative, with forward slashes.
        unread: (name, reason) of all that cannot be read or listed, folders included.
        passed_over: how many files are no images that can be read here, by ending ("" where there is none).
    """

    names: list[str]
    unread: list[tuple[str, str]]
    passed_over: dict[str, int]

    @property
    def notes(self) -> tuple[str, ...]:
        """One line that says what was passed over, if anything was, and how more of it can be read."""
        if not self.passed_over:
            return ()
        counted = sorted(self.passed_over.items(), key=lambda item: (-item[1], item[0]))
        listed = ", ".join(f"{count} {ending or 'without an ending'}" for ending, count in counted[:_ENDINGS])
        more = sum(count for _, count in counted[_ENDINGS:])
        total = sum(self.passed_over.values())
        text = f"{total} {'file' if total == 1 else 'files'} passed over, no images that can be read here: {listed}"
        text += f", {more} others" if more else ""
        if not self.passed_over.keys().isdisjoint(HEIF_ENDINGS):
            text += f" ({HEIF_HINT})"
        return (text,)


def list_images(folder: Path) -> Listing:
    """All that lies below a folder: its image files, what cannot be read, and how much was passed over."""
    listing = Listing([], [], {})
    for entry in walk(folder):
        if entry.trouble:
            listing.unread.append((entry.name, entry.trouble))
        elif entry.is_image:
            listing.names.append(entry.name)
        elif entry.name.rsplit("/", 1)[-1] not in OWN_FILES and not entry.name.endswith("_labels.csv"):
            ending = os.path.splitext(entry.name)[1].lower()
            listing.passed_over[ending] = listing.passed_over.get(ending, 0) + 1
    listing.names.sort(key=natural_key)
    listing.unread.sort(key=lambda item: natural_key(item[0]))
    return listing


def walk(folder: Path) -> Iterator[Entry]:
    """Yield every file below a folder, and every folder that cannot be listed, in no particular order.

    Hidden entries and the folders of systems (`SYSTEM_FOLDERS`) are passed over. Links to folders are followed; a
    folder that several links lead to is listed once, so that a circle of links ends.
    """
    seen: set[str] = set()
    waiting: list[str] = [""]
    linked: list[str] = []
    while waiting or linked:  # links last, so that what they lead to is listed under its own name if it lies here
        prefix = waiting.pop() if waiting else linked.pop()
        here = folder / prefix
        real = os.path.realpath(here)
        if real in seen:
            continue
        seen.add(real)
        try:
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield Entry(prefix.rstrip("/") or ".", False, reason(error))
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in SYSTEM_FOLDERS:
                continue
            try:
                entry.name.encode()
                if entry.is_dir():
                    (linked if entry.is_symlink() else waiting).append(f"{prefix}{entry.name}/")
                else:
                    yield _file(entry, prefix)
            except UnicodeEncodeError:
                shown = os.fsencode(entry.name).decode("utf-8", "backslashreplace")
                yield Entry(prefix + shown, False, NOT_UTF8)
            except OSError as error:
                yield Entry(prefix + entry.name, False, reason(error))


def _file(entry: os.DirEntry[str], prefix: str) -> Entry:
    """Judge what is no folder. Only plain files are opened: a pipe would make us wait for ever.

    Raises:
        OSError: it cannot be read.
    """
    name = prefix + entry.name
    if not entry.is_file():
        return Entry(name, False, "a link to nothing" if entry.is_symlink() else "no plain file")
    ending = os.path.splitext(entry.name)[1].lower()
    if ending in EXTENSIONS:
        return Entry(name, True)
    if ending in OTHER_ENDINGS:
        return Entry(name, False)
    return Entry(name, format_of(Path(entry.path)) in decoders())


def format_of(path: Path) -> str:
    """Pillow's name of an image format by the first bytes of a file: "JPEG", ..., "HEIF"; "" where they are none.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(32)
    for start, name in SIGNATURES:
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and head[6:10] == bytes(4) and head[14:18] in BMP_HEADERS:
        return "BMP"
    if head[4:8] == b"ftyp":
        brands = {head[8:12], *(head[i : i + 4] for i in range(16, len(head), 4))}
        return "AVIF" if brands & {b"avif", b"avis"} else "HEIF" if brands & HEIF_BRANDS else ""
    return ""


@functools.cache
def decoders() -> tuple[str, ...]:
    """Names of Pillow's decoders to try. Named, for Pillow would hand a disguised PostScript file to Ghostscript."""
    Image.init()  # here, once, and not in the threads
    with contextlib.suppress(ImportError):  # an optional plugin
        import pillow_heif

        pillow_heif.register_heif_opener()
    wanted = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "AVIF", "HEIF")
    return tuple(name for name in wanted if name in Image.OPEN)


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
