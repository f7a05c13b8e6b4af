"""What all invented pictures are made with: palettes, smooth noise, soft edges, opaque and thin paint, canvas.

A picture is a float32 array (n, n, 3) with RGB between about 0 and 1, a palette is a float32 array (colours, 3) whose
first row is the ground, and places on the canvas run from 0 (left, top) to 1 (right, bottom), so that a composition is
the same at every size.

Source: our own; palettes are shifted in the Oklab space of Björn Ottosson, "A perceptual color space for image
processing" (2020).
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageDraw

# Five colours each, in hexadecimal RGB: the ground first, then what is laid on it. Chosen by eye.
PALETTES = (
    # reds, oranges, maroons
    "8e1f1a c8341c e8742a f0b04a 5a1216",
    "c2452d e86a33 f29a3f 8a1c22 f4cf7a",
    "4a1018 7d1a20 a92c25 2a0c10 c9533a",
    "d8502f f5b82e f7e3b0 b32020 ef8a3c",
    "5b1a2a 1f1216 8c3040 a8553f d9a58a",
    "b5202b 101014 e9e2d0 f2c230 7a1420",
    "e25f26 f04e98 f7a8b8 c4161c fbe4c4",
    "a32035 2b4a9b e3b23c f0e6d2 d64a2a",
    "c8102e 0b2a6f f4c20d f5f1e6 111111",
    # yellows, golds, ochres
    "f2c12e f6dd6b e88f24 fbf3d4 c9541f",
    "f5d33a 1d1b19 f7f0dc d83a24 3f8a5a",
    "d99a2b 8a3b1c f3d78a 5a2a18 e8632a",
    "e9b949 3b5fa4 c94f2c f7ecd0 6f8fb8",
    "b8862f 2c2a26 7d5a24 e4cf9a 9a3a22",
    # blues, blue-blacks
    "16295c 0c1433 2f5fb3 6fa0d8 d9e4ea",
    "1f3f95 f4f1e8 e89a1f 0e0f16 3f7fd0",
    "0e1a3a 1d3f7a 4c2a5e 0a0c14 27607a",
    "2a52b0 e03c2c f4d13a f3efe4 12205a",
    "5d8ec4 e8c040 e4e9e4 27457f d96a3a",
    "24324f 48648c 8ba6b8 b9542f dcd3bd",
    "0f4c81 0f8fa8 8ad0c8 f0e4c0 e8613c",
    # blacks, browns, greys
    "17130f 2c1d1b 451f22 0b0a0c 5d3a33",
    "24201d e6dfcf 8f8a80 0d0c0c b83a26",
    "3a2a22 6b3a22 1c1714 a8562a 26404a",
    "6d6a66 2b2b2e c9c4b8 8c4a3a e0b060",
    "3d2233 6d2a4a 1c1420 a8485a 4a4a7a",
    # greens
    "1f4a38 2f7a52 86b04a 10241f e8dca0",
    "6f8a3a c9c04a 2f5a3a f0e6b8 d96a2c",
    "0f5f5a e87030 f2c84a 123a3a b9d8c0",
    "a8b89a 4f7a6a e8b8a0 2f4a4a f3ecd8",
    "1c6b3f d8202c f3c61e f5efe0 1a3f8f",
    # violets, pinks, magentas
    "4a2a6a 7a4aa0 c06ab0 1f1538 f0a860",
    "d94f8f f0e0e0 e8402a 6a2a6a f4b83a",
    "e8a0a8 c8505a f6dcd0 7a6aa8 f0c06a",
    "8f5a9a 3f6ab0 e8c8d8 5a2050 f08a4a",
    # pale and bare
    "f3efe6 c8342a 1f4a9a f0be2a 1a1a1a",
    "efe6d2 2a2624 b8482a 5f7a8a d9a840",
    "ece2c8 e0a03a 5a8a5a c84a30 3a5aa0",
    "f5f2ec b9cad8 e8d0c8 d8dcb0 a8a0b8",
    "e6d8bc 7a2a2a 2a3f5a c9a05a 4a5a3a",
    "f4f0e4 e8452c f2a01e 2f8a5a 3a4fb0",
    "dfe3e0 151515 d8c43a 4a80a8 c03a2a",
)

# Cotton duck and primed linen, where the paint leaves them bare.
BARE_CANVAS = ((0.95, 0.93, 0.88), (0.91, 0.87, 0.78), (0.86, 0.80, 0.69), (0.97, 0.96, 0.94))

# Linear RGB to cone responses, and their cube roots to Oklab (Ottosson, 2020).
RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


# --- colours ------------------------------------------------------------------------------------------------


def to_oklab(rgb: np.ndarray) -> np.ndarray:
    """Oklab lightness, a, b of sRGB colours (k, 3) between 0 and 1."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ RGB_TO_LMS.T) @ LMS_TO_LAB.T


