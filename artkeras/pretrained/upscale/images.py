"""Enlarging images in memory: arrays, and Pillow's images of every mode."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from artkeras import data, tiles
from artkeras.errors import UserError
from artkeras.pretrained.upscale.models import Upscaler, check, open_model
from artkeras.reporting import figures

Picture = np.ndarray | Image.Image | str | os.PathLike[str]


def upscale(
    pictures: Picture | Iterable[Picture],
    model: str | os.PathLike[str] | Upscaler = "auto",
    *,
    tile: int | None = None,
    log: Callable[[str], object] = print,
) -> Any:
    """Enlarge pictures four times.

    Args:
        pictures: one or several: uint8 arrays (height, width, 3) or (n, height, width, 3), Pillow's images of any
            mode, paths of files. Transparency stays, grey stays grey, deeper pictures become 8 bits a channel.
        model: see `artkeras.pretrained.upscale`; or what `open_model` gave, to use it again.
        tile: side in pixels of the pieces into which large pictures are cut, at least 64. Larger is faster and
            needs more memory.
        log: takes a line of text.

    Returns:
        An array for an array, an image for an image or a path, a list for several.

    Raises:
        UserError: for an unknown model, one that cannot be had, or what is not a picture.

    >>> upscale(artkeras.load("colour_field/model_2").sample(4))     # (4, 256, 256, 3) uint8
    """
    if isinstance(pictures, np.ndarray) and pictures.ndim == 4:
        made = upscale(list(pictures), model, tile=tile, log=log)
        _, height, width, channels = pictures.shape
        return np.stack(made) if made else np.empty((0, 4 * height, 4 * width, channels), "uint8")
    if isinstance(pictures, (np.ndarray, Image.Image, str, os.PathLike)):
        return upscale([pictures], model, tile=tile, log=log)[0]
    check_tile(tile)
    if not isinstance(model, Upscaler):
        check(model)
    taken = [_taken(picture) for picture in pictures]
    upscaler = model if isinstance(model, Upscaler) else open_model(model, log)
    return [
        upscaler(picture, tile) if isinstance(picture, np.ndarray) else _image(upscaler, picture, tile)
        for picture in taken
    ]


def side_by_side(samples: Mapping[str, np.ndarray], upscaler: Upscaler) -> Image.Image:
    """A figure of samples, a row a set; of each its pixels, bicubic enlargement, and what the network makes of it.

    Args:
        samples: name -> (n, size, size, 3) uint8, of one n and size.
        upscaler: as `open_model` gave it, of four times.
    """
    rows = []
    for pictures in samples.values():
        pixels = pictures.repeat(4, axis=1).repeat(4, axis=2)
        three = np.stack([pixels, upscale(pictures, "bicubic"), upscale(pictures, upscaler)], axis=1)
        rows.append(three.reshape(-1, *three.shape[2:]))
    caption = f"rows: {', '.join(samples)}; each sample as its pixels, bicubic, {Path(upscaler.name).name}"
    return figures.grid(np.concatenate(rows), columns=len(rows[0]), caption=caption)


def _taken(picture: Picture) -> np.ndarray | Image.Image:
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3 or 0 in picture.shape:
            raise UserError(
                f"an array of pictures must be uint8 of (height, width, 3), not {picture.dtype} {picture.shape}"
            )
        return picture
    return picture if isinstance(picture, Image.Image) else opened(Path(picture))


def _image(upscaler: Upscaler, image: Image.Image, tile: int | None) -> Image.Image:
    plain = Plain.of(image, getattr(image, "filename", "") or "the picture")
    return plain.enlarged(upscaler.canvas(plain.rgb, tile), upscaler.scale)


def check_tile(tile: int | None) -> None:
    if tile is not None and tile < tiles.SMALLEST_TILE:
        raise UserError(f"a tile must have at least {tiles.SMALLEST_TILE} pixels a side, not {tile}")


def opened(path: Path) -> Image.Image:
    """Open a picture file; its pixels are not read yet.

    Raises:
        UserError: when it is none, or cannot be read.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder, not a picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about large pictures, the largest of which are errors, and odd metadata
            image = data.open_image(path)
    except Exception as error:  # Pillow has a dozen ways to say that a file is broken
        raise UserError(f"{path} cannot be enlarged: {data.reason(error)}") from None
    return image


@dataclass(frozen=True)
class Plain:
    """A picture of any mode as a network takes it, and what is to be put back afterwards."""

    rgb: np.ndarray
    alpha: Image.Image | None
    grey: bool

    @classmethod
    def of(cls, image: Image.Image, name: str | os.PathLike[str]) -> "Plain":
        """Read all of a picture.

        Raises:
            UserError: when it is broken.
        """
        try:
            image.load()
            image = data.to_srgb(data.upright(image))
            alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
            grey = image.mode in ("L", "LA")
            return cls(np.asarray(image.convert("RGB")), alpha, grey)
        except Exception as error:  # Pillow has a dozen ways to say that a file is broken
            raise UserError(f"{name} cannot be enlarged: {data.reason(error)}") from None

    @property
    def channels(self) -> int:
        """Of the picture that is made."""
        return (1 if self.grey else 3) + (self.alpha is not None)

    def enlarged(self, canvas: np.ndarray, scale: int) -> Image.Image:
        """The image of a canvas, grey and transparent as this one."""
        return tiles.assembled(self._bands(canvas, scale), (canvas.shape[1], canvas.shape[0]), self.channels)

    def _bands(self, canvas: np.ndarray, scale: int) -> Iterator[tuple[int, np.ndarray]]:
        """A canvas as rows of (width, channels) uint8, some at a time, each with the number of its first."""
        alpha = self.alpha
        if alpha is not None:
            alpha = np.asarray(alpha.resize((alpha.width * scale, alpha.height * scale), Image.Resampling.BICUBIC))
        for start, rows in tiles.bands(canvas):
            if self.grey:  # the network's three differ by a grain
                rows = np.rint(rows.mean(axis=-1, keepdims=True)).astype("uint8")
            if alpha is not None:
                rows = np.concatenate([rows, alpha[start : start + len(rows), :, None]], axis=-1)
            yield start, rows
