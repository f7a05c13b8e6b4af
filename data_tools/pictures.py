"""The bytes of a picture: whether they are one, and storing them."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from artkeras.files import atomic

# The formats that `train` reads, and the ending each gets, whatever its name said.
ENDINGS = {
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "GIF": ".gif",
    "BMP": ".bmp",
    "TIFF": ".tif",
    "AVIF": ".avif",
}
PIXELS = 200_000_000  # beyond this a picture is taken for an attack on the memory


class NotAPicture(Exception):
    """Bytes that do not decode; the text says what they seem to be."""


@dataclass(frozen=True)
class Facts:
    """What the bytes tell: format, size in pixels and bytes, hashes."""

    format: str
    width: int
    height: int
    bytes: int
    sha256: str
    dhash: str

    @property
    def ending(self) -> str:
        """With its dot."""
        return ENDINGS[self.format]


def look(content: bytes) -> Facts:
    """Decode a picture to its last pixel.

    Raises:
        NotAPicture: it is none, or broken off, or of a format that `train` does not read.
    """
    from PIL import Image, UnidentifiedImageError

    if not content:
        raise NotAPicture("0 bytes")
    head = content.lstrip()[:200].lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise NotAPicture("a web page instead of a picture")
    if head.startswith((b"{", b"[")):
        raise NotAPicture("a JSON text instead of a picture")
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content)) as image:
            warnings.simplefilter("ignore")  # about odd metadata, and large pictures, which have a limit here
            if image.format not in ENDINGS:
                raise NotAPicture(f"a picture of the format {image.format}, which is not read here")
            if image.width * image.height > PIXELS:
                raise NotAPicture(f"a picture of {image.width} x {image.height} pixels, beyond what is safe to open")
            image.load()
            size, kind = image.size, image.format
            grey = image.convert("RGB").convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    except NotAPicture:
        raise
    except UnidentifiedImageError:
        raise NotAPicture("no picture") from None
    except Exception as error:  # Pillow has a dozen ways to say that a file is broken
        raise NotAPicture(f"a broken picture ({' '.join(str(error).split())[:80]})") from None
    return Facts(kind, *size, len(content), hashlib.sha256(content).hexdigest(), _dhash(grey))


def _dhash(grey) -> str:
    """Which of 8 x 8 neighbours is the brighter, from a picture of 9 x 8 pixels, as 16 hexadecimal digits."""
    rows = [grey.crop((0, y, 9, y + 1)).tobytes() for y in range(8)]
    return f"{sum((row[x] > row[x + 1]) << (8 * y + x) for y, row in enumerate(rows) for x in range(8)):016x}"


def same_file(path: Path, row: dict) -> bool:
    """Whether the file that a row of a manifest speaks of is there, judged by its size."""
    try:
        return path.is_file() and path.stat().st_size == row.get("bytes")
    except OSError:
        return False


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's content; empty when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def inside(folder: Path, name: str) -> Path:
    """The path of a file in a folder.

    Raises:
        ValueError: the name leads out of it.
    """
    path = folder / name
    if ".." in Path(name).parts or Path(os.path.abspath(path)).is_relative_to(os.path.abspath(folder)) is False:
        raise ValueError(f"{name!r} leads out of {folder}")
    return path


def store(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    with atomic(path) as part:
        part.write_bytes(content)
