"""Invented colour-field paintings, for when the real pictures are not at hand.

The study "colour-field paintings" learns from photographs of works by Rothko, Newman, Louis, Davis, Noland,
Frankenthaler, Stella and others. Those pictures are not ours to hand out, so this module paints a stand-in
with numpy and pillow alone: five kinds of painting, a table of palettes, a little unevenness of the paint,
and the weave of the canvas. The same seed always paints the same pictures (numpy may change its random
numbers from one release to another, though it seldom does).

>>> pictures = colour_field(100, size=64, seed=0)      # (100, 64, 64, 3) uint8
>>> kind_of(0, seed=0)                                 # the kind of the first of them
'bands'

Inside the module a picture is a float32 array (n, n, 3) with RGB between about 0 and 1, a palette is a
float32 array (colours, 3) whose first row is the ground, and places on the canvas run from 0 (left, top) to
1 (right, bottom), so the composition is the same at every size.

Source: the compositions are our own, made after the painters named at each function. Palettes are shifted in
the Oklab space of Björn Ottosson, "A perceptual color space for image processing" (2020).
"""

import math

import numpy as np
from PIL import Image

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
_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


# --- colours ------------------------------------------------------------------------------------------------


def _to_oklab(rgb: np.ndarray) -> np.ndarray:
    """Oklab lightness, a, b of sRGB colours (k, 3) between 0 and 1."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _RGB_TO_LMS.T) @ _LMS_TO_LAB.T


def _from_oklab(lab: np.ndarray) -> np.ndarray:
    """The inverse of `_to_oklab`, clipped to the colours a screen has."""
    linear = (lab @ np.linalg.inv(_LMS_TO_LAB).T) ** 3 @ np.linalg.inv(_RGB_TO_LMS).T
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def _palette(rng: np.random.Generator) -> np.ndarray:
    """One palette (5, 3) of the table, turned in hue, chroma and lightness, then a little in each colour."""
    row = PALETTES[rng.integers(len(PALETTES))]
    lab = _to_oklab(np.array([list(bytes.fromhex(colour)) for colour in row.split()]) / 255)
    turn = rng.normal(0, 0.18)
    lab[:, 1:] = lab[:, 1:] @ [[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]
    lab[:, 1:] *= rng.uniform(0.8, 1.2)
    lab[:, 0] += rng.normal(0, 0.025)
    lab += rng.normal(0, 0.012, lab.shape)
    # Two times in three the ground is the one the table gives, else any of the colours.
    ground = 0 if rng.random() < 0.67 else int(rng.integers(len(lab)))
    others = rng.permutation(np.delete(np.arange(len(lab)), ground))
    return _from_oklab(lab[[ground, *others]]).astype(np.float32)


def _sequence(rng: np.random.Generator, colours: int, count: int) -> np.ndarray:
    """`count` indices below `colours`, no two neighbours alike."""
    return np.cumsum(rng.integers(1, colours, count)) % colours


def _bare(rng: np.random.Generator) -> np.ndarray:
    """The colour (3,) of an unpainted canvas."""
    return np.array(BARE_CANVAS[rng.integers(len(BARE_CANVAS))], np.float32)


# --- paint --------------------------------------------------------------------------------------------------


def _grid(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Height y (n, 1) and width x (1, n) of every place on the canvas, between 0 and 1."""
    places = (np.arange(n, dtype=np.float32) + 0.5) / n
    return places[:, None], places[None, :]


def _noise(rng: np.random.Generator, n: int, rows: int, columns: int) -> np.ndarray:
    """Smooth noise (n, n) around 0, about 1 at most, with `rows` by `columns` bumps whatever the size."""
    bumps = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    return np.asarray(Image.fromarray(bumps).resize((n, n), Image.Resampling.BICUBIC))


def _edge(distance: np.ndarray, feather: float) -> np.ndarray:
    """Coverage 0..1 of a shape, from the distance inside its edge and the width of the feathering."""
    return np.clip(distance / feather + 0.5, 0, 1)


