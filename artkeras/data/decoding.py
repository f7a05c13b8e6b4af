"""Decoding: any image file becomes 8-bit RGB pixels, upright, and a square where one is wanted."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from artkeras.data.folders import in_threads, none_readable, reason
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
            with Image.open(path, formats=decoders()) as image:
                image.load()
                return to_rgb(upright(image))
    except Exception as error:  # damaged files make decoders fail in every way there is
        raise UserError(f"cannot read the picture {path} ({reason(error)})") from None


def decode_each(
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
    formats = decoders()

    def work(name: str) -> np.ndarray | str:
        try:
            return decode(folder / name, size, fit, formats)
        except Exception as error:  # damaged files make decoders fail in every way there is
            return reason(error)

    # Pillow warns about large pictures and odd metadata; both are dealt with here. Around all the
    # threads, for the filter belongs to the process, not to a thread.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, result in zip(names, in_threads(work, names, "reading pictures"), strict=True):
            if isinstance(result, str):
                skipped.append((name, result))
            else:
                kept.append(name)
                yield result
    if not kept:
        raise none_readable(folder, skipped)


def decoders() -> tuple[str, ...]:
    """The decoders to try. Named, for Pillow would hand a disguised PostScript file to Ghostscript."""
    Image.init()  # here, once, and not in the threads
    wanted = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "AVIF")
    return tuple(name for name in wanted if name in Image.OPEN)


def decode(path: Path, size: int, fit: str, formats: tuple[str, ...]) -> np.ndarray:
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
        return np.asarray(to_square(to_rgb(upright(image)), size, fit), dtype=np.uint8)


def upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF data says."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged metadata says nothing about the picture
        return image


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert any mode to RGB, transparency over white."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = grey_to_uint8(image)
    if image.has_transparency_data:
        image = image.convert("LA") if image.mode == "La" else image
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def grey_to_uint8(image: Image.Image) -> Image.Image:
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
