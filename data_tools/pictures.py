"""The bytes of a picture: whether they are one, and storing them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import warnings
from collections.abc import Iterator
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
# What files are called until they are whole; a file that merely ends in ".part" is somebody's own.
PART = re.compile(r"\..*[.-]([0-9a-f]{16}|\d+-[0-9a-f]+|\d+)\.part")
PIXELS = 200_000_000  # beyond this a picture is taken for an attack on the memory


class NotAPicture(Exception):
    """Bytes that do not decode; the text says what they seem to be."""


class NotBytes(NotAPicture):
    """A text in place of a picture: a page that asks for a login, an error in words. It says nothing of the picture."""


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

    from artkeras.data import jpeg

    if not content:
        raise NotAPicture("0 bytes")
    head = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if re.match(rb"<(!doctype|!--|html|head|body|title|meta|script|\?xml)", head) and b"<svg" not in content[:1000]:
        raise NotBytes("a web page instead of a picture")
    if head.startswith((b"{", b"[")):
        raise NotBytes("a JSON text instead of a picture")
    try:
        with quiet(), Image.open(io.BytesIO(jpeg.completed(content))) as image:
            if image.format not in ENDINGS:
                raise NotAPicture(f"a picture of the format {image.format}, which is not read here")
            if image.width * image.height > PIXELS:
                raise NotAPicture(f"a picture of {image.width} x {image.height} pixels, beyond what is safe to open")
            if missing := jpeg.hole(content):
                raise NotAPicture(f"a broken picture ({missing} bytes in its middle are zeros)")
            image.load()
            size, kind = image.size, image.format
            grey = image.convert("RGB").convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    except NotAPicture:
        raise
    except UnidentifiedImageError:
        raise NotAPicture(_looks_like(content)) from None
    except Image.DecompressionBombError:
        raise NotAPicture(f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000} million pixels") from None
    except Exception as error:  # Pillow has a dozen ways to say that a file is broken
        raise NotAPicture(f"a broken picture ({' '.join(str(error).split())[:80]})") from None
    return Facts(kind, *size, len(content), hashlib.sha256(content).hexdigest(), _dhash(grey))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep Pillow's warnings off the screen: about odd metadata, and about large pictures, which have a limit here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _looks_like(content: bytes) -> str:
    """What bytes are that no decoder takes, by how they begin."""
    brand = content[8:12] if content[4:8] == b"ftyp" else b""
    if brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"):
        return "a HEIC picture, which is not read here: save it as JPEG or PNG"
    if brand:
        return "a film, not a picture"
    for beginning, kind in (
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a zip archive"),
        (b"8BPS", "a Photoshop file"),
        (b"II*\0", "a TIFF of a kind that is not read here: save it with 8 or 16 bits a channel"),
        (b"MM\0*", "a TIFF of a kind that is not read here: save it with 8 or 16 bits a channel"),
    ):
        if content.startswith(beginning):
            return kind
    return "an SVG drawing" if b"<svg" in content[:1000] else "no picture"


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


def changed_by_hand(path: Path, row: dict) -> bool:
    """Whether the file that a row of a manifest speaks of is another picture now, so that somebody worked on it.

    Half a file, left by a power cut, is none, and no work of anybody.
    """
    try:
        if not row.get("sha256") or not path.is_file():
            return False
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() == row["sha256"]:
            return False
        look(content)
    except (OSError, NotAPicture):
        return False
    return True


def sweep(folder: Path) -> None:
    """Remove the halves of files that a killed program left in a folder. Call it where nobody else is writing."""
    for part in folder.rglob(".*.part"):
        if PART.fullmatch(part.name):
            with contextlib.suppress(OSError):
                part.unlink()


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
