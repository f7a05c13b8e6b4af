"""Decoding: any image file becomes 8-bit RGB pixels, upright, and a square where one is wanted."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from artkeras.data.colour import remember_tags, to_rgb
from artkeras.data import jpeg
from artkeras.data.folders import HEIF_HINT, decoders, format_of, in_threads, none_readable, reason
from artkeras.errors import UserError
from artkeras.files import expanded

FITS = ("stretch", "crop")
HALVES = ("left", "right")  # further fits: half of a file that holds a pair of images side by side

# A large JPEG may be decoded at a fraction of its size, but never below this many times the target.
DRAFT_MARGIN = 3


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
            with open_image(path) as image:
                image.load()
                return to_rgb(upright(image))
    except Exception as error:  # damaged files make decoders fail in every way there is
        raise UserError(f"cannot read the picture {path} ({reason(error)})") from None


@dataclass
class Outcome:
    """What became of the files of a folder: filled by `decode_each`.

    Attributes:
        kept: names of the files that were read, in order.
        skipped: (name, reason) of the others.
        doubts: (name, note) of those that could be meant in several ways, see `artkeras.data.colour`.
    """

    kept: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    doubts: list[tuple[str, str]] = field(default_factory=list)


def decode_each(folder: Path, names: Sequence[str], size: int, fit: str, outcome: Outcome) -> Iterator[np.ndarray]:
    """Yield the (size, size, 3) uint8 images that can be read; `outcome` tells which they are.

    Raises:
        UserError: after the last, if there was none.
    """
    decoders()  # once, and not in the threads

    def work(name: str) -> tuple[np.ndarray | str, list[str]]:
        notes: list[str] = []
        try:
            return decode(folder / name, size, fit, notes), notes
        except Exception as error:  # damaged files make decoders fail in every way there is
            return reason(error), notes

    # Pillow warns about large pictures and odd metadata; both are dealt with here. Around all the
    # threads, for the filter belongs to the process, not to a thread.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (result, notes) in zip(names, in_threads(work, names, "reading pictures"), strict=True):
            if isinstance(result, str):
                outcome.skipped.append((name, result))
            else:
                outcome.kept.append(name)
                outcome.doubts += [(name, note) for note in notes]
                yield result
    if not outcome.kept:
        raise none_readable(folder, outcome.skipped)


def open_image(path: Path) -> Image.Image:
    """Open an image file of any format that the kit reads; its pixels are not decoded yet.

    A JPEG file with a hole is refused, and one that lacks its end mark alone is taken: see `jpeg`.

    Raises:
        Exception: of almost any kind, if the file is damaged or no image; `reason` makes a line of it.
    """
    try:
        image = Image.open(path, formats=decoders())
    except UnidentifiedImageError:
        if format_of(path) == "HEIF":
            raise ValueError(f"a HEIC file: {HEIF_HINT}") from None
        if format_of(path) == "TIFF":
            raise ValueError("a TIFF of a kind that is not read here: save it with 8 or 16 bits a channel") from None
        raise
    if image.format in ("JPEG", "MPO"):
        content = path.read_bytes()
        if missing := jpeg.hole(content):
            image.close()
            raise ValueError(f"damaged: {missing} bytes in its middle are zeros")
        if (whole := jpeg.completed(content)) is not content:
            image.close()
            image = Image.open(io.BytesIO(whole), formats=decoders())
    remember_tags(image)
    return image


def decode(path: Path, size: int, fit: str, notes: list[str] | None = None) -> np.ndarray:
    """Read one image file as (size, size, 3) uint8 sRGB. Doubts about its colours are appended to `notes`.

    Raises:
        Exception: of almost any kind, if the file is damaged.
    """
    if path.stat().st_size == 0:
        raise ValueError("empty file")
    with open_image(path) as image:
        if 0 in image.size:
            raise ValueError("no pixels")
        if fit not in HALVES:  # a pair is cut in the middle before it is reduced
            image.draft("RGB", (DRAFT_MARGIN * size, DRAFT_MARGIN * size))
        image.load()
        return np.asarray(to_square(to_rgb(upright(image), notes), size, fit), dtype=np.uint8)


def upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF data says."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged metadata says nothing about the picture
        return image


def to_square(image: Image.Image, size: int, fit: str) -> Image.Image:
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
