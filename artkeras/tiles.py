"""Networks on images of any size: piece by piece, put together outside of memory.

A piece's edge does not see its surroundings, so pieces overlap, an edge is thrown away, and what is left is blended.
"""

import itertools
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from artkeras.errors import UserError

RAMP = 8  # pixels of the image over which one piece goes over into the next
SMALLEST_TILE = 64
LARGEST = 400_000_000  # pixels of a result: Pillow, which writes it, holds each in 4 bytes of memory
MAP_ABOVE = 64 * 1024 * 1024  # bytes of a canvas that is not held in memory
BAND = 64  # rows that are turned into bytes at a time

Run = Callable[[np.ndarray], np.ndarray]  # (1, h, w, 3) RGB in 0..255 float32 -> (1, h * scale, w * scale, 3) likewise


@dataclass(frozen=True)
class Tiled:
    """A network ready to be run on images of any size.

    Attributes:
        name: what to call it in messages.
        run: the network, as `Run` says.
        margin: pixels at a piece's edge in which it sees too little to be within 1/255 of what it would make there
            of the whole image.
        scale: how many times as wide and high it makes an image.
        tile: side of a piece by default.
        multiple: it takes only sides that are multiples of this; pieces begin at multiples of it.
    """

    name: str
    run: Run
    margin: int
    scale: int = 1
    tile: int = 256
    multiple: int = 1

    def __call__(self, picture: np.ndarray, tile: int | None = None) -> np.ndarray:
        """Run the network on one image: (height, width, 3) uint8 RGB -> (height * scale, width * scale, 3) uint8.

        Raises:
            UserError: the tile is too small to be cut, or the result too large.
        """
        canvas = self.canvas(picture, tile)
        result = np.empty(canvas.shape, "uint8")
        for start, rows in bands(canvas):
            result[start : start + len(rows)] = rows
        return result

    def pieces(self, height: int, width: int, tile: int | None = None) -> int:
        """How many pieces an image is cut into."""
        return len(self._starts(height, tile)) * len(self._starts(width, tile))

    def canvas(
        self,
        picture: np.ndarray,
        tile: int | None = None,
        folder: str | os.PathLike[str] | None = None,
        done: Callable[[], object] = lambda: None,
    ) -> np.ndarray:
        """Run the network on one image; the result is in 256ths of a grey level.

        Args:
            picture: (height, width, 3) uint8 RGB.
            tile: side of a piece, a multiple of `multiple`.
            folder: where a large canvas lies, as a file without a name that goes by itself; by default the system's
                folder for such.
            done: called after each piece.

        Returns:
            (height * scale, width * scale, 3) uint16, 256 times what a uint8 image has; mapped from disk if large.

        Raises:
            UserError: the tile is too small to be cut, or the result too large.
        """
        height, width, _ = picture.shape
        self.check_size(width, height)
        side, scale = self._side(tile), self.scale
        canvas = _new_canvas((height * scale, width * scale, 3), folder)
        rows, columns = (list(self._shares(n, tile)) for n in (height, width))
        for top, row_share in rows:
            for left, column_share in columns:
                piece = picture[top : top + side, left : left + side]
                made = np.clip(self.of_piece(piece), 0, 255) * (row_share[:, None, None] * column_share[:, None] * 256)
                place = canvas[top * scale :, left * scale :][: made.shape[0], : made.shape[1]]
                place += np.rint(made).astype("uint16")
                done()
        return canvas

    def check_size(self, width: int, height: int, name: str = "the image") -> None:
        """Refuse an image whose result would be too large to be written.

        Raises:
            UserError: saying which and how large.
        """
        if width * height * self.scale**2 > LARGEST:
            raise UserError(
                f"{name} has {width} x {height} pixels: {self.scale} times as wide and high they are more than "
                f"{LARGEST // 1_000_000} million; give a smaller image, or parts of it"
            )

    def of_piece(self, piece: np.ndarray) -> np.ndarray:
        """What the network makes of a piece (height, width, 3): float32 on the scale of uint8, not yet clipped."""
        height, width, _ = piece.shape
        pad = [(0, -side % self.multiple) for side in (height, width)]
        batch = np.pad(piece, [*pad, (0, 0)], mode="edge")[None].astype("float32")
        return self.run(batch)[0, : height * self.scale, : width * self.scale]

    def _side(self, tile: int | None) -> int:
        side, least = tile or self.tile, max(SMALLEST_TILE, 2 * self.margin + RAMP + max(RAMP, self.multiple))
        if side < least:
            raise UserError(f"a tile for {self.name} must have at least {least} pixels a side, not {side}")
        return side - side % self.multiple

    def _starts(self, length: int, tile: int | None) -> list[int]:
        """Where the pieces begin along one side: spread evenly, so that all have one size."""
        side = self._side(tile)
        if length <= side:
            return [0]
        room, step = length - side, side - 2 * self.margin - RAMP
        count = math.ceil(room / (step - step % self.multiple)) + 1
        even = (math.ceil(i * room / (count - 1) / self.multiple) * self.multiple for i in range(count))
        return [min(start, room) for start in even]

    def _shares(self, length: int, tile: int | None) -> Iterator[tuple[int, np.ndarray]]:
        """Where each piece begins along one side, and its share of each enlarged pixel; the shares add up to 1."""
        starts, side = self._starts(length, tile), min(self._side(tile), length)
        middles = [(after + before + side) / 2 for before, after in itertools.pairwise(starts)]
        ramps = [-math.inf, *middles, math.inf]  # in the middle of an overlap, as far as can be from both edges
        for start, (begins, ends) in zip(starts, itertools.pairwise(ramps), strict=True):
            places = start + (np.arange(side * self.scale) + 0.5) / self.scale
            before, after = (np.clip((places - middle) / RAMP + 0.5, 0, 1) for middle in (begins, ends))
            yield start, (before - after).astype("float32")


def _new_canvas(shape: tuple[int, ...], folder: str | os.PathLike[str] | None) -> np.ndarray:
    size = 2 * math.prod(shape)
    if size <= MAP_ABOVE:
        return np.zeros(shape, "uint16")
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk is an error here, and ends the process later
        return np.memmap(file, "uint16", "w+", shape=shape)


def bands(canvas: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """A canvas as uint8 rows, some at a time, each with the number of its first."""
    for start in range(0, len(canvas), BAND):
        yield start, ((canvas[start : start + BAND] + np.uint16(128)) >> np.uint16(8)).astype("uint8")


def assembled(rows: Iterable[tuple[int, np.ndarray]], size: tuple[int, int], channels: int) -> Image.Image:
    """An image put together from rows, of which only some are in memory at a time.

    Args:
        rows: the number of the first row and (n, width, channels) uint8, as `bands` gives them.
        size: width and height.
        channels: 1 to 4: grey, grey with alpha, RGB, RGB with alpha.
    """
    image = Image.new(("L", "LA", "RGB", "RGBA")[channels - 1], size)
    for start, values in rows:
        image.paste(Image.fromarray(values.squeeze(-1) if channels == 1 else values), (0, start))
    return image