def _over(picture: np.ndarray, colour: np.ndarray, cover: np.ndarray) -> None:
    """Lay opaque paint over the picture, in place, where `cover` (n, n) is 1."""
    cover = np.clip(cover, 0, 1)
    for c in range(3):  # several times faster than broadcasting over a last axis of 3
        picture[..., c] += (colour[..., c] - picture[..., c]) * cover


def _soak(picture: np.ndarray, colour: np.ndarray, cover: np.ndarray) -> None:
    """Let thin paint sink into the picture, in place: like a filter, it can only darken what is below it."""
    cover = np.clip(cover, 0, 1)
    for c in range(3):
        picture[..., c] *= 1 - cover * (1 - colour[..., c])


def _ground(rng: np.random.Generator, n: int, colour: np.ndarray, unevenness: float = 0.06) -> np.ndarray:
    """A canvas (n, n, 3) covered with one colour, thinner here and there."""
    cloud = _noise(rng, n, 4, 4) + 0.6 * _noise(rng, n, 24, 9)
    return colour * (1 + unevenness * cloud[..., None])


def _bare_margin(rng: np.random.Generator, picture: np.ndarray) -> None:
    """Leave the canvas bare around the picture, in place, with a hand-drawn edge."""
    n = len(picture)
    y, x = _grid(n)
    inside = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) - rng.uniform(0.03, 0.1)
    inside = inside + rng.uniform(0, 0.005) * (_noise(rng, n, 40, 40) + _noise(rng, n, 7, 7))
    _over(picture, _bare(rng), _edge(-inside, 0.01))


