"""Invented abstract paintings, for when the real pictures of studies 2, 3 and 5c are not at hand.

Those studies learn from pictures of modern abstract art of every sort, which are not ours to hand out. This module
paints placeholders of eight kinds: brush strokes, drips, shapes, blocks, scraped paint, signs, poured paint and dabs.
The same seed always paints the same pictures.

>>> pictures = abstract(100, size=64, seed=0)      # (100, 64, 64, 3) uint8

Source: the compositions are our own, in manners that were common among painters between 1910 and 1970.
"""

import math

import numpy as np

from artkeras.synthetic import colour_fields, paint

# --- the kinds of painting: each takes (rng, n, palette) and returns (n, n, 3) between about 0 and 1 --------


def gestures(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Broad brush strokes over and across each other, some of them running."""
    picture = paint.ground(rng, n, paint.bare(rng) if rng.random() < 0.5 else palette[0], 0.08)
    spread, lean = rng.uniform(0.12, 0.34), rng.uniform(0, math.pi)
    with paint.drawing(picture) as pen:
        for colour in palette[paint.sequence(rng, len(palette), rng.integers(6, 17))]:
            start = rng.normal(0.5, spread, 2)
            turn = lean + rng.normal(0, 0.7)
            reach = rng.uniform(0.15, 0.6) * np.array([math.cos(turn), math.sin(turn)])
            bend = rng.normal(0, 0.12, (3, 2))
            path = paint.curve(start + np.linspace(-0.5, 0.5, 3)[:, None] * reach + bend)
            paint.brush(rng, pen, n, path, colour, rng.uniform(0.03, 0.13), dry=rng.uniform(0.02, 0.4))
            if rng.random() < 0.25:  # too much paint: it runs down
                foot = path[rng.integers(len(path))]
                run = np.array([foot, foot + [0.004, rng.uniform(0.05, 0.3)]])
                paint.line(pen, n, run, paint.ink(colour), rng.uniform(0.004, 0.012))
        if rng.random() < 0.4:  # and a black line feeling its way through
            path = paint.curve(rng.normal(0.5, 0.28, (rng.integers(4, 8), 2)), 60)
            paint.line(pen, n, path, paint.ink(palette.min(axis=0) * 0.4), rng.uniform(0.006, 0.02))
    return picture


def drips(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Threads of paint flung over the canvas, layer over layer, with spatters."""
    picture = paint.ground(rng, n, paint.bare(rng) if rng.random() < 0.6 else palette[0], 0.06)
    layers = rng.integers(3, 6)
    margin = rng.uniform(-0.1, 0.12)
    with paint.drawing(picture) as pen:
        for colour in palette[paint.sequence(rng, len(palette), layers)]:
            fill = paint.ink(colour)
            for _ in range(rng.integers(5, 16)):
                walk = np.cumsum(rng.normal(0, 0.16, (rng.integers(4, 9), 2)), axis=0)
                path = np.clip(paint.curve(rng.uniform(0.1, 0.9, 2) + walk, 40), margin, 1 - margin)
                paint.line(pen, n, path, fill, rng.uniform(0.05, 0.14) ** 2)
            for x, y, radius in zip(*rng.uniform(margin, 1 - margin, (2, 30)), rng.uniform(0.03, 0.12, 30) ** 2):
                pen.ellipse([n * (x - radius), n * (y - radius), n * (x + radius), n * (y + radius)], fill=fill)
    return picture


def shapes(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Discs, rings, triangles, bars and half discs, hard-edged, leaning on an axis."""
    picture = paint.ground(rng, n, paint.bare(rng) if rng.random() < 0.4 else palette[0], 0.05)
    lean, opacity = rng.uniform(0, math.pi), rng.choice([0.75, 1.0])
    with paint.drawing(picture) as pen:
        for colour in palette[1 + paint.sequence(rng, len(palette) - 1, rng.integers(4, 15))]:
            x, y = n * np.clip(rng.normal(0.5, 0.2, 2), 0.05, 0.95)
            radius, turn, fill = n * rng.uniform(0.03, 0.24), lean + rng.normal(0, 0.2), paint.ink(colour, opacity)
            box = [x - radius, y - radius, x + radius, y + radius]
            kind = rng.integers(6)
            if kind == 0:
                pen.ellipse(box, fill=fill)
            elif kind == 1:
                pen.ellipse(box, outline=fill, width=max(1, round(radius * rng.uniform(0.1, 0.4))))
            elif kind == 2:
                pen.pieslice(box, math.degrees(turn), math.degrees(turn) + rng.choice([90, 180]), fill=fill)
            elif kind == 3:
                corners = turn + np.array([0, 2, 4]) + rng.normal(0, 0.3, 3)
                corners = np.stack([x + radius * np.cos(corners), y + radius * np.sin(corners)], 1)
                pen.polygon(corners.ravel().tolist(), fill=fill)
            else:
                along = np.array([math.cos(turn), math.sin(turn)])
                along = along if kind == 4 else np.array([-along[1], along[0]])
                long, wide = rng.uniform(1, 2.6) * along, rng.uniform(0.05, 0.6) * np.array([-along[1], along[0]])
                corners = [long + wide, long - wide, -long - wide, -long + wide]
                pen.polygon([(x + radius * a, y + radius * b) for a, b in corners], fill=fill)
    return picture * (1 + 0.05 * paint.noise(rng, n, 24, 24)[..., None])


def blocks(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """The canvas divided and divided again into blocks of colour, with black lines or without."""
    picture = paint.ground(rng, n, palette[0], 0.05)
    lines = rng.random() < 0.4
    pale = rng.uniform(0.3, 0.7) if lines else 0.0  # share of blocks left the colour of the canvas
    canvas, smallest = paint.bare(rng), rng.uniform(0.08, 0.22)
    todo, done = [(0.0, 0.0, 1.0, 1.0)], []
    while todo:
        left, top, right, bottom = todo.pop()
        wide, tall = right - left, bottom - top
        cut = rng.uniform(0.25, 0.75)
        if max(wide, tall) < smallest * rng.uniform(1.6, 5):
            done.append((left, top, right, bottom))
        elif wide * rng.uniform(0.7, 1.4) > tall:
            todo += [(left, top, left + cut * wide, bottom), (left + cut * wide, top, right, bottom)]
        else:
            todo += [(left, top, right, top + cut * tall), (left, top + cut * tall, right, bottom)]
    with paint.drawing(picture) as pen:
        for k, (box, colour) in enumerate(zip(done, paint.sequence(rng, len(palette), len(done)))):
            flat = canvas if k and rng.random() < pale else palette[colour] * rng.uniform(0.8, 1.12)
            pen.rectangle([n * place for place in box], fill=paint.ink(flat))
        if lines:
            width = rng.uniform(0.012, 0.03)
            for left, top, right, bottom in done:
                frame = np.array([[left, top], [right, top], [right, bottom], [left, bottom], [left, top]])
                paint.line(pen, n, frame, (20, 18, 20, 255), width)
    strength = 0.03 if lines else rng.uniform(0.04, 0.14)
    return picture * (1 + strength * (paint.noise(rng, n, 30, 30) + paint.noise(rng, n, 6, 6))[..., None])


def scraped(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Layers of paint dragged one over another with a broad blade, level or upright."""
    picture = paint.ground(rng, n, palette[0], 0.1)
    y, _ = paint.grid(n)
    horizon = rng.random() < 0.5  # the layers keep to their own heights, like a landscape
    for colour in palette[paint.sequence(rng, len(palette), rng.integers(5, 9))]:
        rows, columns = int(rng.integers(8, 40)), int(rng.integers(2, 5))
        cover = 1.6 * paint.noise(rng, n, rows, columns) + paint.noise(rng, n, 5, 5) + 0.7 * paint.noise(rng, n, 60, 24)
        if horizon:
            cover = cover + 1.2 - 7 * np.abs(y - rng.uniform(0, 1))
        shade = 1 + 0.12 * paint.noise(rng, n, rows, columns)
        paint.over(picture, colour, paint.edge(cover - rng.uniform(-0.2, 0.5), 0.25))
        picture *= shade[..., None]
    return picture if horizon or rng.random() < 0.5 else picture.transpose(1, 0, 2).copy()


def signs(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Black signs on a light ground: a script that says nothing, a few bold beams, or one ring."""
    picture = paint.ground(rng, n, paint.bare(rng) if rng.random() < 0.7 else palette.max(axis=0), 0.04)
    black, kind = palette.min(axis=0) * 0.4, rng.integers(3)
    with paint.drawing(picture) as pen:
        if kind == 0:  # a script: a sign in each place of a loose grid
            across, down = rng.integers(3, 9, 2)
            for i in range(across * down):
                place = np.array([(i % across + 0.5) / across, (i // across + 0.5) / down]) * 0.84 + 0.08
                colour = black if rng.random() < 0.85 else palette[1]
                path = paint.curve(place + rng.normal(0, 0.3 / max(across, down), (rng.integers(2, 5), 2)), 16)
                paint.line(pen, n, path, paint.ink(colour), rng.uniform(0.05, 0.13) / max(across, down))
        elif kind == 1:  # beams
            for _ in range(rng.integers(3, 8)):
                middle, turn = rng.normal(0.5, 0.16, 2), rng.choice([0.0, math.pi / 2]) + rng.normal(0, 0.25)
                reach = rng.uniform(0.25, 0.6) * np.array([math.cos(turn), math.sin(turn)])
                path = paint.curve(middle + np.linspace(-1, 1, 3)[:, None] * reach + rng.normal(0, 0.02, (3, 2)))
                paint.brush(rng, pen, n, path, black, rng.uniform(0.05, 0.16), bristles=14, dry=0.1)
            place = rng.uniform(0.2, 0.8, 2)
            paint.brush(rng, pen, n, paint.curve([place, place + 0.15]), palette[1], rng.uniform(0.04, 0.12))
        else:  # a ring, in one breath
            start, size, middle = rng.uniform(0, 2 * math.pi), rng.uniform(0.2, 0.38), rng.normal(0.5, 0.04, 2)
            angles = start + np.linspace(0, rng.uniform(5.2, 6.6), 64)
            radii = size * (1 + 0.06 * np.sin(angles * 2 + start))
            path = middle + np.stack([np.cos(angles) * radii, np.sin(angles) * radii], 1)
            colour = black if rng.random() < 0.6 else palette[1]
            paint.brush(rng, pen, n, path, colour, rng.uniform(0.03, 0.12), bristles=14, dry=0.25)
    return picture


def poured(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """Wet paints poured into each other: bands of colour that bend and fold."""
    y, x = paint.grid(n)
    rows, columns = rng.integers(2, 6, 2).tolist()
    bend = rng.uniform(0.3, 0.9)
    turn = rng.uniform(0, math.pi)
    along = math.cos(turn) * x + math.sin(turn) * y
    height = along + bend * paint.noise(rng, n, rows, columns) + 0.25 * bend * paint.noise(rng, n, 12, 12)
    bands = int(rng.integers(5, 14))
    order = paint.sequence(rng, len(palette), bands)
    tints = (palette[order] * rng.uniform(0.85, 1.12, (bands, 1))).astype(np.float32)
    place = (height - height.min()) / (height.max() - height.min()) * (bands - 1)
    low = np.minimum(place.astype(int), bands - 2)
    mixed = paint.edge((place - low).astype(np.float32) - 0.5, rng.uniform(0.05, 0.9))[..., None]
    return tints[low] * (1 - mixed) + tints[low + 1] * mixed


def dabs(rng: np.random.Generator, n: int, palette: np.ndarray) -> np.ndarray:
    """The whole canvas, or a cloud in the middle of it, covered with short dabs."""
    picture = paint.ground(rng, n, palette[0], 0.08)
    count, long, wide = int(rng.integers(120, 300)), rng.uniform(0.02, 0.09), rng.uniform(0.008, 0.04)
    cloud = rng.random() < 0.35
    places = rng.normal(0.5, 0.15, (count, 2)) if cloud else rng.uniform(-0.05, 1.05, (count, 2))
    flow = rng.uniform(0, math.pi, 3)
    # The colour and the lie of a dab follow from where it is, or the eye would see noise.
    turns = flow[0] + 2.5 * np.sin(3 * places[:, 0] + flow[1]) * np.cos(3 * places[:, 1] + flow[2])
    kinds = np.sin(5 * places[:, 0] + flow[2]) + np.cos(4 * places[:, 1] + flow[1]) + rng.normal(0, 0.7, count)
    colours = palette[np.digitize(kinds, [-1, -0.2, 0.4, 1.1])] * rng.uniform(0.8, 1.15, (count, 1))
    reach = long * np.stack([np.cos(turns), np.sin(turns)], 1)
    with paint.drawing(picture) as pen:
        for place, half, colour in zip(places, reach, colours):
            paint.line(pen, n, np.array([place - half, place + half]), paint.ink(colour, 0.9), wide)
    return picture


_PAINTERS = (gestures, drips, shapes, blocks, scraped, signs, poured, dabs)


def abstract(count: int, size: int = 64, seed: int = 0, *, curated: bool = False) -> np.ndarray:
    """Paint `count` invented abstract paintings.

    Picture i depends on `seed`, i and `size` alone, so asking for more pictures keeps the first ones; asking for
    another size keeps the compositions.

    Args:
        count: how many pictures, 0 or more.
        size: height and width in pixels, 8 or more (made for 8 to 512).
        seed: 0 or more.
        curated: without effect: the studies chose no pictures among theirs.

    Returns:
        (count, size, size, 3) uint8, RGB from 0 to 255.

    Raises:
        ValueError: if `count` or `seed` is negative, or `size` is below 8.
    """
    return paint.collection(count, size, seed, lambda index, n: draw(index, n, seed))


def artworks(count: int, size: int = 64, seed: int = 0, *, curated: bool = False) -> np.ndarray:
    """The placeholder for study 5c, whose pictures are mostly abstract too: every third one is a colour field.

    Arguments, result and errors are those of `abstract`; its pictures for small seeds are not among these.
    """

    def either(index: int, n: int) -> np.ndarray:
        return (colour_fields.draw if index % 3 == 2 else draw)(index, n, seed + 10_000)

    return paint.collection(count, size, seed, either)


def draw(index: int, n: int, seed: int = 0) -> np.ndarray:
    """Picture `index` of `abstract(..., seed=seed)` at any size: (n, n, 3) from 0 to 1."""
    rng = np.random.default_rng([seed, index])
    painter = _PAINTERS[rng.integers(len(_PAINTERS))]
    picture = painter(rng, n, paint.palette(rng))
    if rng.random() < 0.15:
        paint.bare_margin(rng, picture)
    return paint.weave(rng, picture)
