"""Invented colour-field paintings, for when the real pictures of study 1 are not at hand.

The study learns from photographs of works by Rothko, Newman, Louis, Davis, Noland, Frankenthaler, Stella and others.
Those pictures are not ours to hand out, so this module paints placeholders: five kinds of painting, a few palettes,
a little unevenness of the paint, and the weave of the canvas. The same seed always paints the same pictures (numpy may
change its random numbers from one release to another, though it seldom does).

>>> pictures = colour_field(100, size=64, seed=0)      # (100, 64, 64, 3) uint8
>>> kind_of(0, seed=0)                                 # the kind of the first of them
'bands'

Source: the compositions are our own, made after the painters named at each function.
"""

import math

import numpy as np

from artkeras.synthetic import paint

# --- the kinds of painting: each takes (rng, n, palette) and returns (n, n, 3) between about 0 and 1 --------


def rectangles(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Two to four soft-edged rectangles floating one above another on a near ground, after Rothko."""
    y, x = paint.grid(n)
    count = rng.integers(2, 5)
    # The ground leans towards one of the blocks: they should glow out of it, not be cut out of it.
    ground = palette[0] + (palette[1] - palette[0]) * rng.uniform(0, 0.5)
    picture = paint.ground(rng, n, ground, 0.1)
    margin, gap, feather = rng.uniform(0.04, 0.11), rng.uniform(0.015, 0.05), rng.uniform(0.015, 0.06)
    heights = rng.uniform(0.2, 1.3, count)
    heights *= (1 - 2 * margin - (count - 1) * gap) / heights.sum()
    top = margin
    for height, colour in zip(heights.tolist(), palette[1 + paint.sequence(rng, len(palette) - 1, count)]):
        left, right = margin + rng.normal(0, 0.012), margin + rng.normal(0, 0.012)
        inside = np.minimum(np.minimum(x - left, 1 - right - x), np.minimum(y - top, top + height - y))
        inside = inside + 0.012 * paint.noise(rng, n, 9, 9) + 0.3 * feather * paint.noise(rng, n, 40, 28)
        brush = 0.6 * paint.noise(rng, n, 40, 7) + paint.noise(rng, n, 5, 5)
        paint.over(picture, 0.5 + 0.5 * colour, rng.uniform(0, 0.25) * paint.edge(inside + feather, 2 * feather))
        paint.over(picture, colour, paint.edge(inside, feather) * (rng.uniform(0.75, 0.95) + 0.15 * brush))
        # A veil of the ground comes back through the middle of the block.
        paint.over(picture, ground, 0.2 * brush * paint.edge(inside - 0.04, 0.08))
        top += height + gap
    return picture


def zips(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """A wide flat field, sometimes divided, crossed by one or several thin upright zips, after Newman."""
    _, x = paint.grid(n)
    picture = paint.ground(rng, n, palette[0], 0.05)
    if rng.random() < 0.4:  # a second field beside the first
        paint.over(picture, palette[1], paint.edge(x - rng.uniform(0.25, 0.75) + np.zeros((n, 1)), 0.004))
    colours = np.concatenate([palette[2:], paint.bare(rng)[None]])
    for colour in colours[paint.sequence(rng, len(colours), rng.integers(1, 5))]:
        width = rng.uniform(0.12, 0.28) ** 2
        inside = width / 2 - np.abs(x - rng.uniform(0.04, 0.96))
        if rng.random() < 0.45:  # a brushed zip: the paint crept under the tape
            inside = inside + min(0.01, 0.4 * width) * (paint.noise(rng, n, 12, 20) + 0.6 * paint.noise(rng, n, 64, 40))
            paint.over(picture, colour, paint.edge(inside, 0.012) * (0.9 + 0.3 * paint.noise(rng, n, 8, 64)))
        else:
            paint.over(picture, colour, paint.edge(inside, 0.003) + np.zeros((n, 1)))
    return picture


def stripes(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Many stripes of one palette, mostly upright, after Davis; or a bundle on bare canvas, after Louis."""
    y, x = paint.grid(n)
    count = int(rng.integers(12, 44))
    order = paint.sequence(rng, len(palette), count)
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
    across = (x + slope * y) / (1 + slope) + 0.0012 * paint.noise(rng, n, 6, 30)
    streaks = 1 + 0.05 * paint.noise(rng, n, 5, 60)[..., None]
    if layout != "bundle":
        place = np.clip(across * len(order), 0, len(order) - 1).astype(int)
        picture = tints[place].astype(np.float32) * streaks
        return picture[:, ::-1].copy() if rng.random() < 0.5 else picture
    picture = paint.ground(rng, n, paint.bare(rng), 0.02)
    left, width = rng.uniform(0.1, 0.35), rng.uniform(0.3, 0.6)
    place = (across - left) / width * len(order)
    top = rng.uniform(0.03, 0.15) + 0.03 * paint.noise(rng, n, 1, 12)
    bottom = 1 - rng.uniform(0, 0.1)
    sides = np.minimum(across - left, left + width - across)
    inside = np.minimum(sides, np.minimum(y - top, bottom - y))
    paint.over(picture, tints[np.clip(place, 0, len(order) - 1).astype(int)] * streaks, paint.edge(inside, 0.008))
    return picture.astype(np.float32)


def stains(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Thin paint poured on raw canvas: veils and unfurled rivulets after Louis, pools after Frankenthaler."""
    pour = (_veil, _unfurled, _pools, _floral, _shore)[rng.integers(5)]
    picture = paint.ground(rng, n, paint.bare(rng), 0.03)
    pour(rng, picture, palette)
    return picture


def _pour(rng: np.random.Generator, picture: np.ndarray, colour: np.ndarray, inside: np.ndarray) -> None:
    """Soak the picture where `inside` (n, n) is positive; the paint gathers along the edge of the pool."""
    rim = np.exp(-((inside / 0.015) ** 2)) * (inside > 0)
    depth = rng.uniform(0.7, 0.95) + 0.25 * paint.noise(rng, len(picture), 5, 5) + 0.15 * rim
    lay = paint.over if rng.random() < 0.3 else paint.soak
    lay(picture, 0.1 + 0.9 * colour, paint.edge(inside, rng.uniform(0.01, 0.04)) * depth)


def _veil(rng: np.random.Generator, picture: np.ndarray, palette: np.ndarray) -> None:
    """Washes sliding down the canvas one over another, nearly covering each other."""
    n = len(picture)
    y, x = paint.grid(n)
    foot, spread = rng.uniform(0.2, 0.3), rng.uniform(0.1, 0.22)
    if rng.random() < 0.4:
        foot, spread = foot + spread, -spread
    for colour in palette[paint.sequence(rng, len(palette), rng.integers(4, 7))]:
        streaks = paint.noise(rng, n, 2, 28)
        half = foot + spread * (1 - y) ** 1.5 + rng.normal(0, 0.05)
        side = half - np.abs(x - rng.normal(0.5, 0.06)) + 0.02 * paint.noise(rng, n, 6, 3)
        inside = np.minimum(side, y - rng.uniform(0.03, 0.18) + 0.06 * paint.noise(rng, n, 1, 9))
        inside = np.minimum(inside, rng.uniform(0.93, 1.1) - y)
        cover = paint.edge(inside, 0.025) * (0.5 + 0.3 * streaks + 0.15 * paint.noise(rng, n, 4, 4))
        paint.soak(picture, 0.2 + 0.8 * colour, cover)


def _unfurled(rng: np.random.Generator, picture: np.ndarray, palette: np.ndarray) -> None:
    """Rivulets running down from both sides, the middle of the canvas left open."""
    n = len(picture)
    y, x = paint.grid(n)
    slope, count = rng.uniform(1.6, 2.8), int(rng.integers(3, 7))
    pitch = (0.42 * slope - 0.1) / count  # the last rivulet reaches the foot just before the middle
    for bank in (x, 1 - x):
        down = y - slope * bank + 0.04 * paint.noise(rng, n, 5, 5)
        for k, colour in enumerate(palette[paint.sequence(rng, len(palette), count)]):
            middle = 0.9 - pitch * (k + rng.uniform(0, 0.3))
            paint.over(picture, colour, paint.edge(rng.uniform(0.28, 0.42) * pitch - np.abs(down - middle), 0.02))


def _pools(rng: np.random.Generator, picture: np.ndarray, palette: np.ndarray) -> None:
    """A few wide pools wherever they fell, at times on a wash over the whole canvas."""
    n = len(picture)
    y, x = paint.grid(n)
    if rng.random() < 0.4:
        paint.soak(picture, palette[rng.integers(len(palette))], 0.7 + 0.3 * paint.noise(rng, n, 5, 5))
    for colour in palette[paint.sequence(rng, len(palette), rng.integers(3, 7))]:
        across, down = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9)
        wide, tall = rng.uniform(0.15, 0.45), rng.uniform(0.15, 0.45)
        inside = (1 - np.hypot((x - across) / wide, (y - down) / tall)) * min(wide, tall)
        _pour(rng, picture, colour, inside + 0.14 * paint.noise(rng, n, 5, 5) + 0.02 * paint.noise(rng, n, 20, 20))


def _floral(rng: np.random.Generator, picture: np.ndarray, palette: np.ndarray) -> None:
    """Petals of paint around a middle, where they darken each other."""
    n = len(picture)
    y, x = paint.grid(n)
    start, count = rng.uniform(0, 2 * math.pi), int(rng.integers(5, 9))
    right, down = x - rng.normal(0.5, 0.05), y - rng.normal(0.5, 0.05)
    for k, colour in enumerate(palette[paint.sequence(rng, len(palette), count)]):
        angle = start + 2 * math.pi * (k + rng.uniform(-0.2, 0.2)) / count
        along = right * math.cos(angle) + down * math.sin(angle)
        aside = down * math.cos(angle) - right * math.sin(angle)
        long, wide = rng.uniform(0.18, 0.3), rng.uniform(0.09, 0.18)
        inside = (1 - np.hypot((along - 0.8 * long) / long, aside / wide)) * wide
        _pour(rng, picture, colour, inside + 0.05 * paint.noise(rng, n, 7, 7))


def _shore(rng: np.random.Generator, picture: np.ndarray, palette: np.ndarray) -> None:
    """Washes lying across the canvas like sky, hills and water."""
    n = len(picture)
    y, _ = paint.grid(n)
    levels = np.sort(rng.uniform(0.05, 0.95, rng.integers(3, 6)))
    for level, colour in zip(levels.tolist(), palette[paint.sequence(rng, len(palette), len(levels))]):
        half = rng.uniform(0.06, 0.2)
        inside = half - np.abs(y - level + 0.12 * paint.noise(rng, n, 2, 5)) + 0.04 * paint.noise(rng, n, 12, 6)
        _pour(rng, picture, colour, inside)


def bands(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Broad bands: level, in rings, in squares or in chevrons, after Noland and Stella."""
    y, x = paint.grid(n)
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
    distance = distance + rng.uniform(0, 0.006) * paint.noise(rng, n, 24, 24)
    count = int(rng.integers(3, 9))
    widths = rng.uniform(0.4, 1.6, count) if rng.random() < 0.6 else np.ones(count)
    edges = (reach * np.cumsum(widths) / widths.sum()).astype(np.float32)
    ground = paint.bare(rng) if rng.random() < 0.4 else palette[0]
    colours = np.concatenate([palette[1 + paint.sequence(rng, len(palette) - 1, count)], ground[None]])
    band = np.searchsorted(edges, distance)
    picture = colours[band] * (1 + 0.05 * (paint.noise(rng, n, 4, 4) + paint.noise(rng, n, 30, 8)))[..., None]
    if rng.random() < 0.4:  # a line of bare canvas between bands, as Stella left it
        apart = np.abs(distance[..., None] - edges).min(axis=-1)
        paint.over(picture, paint.bare(rng), paint.edge(0.006 - apart, 0.004))
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
        curated: only the kinds with solid blocks and clear distinctions, `CURATED_KINDS`: the placeholder for
            the hand-picked set of the study's model 4.

    Returns:
        (count, size, size, 3) uint8, RGB from 0 to 255.

    Raises:
        ValueError: if `count` or `seed` is negative, or `size` is below 8.
    """
    return paint.collection(count, size, seed, lambda index, n: draw(index, n, seed, curated=curated))


def draw(index: int, n: int, seed: int = 0, *, curated: bool = False) -> np.ndarray:
    """Picture `index` of `colour_field(..., seed=seed, curated=curated)` at any size: (n, n, 3) from 0 to 1."""
    painter = _PAINTERS[kind_of(index, seed, curated=curated)]
    rng = np.random.default_rng([seed, index, 1])
    picture = painter(rng, n, paint.palette(rng))
    if rng.random() < 0.12:
        paint.bare_margin(rng, picture)
    return paint.weave(rng, picture)