def _weave(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """The picture on its canvas: 128 threads each way, and light falling a little unevenly."""
    n = len(picture)
    thread = np.arange(n) * 128 // n
    warp, weft = rng.uniform(-1, 1, (2, 128)).astype(np.float32)
    knots = rng.uniform(-1, 1, (128, 128)).astype(np.float32)
    grain = 0.4 * (warp[thread][None, :] + weft[thread][:, None]) + knots[thread[:, None], thread]
    grain = rng.uniform(0.01, 0.035) * grain + 0.02 * _noise(rng, n, 3, 3)
    # Partly added, partly multiplied, so that black paint has a surface too.
    return np.clip(picture + grain[..., None] * (0.3 + 0.7 * picture), 0, 1)


# --- the kinds of painting: each takes (rng, n, palette) and returns (n, n, 3) between about 0 and 1 --------


def rectangles(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Two to four soft-edged rectangles floating one above another on a near ground, after Rothko."""
    y, x = _grid(n)
    count = rng.integers(2, 5)
    # The ground leans towards one of the blocks: they should glow out of it, not be cut out of it.
    ground = palette[0] + (palette[1] - palette[0]) * rng.uniform(0, 0.5)
    picture = _ground(rng, n, ground, 0.1)
    margin, gap, feather = rng.uniform(0.04, 0.11), rng.uniform(0.015, 0.05), rng.uniform(0.015, 0.06)
    heights = rng.uniform(0.2, 1.3, count)
    heights *= (1 - 2 * margin - (count - 1) * gap) / heights.sum()
    top = margin
    for height, colour in zip(heights.tolist(), palette[1 + _sequence(rng, len(palette) - 1, count)]):
        left, right = margin + rng.normal(0, 0.012), margin + rng.normal(0, 0.012)
        inside = np.minimum(np.minimum(x - left, 1 - right - x), np.minimum(y - top, top + height - y))
        inside = inside + 0.012 * _noise(rng, n, 9, 9) + 0.3 * feather * _noise(rng, n, 40, 28)
        brush = 0.6 * _noise(rng, n, 40, 7) + _noise(rng, n, 5, 5)
        _over(picture, 0.5 + 0.5 * colour, rng.uniform(0, 0.25) * _edge(inside + feather, 2 * feather))
        _over(picture, colour, _edge(inside, feather) * (rng.uniform(0.75, 0.95) + 0.15 * brush))
        # A veil of the ground comes back through the middle of the block.
        _over(picture, ground, 0.2 * brush * _edge(inside - 0.04, 0.08))
        top += height + gap
    return picture


def zips(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """A wide flat field, sometimes divided, crossed by one or several thin upright zips, after Newman."""
    _, x = _grid(n)
    picture = _ground(rng, n, palette[0], 0.05)
    if rng.random() < 0.4:  # a second field beside the first
        _over(picture, palette[1], _edge(x - rng.uniform(0.25, 0.75) + np.zeros((n, 1)), 0.004))
    colours = np.concatenate([palette[2:], _bare(rng)[None]])
    for colour in colours[_sequence(rng, len(colours), rng.integers(1, 5))]:
        width = rng.uniform(0.12, 0.28) ** 2
        inside = width / 2 - np.abs(x - rng.uniform(0.04, 0.96))
        if rng.random() < 0.45:  # a brushed zip: the paint crept under the tape
            inside = inside + min(0.01, 0.4 * width) * (_noise(rng, n, 12, 20) + 0.6 * _noise(rng, n, 64, 40))
            _over(picture, colour, _edge(inside, 0.012) * (0.9 + 0.3 * _noise(rng, n, 8, 64)))
        else:
            _over(picture, colour, _edge(inside, 0.003) + np.zeros((n, 1)))
    return picture


def stripes(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Many stripes of one palette, mostly upright, after Davis; or a bundle on bare canvas, after Louis."""
    y, x = _grid(n)
    count = int(rng.integers(12, 44))
    order = _sequence(rng, len(palette), count)
    layout = rng.choice(["free", "alternating", "mirrored", "repeating", "bundle"])
    if layout == "alternating":
        order[::2], order[1::2] = 0, 1 + order[1::2] % (len(palette) - 1)
    elif layout == "mirrored":
        order = np.concatenate([order[: count // 2], order[: count // 2][::-1]])
    elif layout == "repeating":
        order = np.resize(order[: rng.integers(4, 9)], count)
    # Each stripe a tint of its own, or the picture would count five colours and no more.
    tints = palette[order] * rng.uniform(0.85, 1.1, (len(order), 1)) + rng.normal(0, 0.02, (len(order), 3))
    slope = rng.uniform(0.3, 1) if layout != "bundle" and rng.random() < 0.2 else 0
    across = (x + slope * y) / (1 + slope) + 0.0012 * _noise(rng, n, 6, 30)
    streaks = 1 + 0.05 * _noise(rng, n, 5, 60)[..., None]
    if layout != "bundle":
        place = np.clip(across * len(order), 0, len(order) - 1).astype(int)
        picture = tints[place].astype(np.float32) * streaks
        return picture[:, ::-1].copy() if rng.random() < 0.5 else picture
    picture = _ground(rng, n, _bare(rng), 0.02)
    left, width = rng.uniform(0.1, 0.35), rng.uniform(0.3, 0.6)
    place = (across - left) / width * len(order)
    top = rng.uniform(0.03, 0.15) + 0.03 * _noise(rng, n, 1, 12)
    bottom = 1 - rng.uniform(0, 0.1)
    sides = np.minimum(across - left, left + width - across)
    inside = np.minimum(sides, np.minimum(y - top, bottom - y))
    _over(picture, tints[np.clip(place, 0, len(order) - 1).astype(int)] * streaks, _edge(inside, 0.008))
    return picture.astype(np.float32)


def stains(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Thin paint poured on raw canvas: veils and unfurled rivulets after Louis, pools after Frankenthaler."""
    pour = (_veil, _unfurled, _pools, _floral, _shore)[rng.integers(5)]
    picture = _ground(rng, n, _bare(rng), 0.03)
    pour(rng, picture, palette)
    return picture


def _pour(rng: np.random.Generator, picture: np.ndarray, colour: np.ndarray, inside: np.ndarray) -> None:
    """Soak the picture where `inside` (n, n) is positive; the paint gathers along the edge of the pool."""
    rim = np.exp(-((inside / 0.015) ** 2)) * (inside > 0)
    depth = rng.uniform(0.7, 0.95) + 0.25 * _noise(rng, len(picture), 5, 5) + 0.15 * rim
    lay = _over if rng.random() < 0.3 else _soak
    lay(picture, 0.1 + 0.9 * colour, _edge(inside, rng.uniform(0.01, 0.04)) * depth)


def _veil(rng: np.random.Generator, picture: np.ndarray, palette: np.ndarray) -> None:
    """Washes sliding down the canvas one over another, nearly covering each other."""
    n = len(picture)
    y, x = _grid(n)
    foot, spread = rng.uniform(0.2, 0.3), rng.uniform(0.1, 0.22)
    if rng.random() < 0.4:
        foot, spread = foot + spread, -spread
    for colour in palette[_sequence(rng, len(palette), rng.integers(4, 7))]:
        streaks = _noise(rng, n, 2, 28)
        half = foot + spread * (1 - y) ** 1.5 + rng.normal(0, 0.05)
        side = half - np.abs(x - rng.normal(0.5, 0.06)) + 0.02 * _noise(rng, n, 6, 3)
        inside = np.minimum(side, y - rng.uniform(0.03, 0.18) + 0.06 * _noise(rng, n, 1, 9))
        inside = np.minimum(inside, rng.uniform(0.93, 1.1) - y)
        cover = _edge(inside, 0.025) * (0.5 + 0.3 * streaks + 0.15 * _noise(rng, n, 4, 4))
        _soak(picture, 0.2 + 0.8 * colour, cover)


def _unfurled(rng: np.random.Generator, picture: np.ndarray, palette: np.ndarray) -> None:
    """Rivulets running down from both sides, the middle of the canvas left open."""
    n = len(picture)
    y, x = _grid(n)
    slope, count = rng.uniform(1.6, 2.8), int(rng.integers(3, 7))
    pitch = (0.42 * slope - 0.1) / count  # the last rivulet reaches the foot just before the middle
    for bank in (x, 1 - x):
        down = y - slope * bank + 0.04 * _noise(rng, n, 5, 5)
        for k, colour in enumerate(palette[_sequence(rng, len(palette), count)]):
            middle = 0.9 - pitch * (k + rng.uniform(0, 0.3))
            _over(picture, colour, _edge(rng.uniform(0.28, 0.42) * pitch - np.abs(down - middle), 0.02))


def _pools(rng: np.random.Generator, picture: np.ndarray, palette: np.ndarray) -> None:
    """A few wide pools wherever they fell, at times on a wash over the whole canvas."""
    n = len(picture)
    y, x = _grid(n)
    if rng.random() < 0.4:
        _soak(picture, palette[rng.integers(len(palette))], 0.7 + 0.3 * _noise(rng, n, 5, 5))
    for colour in palette[_sequence(rng, len(palette), rng.integers(3, 7))]:
        across, down = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9)
        wide, tall = rng.uniform(0.15, 0.45), rng.uniform(0.15, 0.45)
        inside = (1 - np.hypot((x - across) / wide, (y - down) / tall)) * min(wide, tall)
        _pour(rng, picture, colour, inside + 0.14 * _noise(rng, n, 5, 5) + 0.02 * _noise(rng, n, 20, 20))


def _floral(rng: np.random.Generator, picture: np.ndarray, palette: np.ndarray) -> None:
    """Petals of paint around a middle, where they darken each other."""
    n = len(picture)
    y, x = _grid(n)
    start, count = rng.uniform(0, 2 * math.pi), int(rng.integers(5, 9))
    right, down = x - rng.normal(0.5, 0.05), y - rng.normal(0.5, 0.05)
    for k, colour in enumerate(palette[_sequence(rng, len(palette), count)]):
        angle = start + 2 * math.pi * (k + rng.uniform(-0.2, 0.2)) / count
        along = right * math.cos(angle) + down * math.sin(angle)
        aside = down * math.cos(angle) - right * math.sin(angle)
        long, wide = rng.uniform(0.18, 0.3), rng.uniform(0.09, 0.18)
        inside = (1 - np.hypot((along - 0.8 * long) / long, aside / wide)) * wide
        _pour(rng, picture, colour, inside + 0.05 * _noise(rng, n, 7, 7))


def _shore(rng: np.random.Generator, picture: np.ndarray, palette: np.ndarray) -> None:
    """Washes lying across the canvas like sky, hills and water."""
    n = len(picture)
    y, _ = _grid(n)
    levels = np.sort(rng.uniform(0.05, 0.95, rng.integers(3, 6)))
    for level, colour in zip(levels.tolist(), palette[_sequence(rng, len(palette), len(levels))]):
        half = rng.uniform(0.06, 0.2)
        inside = half - np.abs(y - level + 0.12 * _noise(rng, n, 2, 5)) + 0.04 * _noise(rng, n, 12, 6)
        _pour(rng, picture, colour, inside)


def bands(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Broad bands: level, in rings, in squares or in chevrons, after Noland and Stella."""
    y, x = _grid(n)
    shape = rng.choice(["level", "rings", "squares", "chevrons"])
    reach, middle = rng.uniform(0.36, 0.49), 0.5
    # In every shape the bands are the level lines of one distance: only the distance changes.
    if shape == "level":
        distance, reach = y + 0 * x, 1.02 if rng.random() < 0.5 else rng.uniform(0.55, 0.9)
    elif shape == "rings":
        distance = np.hypot(x - middle, y - middle)
    elif shape == "squares":
        distance, reach = np.maximum(np.abs(x - middle), np.abs(y - middle)), reach + 0.04
    else:
        distance, reach = y + rng.uniform(0.6, 1.4) * np.abs(x - middle), rng.uniform(0.7, 1.2)
        distance = distance if rng.random() < 0.5 else distance[::-1]
    distance = distance + rng.uniform(0, 0.006) * _noise(rng, n, 24, 24)
    count = int(rng.integers(3, 9))
    widths = rng.uniform(0.4, 1.6, count) if rng.random() < 0.6 else np.ones(count)
    edges = (reach * np.cumsum(widths) / widths.sum()).astype(np.float32)
    ground = _bare(rng) if rng.random() < 0.4 else palette[0]
    colours = np.concatenate([palette[1 + _sequence(rng, len(palette) - 1, count)], ground[None]])
    band = np.searchsorted(edges, distance)
    picture = colours[band] * (1 + 0.05 * (_noise(rng, n, 4, 4) + _noise(rng, n, 30, 8)))[..., None]
    if rng.random() < 0.4:  # a line of bare canvas between bands, as Stella left it
        apart = np.abs(distance[..., None] - edges).min(axis=-1)
        _over(picture, _bare(rng), _edge(0.006 - apart, 0.004))
    return picture


_PAINTERS = {"rectangles": rectangles, "zips": zips, "stripes": stripes, "stains": stains, "bands": bands}
KINDS = tuple(_PAINTERS)
CURATED_KINDS = ("rectangles", "zips", "bands")


# --- the collection -----------------------------------------------------------------------------------------


def kind_of(index: int, seed: int = 0, *, curated: bool = False) -> str:
    """The kind, one of `KINDS`, of picture `index` of `colour_field(..., seed=seed, curated=curated)`.

    Raises ValueError if `index` or `seed` is negative.
    """
    if index < 0 or seed < 0:
        raise ValueError(f"index and seed must not be negative, got index {index} and seed {seed}")
    kinds = CURATED_KINDS if curated else KINDS
    return kinds[np.random.default_rng([seed, index, 0]).integers(len(kinds))]


def colour_field(count: int, size: int = 64, seed: int = 0, *, curated: bool = False) -> np.ndarray:
    """Paint `count` invented colour-field paintings.

    Picture i depends on `seed`, i, `size` and `curated` alone, so asking for more pictures keeps the first
    ones; asking for another size keeps the compositions.

    Args:
        count: how many pictures, 0 or more.
        size: height and width in pixels, 8 or more (made for 8 to 512).
        seed: 0 or more.
        curated: only the kinds with solid blocks and clear distinctions, `CURATED_KINDS`: the stand-in for
            the hand-picked set of the study's model 4.

    Returns:
        (count, size, size, 3) uint8, RGB from 0 to 255.

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
    n = max(4 * size, 128)  # drawn large and shrunk: that is the antialiasing
    for index in range(count):
        paint = _PAINTERS[kind_of(index, seed, curated=curated)]
        rng = np.random.default_rng([seed, index, 1])
        picture = paint(rng, n, _palette(rng))
        if rng.random() < 0.12:
            _bare_margin(rng, picture)
        large = Image.fromarray((_weave(rng, picture) * 255).round().astype(np.uint8))
        pictures[index] = np.asarray(large.resize((size, size), Image.Resampling.BOX))
    return pictures
