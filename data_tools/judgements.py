"""What can be measured about one picture: whether it is a painting fit to train on, and how plain it is.

All measures are made on small copies in Oklab, a space in which equal distances look about equally different: 0.02 is
just visible, black to white is 1. None of them was fitted to anybody's choices; the thresholds that turn them into
decisions are options of `clean`.

>>> judged = judge("painting.jpg")
>>> judged.contrast, judged.straight, judged.flat
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from artkeras import data
from artkeras.synthetic.paint import LMS_TO_LAB, RGB_TO_LMS
from data_tools.pictures import PIXELS, NotAPicture

SIDE = 96  # pixels a side of the square on which plainness is measured, as the study squeezes its paintings
LONG = 256  # pixels of the longer side of the copy on which margins are looked for
VISIBLE = 0.02  # neighbours nearer than this look alike
SAME = 0.06  # pixels of a margin differ less than this from its colour: paper has a grain, and JPEG adds some
NEUTRAL = 0.04  # chroma below which a colour counts as white, grey or black
ALONE = 32  # so many pictures are measured before a second process has started
RINGS = 3  # frames within frames that are looked through
EDGE = 0.8  # share of each inner side of a margin that must stand out, or it is the painting's own ground

Box = tuple[int, int, int, int]  # left, top, right, bottom

# sRGB bytes to linear light: a table, since powers of a million pixels are slow
_LINEAR = np.array(
    [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in np.arange(256) / 255], np.float32
)


@dataclass(frozen=True)
class Judged:
    """The measures of one picture.

    Attributes:
        width, height: pixels, upright.
        pixels: a hash of the decoded pixels; equal for files that show exactly the same.
        phash: a 256-bit perceptual hash, hexadecimal (imagehash's phash of 16 x 16).
        colours: the mean colours of 8 x 8 parts as 192 bytes; not to be kept, for it is a picture, if a poor one.
        margin: share of the area that is one neutral margin around the picture (white paper, grey wall, black frame).
        box: (left, top, right, bottom) in pixels of what is inside that margin; the whole picture without one.
        installation: how much it looks like a photograph of a room, a neutral wall above a floor: 0 to 1.
        loss: share of the picture that a central square leaves out: 0 for a square, 0.5 at 2 : 1.
        contrast: root mean square distance of its colours from their mean, frames left out. 0 is one solid colour.
        straight: share of the variation of colour that whole rows and whole columns explain. 1 for level bands.
        flat: share of neighbouring pixels that look alike.
    """

    width: int
    height: int
    pixels: str
    phash: str
    colours: bytes = field(repr=False)
    margin: float
    box: Box = field(repr=False)
    installation: float
    loss: float
    contrast: float
    straight: float
    flat: float

    @property
    def plain(self) -> float:
        """How much it has of solid blocks and clear distinctions: straight x flat, from 0 to 1."""
        return self.straight * self.flat


def opened(path: Path) -> Image.Image:
    """A picture file as `train` sees it: upright, RGB, transparency on white.

    Raises:
        NotAPicture: it is none, or broken.
        OSError: it cannot be read at all.
    """
    with open(path, "rb") as file:
        if not file.read(1):
            raise NotAPicture("0 bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd metadata, and large pictures, which have a limit here
            with Image.open(path, formats=data.decoders()) as image:
                if image.width * image.height > PIXELS:
                    raise NotAPicture(f"{image.width} x {image.height} pixels, beyond what is safe to open")
                image.load()
                return data.to_rgb(data.upright(image))
    except NotAPicture:
        raise
    except Exception as error:  # Pillow has a dozen ways to say that a file is broken
        raise NotAPicture(data.reason(error)) from None


def judge(path: Path | str) -> Judged:
    """Measure one picture.

    Raises:
        NotAPicture: it is none, or broken.
    """
    return measure(opened(Path(path)))


def judge_all(paths: Sequence[Path]) -> list[Judged | str]:
    """Measure many pictures, on all cores: for each its measures, or the reason why there are none."""
    bar = tqdm(total=len(paths), desc="looking at pictures", unit="file", delay=2, leave=False, disable=None)
    workers = min(os.cpu_count() or 1, len(paths) // ALONE)
    found: list[Judged | str] = []
    with bar:
        if workers < 2:
            for path in paths:
                found.append(_judge(path))
                bar.update()
            return found
        # Fresh processes: a fork of one in which TensorFlow or a notebook runs threads may hang.
        pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
        try:
            for judged in pool.map(_judge, paths, chunksize=16):
                found.append(judged)
                bar.update()
        finally:
            pool.shutdown(cancel_futures=True)
    return found


def _judge(path: Path) -> Judged | str:
    try:
        return judge(path)
    except (NotAPicture, OSError) as error:
        return data.reason(error)


def measure(image: Image.Image) -> Judged:
    """Measure one RGB picture."""
    import imagehash  # here, for it brings scipy along, which `--help` need not wait for

    square = oklab(_resized(image, SIDE, SIDE))
    scale = min(1.0, LONG / max(image.size))
    small = oklab(_resized(image, max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    box = frame(small, neutral=True)
    inside = _enlarged(box, small.shape[1::-1], image.size)
    left, top, right, bottom = inside
    straight, flat = plainness(square)
    return Judged(
        width=image.width,
        height=image.height,
        pixels=hashlib.blake2b(str(image.size).encode() + image.tobytes(), digest_size=16).hexdigest(),
        phash=str(imagehash.phash(image, hash_size=16)),
        colours=image.resize((8, 8), Image.Resampling.BOX).tobytes(),
        margin=round(1 - (right - left) * (bottom - top) / (image.width * image.height), 4),
        box=inside,
        installation=round(installation(square), 4),
        loss=round(1 - min(image.size) / max(image.size), 4),
        contrast=round(contrast(small), 4),
        straight=round(straight, 4),
        flat=round(flat, 4),
    )


def oklab(image: Image.Image) -> np.ndarray:
    """Lightness, a, b of an RGB picture: (height, width, 3) float32. Björn Ottosson, 2020."""
    linear = _LINEAR[np.asarray(image)]
    return np.cbrt(linear @ RGB_TO_LMS.T.astype(np.float32)) @ LMS_TO_LAB.T.astype(np.float32)


def plainness(lab: np.ndarray) -> tuple[float, float]:
    """(straight, flat) of (n, n, 3) Oklab, each from 0 to 1; see `Judged`. One solid colour is (0, 1)."""
    columns, rows = lab.mean(axis=0), lab.mean(axis=1)
    whole = lab.reshape(-1, 3).var(axis=0).sum()
    # the least variation that counts is what cannot be seen
    straight = (columns.var(axis=0).sum() + rows.var(axis=0).sum()) / (whole + (VISIBLE / 4) ** 2)
    across, down = (np.linalg.norm(np.diff(lab, axis=axis), axis=2) for axis in (1, 0))
    return min(1.0, float(straight)), float(((across < VISIBLE).mean() + (down < VISIBLE).mean()) / 2)


def contrast(lab: np.ndarray) -> float:
    """Root mean square distance from the mean colour, inside up to `RINGS` frames of any colour."""
    for _ in range(RINGS):
        left, top, right, bottom = frame(lab)
        inner = lab[top:bottom, left:right]
        if inner.shape == lab.shape or inner.shape[0] * inner.shape[1] < 64:
            break
        lab = inner
    return float(np.sqrt(lab.reshape(-1, 3).var(axis=0).sum()))


def frame(lab: np.ndarray, neutral: bool = False) -> Box:
    """What is inside the even margin around a picture, as (left, top, right, bottom); all of it without one.

    A margin has one colour (with `neutral`: white, grey or black), lies on all four sides, and what is inside begins
    along straight lines: the ground on which a painter left shapes floating is none.
    """
    height, width = lab.shape[:2]
    nothing = (0, 0, width, height)
    if min(height, width) < 16:
        return nothing
    ring = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    colour = np.median(ring, axis=0)
    if neutral and np.hypot(colour[1], colour[2]) > NEUTRAL:
        return nothing
    same = np.linalg.norm(lab - colour, axis=2) < SAME
    rows, columns = same.mean(axis=1) >= 0.97, same.mean(axis=0) >= 0.97  # a pencilled signature may lie in it
    if rows.all() or columns.all() or not (rows[0] and rows[-1] and columns[0] and columns[-1]):
        return nothing
    top, bottom = int(np.argmin(rows)), height - int(np.argmin(rows[::-1]))
    left, right = int(np.argmin(columns)), width - int(np.argmin(columns[::-1]))
    inside = ~same[top:bottom, left:right]
    near = 3  # pixels: edges are soft, and pictures hang a little askew
    sides = (inside[:near].any(axis=0), inside[-near:].any(axis=0), inside[:, :near].any(1), inside[:, -near:].any(1))
    return (left, top, right, bottom) if min(side.mean() for side in sides) >= EDGE else nothing


def installation(lab: np.ndarray) -> float:
    """How much (n, n, 3) Oklab looks like a photograph of a room, 0 to 1: the weakest of what a room needs.

    At both sides an even, neutral, light wall, of about one colour, comes down to a line in the lower half; below it
    lies a floor that is lighter or darker, even over the whole width, and unlike what is at the top (or it is a frame).
    """
    n = len(lab)
    edge = n // 16
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    sides = [_side(lab[:, part].mean(axis=1), chroma[:, part].mean(axis=1)) for part in (slice(edge), slice(-edge, n))]
    floor = lab[-2:].mean(axis=0)
    tops = [lab[:2, :edge].mean(axis=(0, 1)), lab[:2, -edge:].mean(axis=(0, 1))]
    unlike = max(np.linalg.norm(floor.mean(axis=0) - top) for top in tops)
    apart = float(np.linalg.norm(sides[0][1] - sides[1][1]))
    uneven = float(floor[:, 0].std())
    needs: list[Any] = [sides[0][0], sides[1][0], unlike / 0.1, (0.2 - apart) / 0.1, (0.15 - uneven) / 0.1]
    return float(np.clip(min(needs), 0, 1))


def _side(column: np.ndarray, chroma: np.ndarray) -> tuple[float, np.ndarray]:
    """Of (n, 3) Oklab down one side: (how much it is a wall above a floor, the colour of the wall)."""
    n = len(column)
    tall, best = n // 4, (0.0, column[n // 2])
    for line in range(n // 2, n - n // 32):
        above, below = column[line - tall : line - 2], column[line + 1 :]  # the line itself is soft
        wall = above.mean(axis=0)
        step = abs(float(wall[0] - below[:, 0].mean())) / 0.15
        light = (wall[0] - 0.45) / 0.15
        neutral = (2 * NEUTRAL - chroma[line - tall : line - 2].max()) / NEUTRAL
        even = (0.1 - np.abs(np.diff(above[:, 0])).max()) / 0.05
        value = min(step, light, neutral, even, (0.2 - below[:, 0].std()) / 0.1)
        best = max(best, (value, wall), key=lambda pair: pair[0])
    return best


def _resized(image: Image.Image, width: int, height: int) -> Image.Image:
    return image.resize((width, height), Image.Resampling.BICUBIC)


def _enlarged(box: Box, small: tuple[int, int], full: tuple[int, int]) -> Box:
    """A box of a small copy as one of the picture, rounded inwards, so that no line of the margin stays."""
    left, top, right, bottom = box
    if (left, top, right, bottom) == (0, 0, *small):
        return (0, 0, *full)
    across, down = full[0] / small[0], full[1] / small[1]
    inner = (
        int(np.ceil((left + 0.5) * across)),
        int(np.ceil((top + 0.5) * down)),
        int((right - 0.5) * across),
        int((bottom - 0.5) * down),
    )
    return inner if inner[2] - inner[0] >= 8 and inner[3] - inner[1] >= 8 else (0, 0, *full)