def from_oklab(lab: np.ndarray) -> np.ndarray:
    """The inverse of `to_oklab`, clipped to the colours a screen has."""
    linear = (lab @ np.linalg.inv(LMS_TO_LAB).T) ** 3 @ np.linalg.inv(RGB_TO_LMS).T
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def palette(rng: np.random.Generator) -> np.ndarray:
    """One palette (5, 3) of the table, turned in hue, chroma and lightness, then a little in each colour."""
    row = PALETTES[rng.integers(len(PALETTES))]
    lab = to_oklab(np.array([list(bytes.fromhex(colour)) for colour in row.split()]) / 255)
    turn = rng.normal(0, 0.18)
    lab[:, 1:] = lab[:, 1:] @ [[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]
    lab[:, 1:] *= rng.uniform(0.8, 1.2)
    lab[:, 0] += rng.normal(0, 0.025)
    lab += rng.normal(0, 0.012, lab.shape)
    # Two times in three the ground is the one the table gives, else any of the colours.
    ground = 0 if rng.random() < 0.67 else int(rng.integers(len(lab)))
    others = rng.permutation(np.delete(np.arange(len(lab)), ground))
    return from_oklab(lab[[ground, *others]]).astype(np.float32)


def sequence(rng: np.random.Generator, colours: int, count: int | np.integer) -> np.ndarray:
    """`count` indices below `colours`, no two neighbours alike."""
    return np.cumsum(rng.integers(1, colours, count)) % colours


def bare(rng: np.random.Generator) -> np.ndarray:
    """The colour (3,) of an unpainted canvas."""
    return np.array(BARE_CANVAS[rng.integers(len(BARE_CANVAS))], np.float32)


# --- paint --------------------------------------------------------------------------------------------------


def grid(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Height y (n, 1) and width x (1, n) of every place on the canvas, between 0 and 1."""
    places = (np.arange(n, dtype=np.float32) + 0.5) / n
    return places[:, None], places[None, :]


def noise(rng: np.random.Generator, n: int, rows: int, columns: int) -> np.ndarray:
    """Smooth noise (n, n) around 0, about 1 at most, with `rows` by `columns` bumps whatever the size."""
    bumps = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    return np.asarray(Image.fromarray(bumps).resize((n, n), Image.Resampling.BICUBIC))


def edge(distance: np.ndarray, feather: float) -> np.ndarray:
    """Coverage 0..1 of a shape, from the distance inside its edge and the width of the feathering."""
    return np.clip(distance / feather + 0.5, 0, 1)


def over(picture: np.ndarray, colour: np.ndarray, cover: np.ndarray) -> None:
    """Lay opaque paint over the picture, in place, where `cover` (n, n) is 1."""
    cover = np.clip(cover, 0, 1)
    for c in range(3):  # several times faster than broadcasting over a last axis of 3
        picture[..., c] += (colour[..., c] - picture[..., c]) * cover


def soak(picture: np.ndarray, colour: np.ndarray, cover: np.ndarray) -> None:
    """Let thin paint sink into the picture, in place: like a filter, it can only darken what is below it."""
    cover = np.clip(cover, 0, 1)
    for c in range(3):
        picture[..., c] *= 1 - cover * (1 - colour[..., c])


@contextmanager
def drawing(picture: np.ndarray) -> Iterator[ImageDraw.ImageDraw]:
    """Draw on the picture, in place, with Pillow's pen: colours from `ink`, places times n."""
    image = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    yield ImageDraw.Draw(image, "RGBA")
    picture[...] = np.asarray(image, np.float32) / 255


def ink(colour: np.ndarray, opacity: float = 1.0) -> tuple[int, ...]:
    """A colour (3,) as Pillow's pen takes it, with how much it covers what is below."""
    return tuple((255 * np.clip([*colour, opacity], 0, 1)).astype(int).tolist())


def curve(points: np.ndarray | list, steps: int = 24) -> np.ndarray:
    """A smooth path (steps, 2) of places x, y along a few points (k, 2)."""
    points = np.asarray(points, np.float32)
    # Bicubic enlargement of the column of points: a Catmull-Rom spline, its ends a little beyond the first and last.
    return np.asarray(Image.fromarray(points).resize((2, steps), Image.Resampling.BICUBIC))


def line(pen: ImageDraw.ImageDraw, n: int, path: np.ndarray, colour: tuple[int, ...], width: float) -> None:
    """Draw a path (k, 2) of places with a pen of this width; where no pixel is as thin, with thinner paint."""
    drawn = max(1, round(width * n))
    opacity = round(colour[3] * min(1, width * n / drawn))
    pen.line((n * path).ravel().tolist(), fill=(*colour[:3], opacity), width=drawn)


def brush(
    rng: np.random.Generator, pen: ImageDraw.ImageDraw, n: int, path: np.ndarray, colour: np.ndarray, width: float,
    *, bristles: int = 10, dry: float = 0.15,
) -> None:  # fmt: skip
    """One stroke of a brush along a path (k, 2): each bristle has a tint of its own, and some run out of paint.

    Args:
        dry: share of the stroke that a bristle leaves unpainted at its end, on average.
    """
    along = np.gradient(path, axis=0)
    aside = np.stack([-along[:, 1], along[:, 0]], 1) / (np.hypot(along[:, 0], along[:, 1])[:, None] + 1e-6)
    ends = len(path) * (1 - np.minimum(rng.exponential(dry + 1e-6, bristles), 0.8))
    tints = colour * (1 + rng.normal(0, 0.09, (bristles, 1)))
    for place, end, tint in zip(np.linspace(-0.5, 0.5, bristles), ends.astype(int).tolist(), tints):
        bristle = path[: max(end, 2)] + place * width * aside[: max(end, 2)]
        line(pen, n, bristle, ink(tint, 0.95), 1.7 * width / bristles)


def ground(rng: np.random.Generator, n: int, colour: np.ndarray, unevenness: float = 0.06) -> np.ndarray:
    """A canvas (n, n, 3) covered with one colour, thinner here and there."""
    cloud = noise(rng, n, 4, 4) + 0.6 * noise(rng, n, 24, 9)
    return colour * (1 + unevenness * cloud[..., None])


def bare_margin(rng: np.random.Generator, picture: np.ndarray) -> None:
    """Leave the canvas bare around the picture, in place, with a hand-drawn edge."""
    n = len(picture)
    y, x = grid(n)
    inside = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) - rng.uniform(0.03, 0.1)
    inside = inside + rng.uniform(0, 0.005) * (noise(rng, n, 40, 40) + noise(rng, n, 7, 7))
    over(picture, bare(rng), edge(-inside, 0.01))


def weave(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """The picture on its canvas: 128 threads each way, and light falling a little unevenly."""
    n = len(picture)
    thread = np.arange(n) * 128 // n
    warp, weft = rng.uniform(-1, 1, (2, 128)).astype(np.float32)
    knots = rng.uniform(-1, 1, (128, 128)).astype(np.float32)
    grain = 0.4 * (warp[thread][None, :] + weft[thread][:, None]) + knots[thread[:, None], thread]
    grain = rng.uniform(0.01, 0.035) * grain + 0.02 * noise(rng, n, 3, 3)
    # Partly added, partly multiplied, so that black paint has a surface too.
    return np.clip(picture + grain[..., None] * (0.3 + 0.7 * picture), 0, 1)


# --- a collection -------------------------------------------------------------------------------------------


def collection(count: int, size: int, seed: int, draw: Callable[[int, int], np.ndarray]) -> np.ndarray:
    """Draw pictures one after another, large, and shrink them: that is the antialiasing.

    Args:
        count: how many pictures, 0 or more.
        size: height and width in pixels, 8 or more.
        seed: checked only; 0 or more.
        draw: called with the index of a picture and the size n to draw it at; gives (n, n, 3) between 0 and 1.

    Returns:
        (count, size, size, 3) uint8.

    Raises:
        ValueError: if `count` or `seed` is negative, or `size` is below 8.
    """
    if count < 0:
        raise ValueError(f"count must be 0 or more, got {count}")
    if size < 8:
        raise ValueError(f"size must be 8 or more, got {size}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    pictures = np.empty((count, size, size, 3), np.uint8)
    for index in range(count):
        large = Image.fromarray((draw(index, max(4 * size, 128)) * 255).round().astype(np.uint8))
        pictures[index] = np.asarray(large.resize((size, size), Image.Resampling.BOX))
    return pictures
