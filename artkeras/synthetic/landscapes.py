"""Invented landscapes, for when the Monets and the photographs of `monet2photo` are not at hand.

Both sets show scenes of one kind: sky, hills, water or fields, trees, here and there a haystack or a house. The
photographs are plain light with grain; the paintings have a stronger palette and are laid in dabs of paint. No
painting shows the scene of a photograph: the sets are unpaired, as the study's are.

>>> pictures = monet(100, size=64, seed=0)        # (100, 64, 64, 3) uint8

Source: the scenes are our own; the palettes and the dabs are after Monet.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from artkeras.synthetic import paint

# Light of a scene: sky above, sky at the horizon, cloud, far hill, near hill, water, ground far, ground near, leaves,
# in hexadecimal RGB. Chosen by eye.
_PHOTOGRAPHED = (
    "4f86c6 b9d3e8 f4f5f6 8fa3b4 56694f 5c7f97 8a9258 55692f 33471f",  # a clear day
    "8d99a6 c6ccd1 e3e5e7 93a0a6 5a6b5b 75858c 7f8763 556138 39472c",  # overcast
    "5f7fae e9bd92 f1cfae 8a7f8f 4d4a4d 8a7f86 7d6f4d 4a4a2c 2c321f",  # evening
    "6fa3d6 d9e4ea ffffff 9db0bb 6f8060 7fa3ae b39f62 8a7a3c 4a5a2a",  # late summer
    "9fb6c6 dde3e4 eef0f0 b3bec3 76867a 93a5a8 95a083 66764f 4a5a40",  # mist
    "3f74b3 a9c8e0 eaf0f5 7f95a3 3f5a3a 3f6a7f 6f8f45 3f6a2a 274520",  # spring
)
_PAINTED = (
    "6fa8dc f3d9d0 fff4e4 a79fd0 6fa08f 6fb0c8 cfc46a 7fae4a 3f7f5a",  # a summer noon
    "8f9fd8 f7c99f ffe3c4 b08fc0 7f7fa8 b09fd0 e0a860 a87f4a 4f5f7f",  # sunset
    "a8c4d8 e8dfe8 fbf3ef b8b0d8 8fa8a8 a0b8d0 b8c08f 7fa06f 5f8f7f",  # mist on the river
    "5f98d0 cfe4e4 fffbe8 8fa8d0 5f9f6f 4f98b8 d8c850 9fb83f 2f7f4f",  # poppies
    "9fb8e8 f8e8c0 fff8e0 c0a8c8 a0a87f 8fb8c0 f0d070 d0a84a 6f8f4f",  # haystacks
    "7f9fc0 d8c8d8 f0e8f0 9f98c0 6f8f98 7fa0b8 a0a890 7f9f7f 4f7f80",  # winter light
)
_HAY, _WALL, _ROOF = np.array([[0.80, 0.64, 0.34], [0.85, 0.80, 0.72], [0.55, 0.27, 0.20]], np.float32)
_FLOWERS = ((0.85, 0.22, 0.18), (0.95, 0.85, 0.90), (0.95, 0.82, 0.30), (0.62, 0.45, 0.80))

DABS = 2600  # laid on a painting; about three lie on each other everywhere


class _Scene:
    """A landscape, drawn from far to near."""

    def __init__(self, rng: np.random.Generator, n: int, light: str, painted: bool):
        self.rng, self.n, self.painted = rng, n, painted
        colours = np.array([list(bytes.fromhex(colour)) for colour in light.split()], np.float32) / 255
        colours = np.clip(colours + rng.normal(0, 0.02, colours.shape), 0, 1).astype(np.float32)
        (self.above, self.below, self.cloud, self.far, self.near, self.water,
         self.ground_far, self.ground_near, self.leaves) = colours  # fmt: skip
        self.y, self.x = paint.grid(n)
        self.horizon = rng.uniform(0.32, 0.62)
        self.bumps = [paint.noise(rng, n, rows, columns) for rows, columns in ((5, 5), (14, 18), (50, 60))]
        self.picture = np.empty((n, n, 3), np.float32)
        # which way a brush would go: 0 level, pi / 2 upright
        self.way = np.zeros((n, n), np.float32)
        self._sky()
        self._hills()
        self._foreground()

    def _sky(self) -> None:
        share = np.clip(self.y / self.horizon, 0, 1)[..., None] ** 1.3
        self.picture[:] = self.above + (self.below - self.above) * share
        stretched = paint.noise(self.rng, self.n, 12, 5) + 0.6 * self.bumps[1] + 0.25 * self.bumps[2]
        cover = np.clip((stretched + self.rng.uniform(-0.7, 0.5)) * 1.4, 0, 1) * (0.4 + 0.6 * (1 - share[..., 0]))
        paint.over(self.picture, self.cloud, 0.85 * cover)
        paint.over(self.picture, self.above * 0.8 + 0.1, 0.25 * np.clip(cover - 0.6, 0, 1))
        self.way += 0.35 * self.bumps[0]

    def _ridge(self, height: float, bumps: int, roughness: float) -> np.ndarray:
        """How far each place lies below the top of a ridge of hills."""
        line = paint.noise(self.rng, self.n, 1, bumps)[:1] + roughness * paint.noise(self.rng, self.n, 1, 40)[:1]
        return self.y - (self.horizon - height * (0.6 + 0.4 * line))

    def _hills(self) -> None:
        count = int(self.rng.integers(1, 4))
        for k in range(count):
            share = (k + 1) / count
            colour = self.far + (self.near - self.far) * share * self.rng.uniform(0.7, 1)
            inside = self._ridge(self.rng.uniform(0.05, 0.22) * (1.2 - 0.6 * share), 4 + 2 * k, 0.05 + 0.15 * share)
            paint.over(self.picture, colour, paint.edge(inside, 0.006))
            shade = 0.06 + 0.10 * share
            self.picture *= 1 + (shade * paint.edge(inside, 0.006) * (self.bumps[1] + 0.7 * self.bumps[2]))[..., None]

    def _foreground(self) -> None:
        wet = self.rng.random() < 0.45
        below = self.y > self.horizon
        house = self.rng.random() < 0.3
        if wet:
            if house:
                self._house(0.004)
            self._trees([self.rng.uniform(-0.002, 0.01) for _ in range(self.rng.integers(0, 7))], 0.9)
            self._mirror()
            shore = self.rng.uniform(0.72, 1.1)
            bank = self.y - shore - 0.05 * paint.noise(self.rng, self.n, 1, 5)[:1]
            self._land(paint.edge(bank, 0.012), shore)
            if shore < 0.9:
                self._trees([shore - self.horizon + self.rng.uniform(0.06, 0.12)], 1.0)
        else:
            self._land(below * np.ones((self.n, self.n), np.float32), self.horizon)
            if self.rng.random() < 0.4:
                self._stacks()
            if house:
                self._house(self.rng.uniform(0.01, 0.06))
            self._trees(sorted(self.rng.uniform(0.005, 0.3, self.rng.integers(1, 9)) ** 1.4), 1.0)
        self.way[:] = np.where(below & (not wet), 0.25 * self.bumps[0], self.way)

    def _mirror(self) -> None:
        """Water: what lies above the horizon upside down, broken by ripples, darker towards us."""
        n = self.n
        depth = np.clip((self.y - self.horizon) / (1 - self.horizon), 0, 1)
        ripples = paint.noise(self.rng, n, 70, 6) + 0.5 * paint.noise(self.rng, n, 30, 4)
        height = np.clip(self.horizon - (self.y - self.horizon) * 0.9 + 0.03 * ripples * depth, 0, 1)
        rows = np.clip((height * n).astype(int), 0, n - 1)
        columns = np.clip(np.arange(n)[None] + (0.012 * n * ripples * depth).astype(int), 0, n - 1)
        mirrored = self.picture[rows, columns] * 0.88
        water = mirrored + (self.water - mirrored) * (0.25 + 0.35 * depth)[..., None]
        water *= 1 + 0.10 * (ripples * depth)[..., None]
        below = (self.y > self.horizon)[:, 0]
        self.picture[below] = water[below]
        self.way[below] = 0

    def _land(self, cover: np.ndarray, start: float) -> None:
        """Fields or a bank: strips that widen towards us, grass, at times flowers."""
        depth = np.clip((self.y - start) / (1.001 - min(start, 0.9)), 0, 1)
        ground = self.ground_far + (self.ground_near - self.ground_far) * depth[..., None]
        strips = np.sin(9 / (depth + 0.12) + self.rng.uniform(0, 6) + 1.5 * self.bumps[0])
        grass = 0.10 * strips * (1 - depth) + 0.14 * self.bumps[2] * depth + 0.12 * self.bumps[1]
        ground = ground * (1 + grass)[..., None]
        if self.rng.random() < (0.5 if self.painted else 0.2):
            flower = np.array(_FLOWERS[self.rng.integers(len(_FLOWERS))], np.float32)
            spots = np.clip(3 * (self.bumps[2] + 0.5 * self.bumps[1] - 0.35), 0, 1) * np.clip(2 * depth, 0, 1)
            paint.over(ground, flower, 0.8 * spots)
        paint.over(self.picture, ground, cover)

    def _trees(self, places, scale: float) -> None:
        """Trees standing so far below the horizon: poplars or round crowns, larger the nearer."""
        poplars = self.rng.random() < 0.3
        for place in places:
            foot, x = self.horizon + place, self.rng.uniform(0.02, 0.98)
            high = min(scale * (0.09 + 0.9 * place) * self.rng.uniform(0.7, 1.5), 0.42)
            wide = high * (0.16 if poplars else self.rng.uniform(0.38, 0.6))
            self._tree(x, foot, high, wide)

    def _tree(self, x: float, foot: float, high: float, wide: float) -> None:
        n = self.n
        top, bottom = max(int((foot - 1.2 * high) * n), 0), min(int((foot + 0.03) * n) + 1, n)
        left, right = max(int((x - 1.5 * wide) * n), 0), min(int((x + 1.5 * wide) * n) + 1, n)
        if top >= bottom or left >= right:
            return
        here = np.s_[top:bottom, left:right]
        y, across = self.y[top:bottom], self.x[:, left:right]
        rough = 0.30 * self.bumps[1][here] + 0.25 * self.bumps[2][here]
        crown = 1 - ((across - x) / wide) ** 2 - ((y - foot + 0.58 * high) / (0.5 * high)) ** 2 + rough
        part = self.picture[here]
        trunk = paint.edge(0.05 * wide - np.abs(across - x), 0.004) * ((y < foot) & (y > foot - 0.5 * high))
        paint.over(part, self.leaves * 0.6 + np.array([0.1, 0.05, 0.02], np.float32), trunk)
        distance = np.clip(1 - (foot - self.horizon) * 6, 0, 0.6)  # far trees take the colour of the air
        colour = self.leaves + (self.far - self.leaves) * distance
        cover = paint.edge(crown, 0.25)
        paint.over(part, colour, cover)
        sunny = (across - x) / wide * 0.5 - (y - foot + 0.6 * high) / high
        part *= 1 + (cover * (0.35 * np.clip(sunny, -0.6, 0.8) + 0.35 * self.bumps[2][here]))[..., None]
        self.way[here] += (math.pi / 2 - self.way[here]) * (cover > 0.5)

    def _stacks(self) -> None:
        """One to three haystacks with their shadows."""
        for _ in range(self.rng.integers(1, 4)):
            place = self.rng.uniform(0.03, 0.3)
            foot, x, high = self.horizon + place, self.rng.uniform(0.1, 0.9), 0.06 + 0.5 * place
            wide = high * self.rng.uniform(0.5, 0.7)
            roof = 0.8 * np.clip(foot - 0.4 * high - self.y, 0, 1)
            body = np.minimum(foot - self.y, wide - np.abs(self.x - x) - roof)
            fallen = 1 - ((self.x - x - wide) / (1.4 * wide)) ** 2 - ((self.y - foot) / (0.14 * high)) ** 2
            paint.over(self.picture, self.leaves * 0.6 + self.far * 0.3, 0.6 * paint.edge(fallen, 0.3))
            cover = paint.edge(body, 0.008)
            paint.over(self.picture, _HAY, cover)
            lit = 0.3 * np.clip((x - self.x) / wide, -1, 1) + 0.2 * self.bumps[2]
            self.picture *= 1 + (cover * lit)[..., None]

    def _house(self, place: float) -> None:
        """A house so far below the horizon: a wall, a roof, a door."""
        foot, x = self.horizon + place, self.rng.uniform(0.15, 0.85)
        high = self.rng.uniform(0.05, 0.10)
        wide, y, across = high * self.rng.uniform(0.7, 1.1), self.y, np.abs(self.x - x)
        wall = np.minimum(np.minimum(foot - y, y - foot + high), wide - across)
        roof = np.minimum(foot - high - y, wide * 1.15 - across - (foot - high - y) * 1.1)
        paint.over(self.picture, _WALL * (0.9 + 0.1 * (self.x < x)[..., None]), paint.edge(wall, 0.005))
        paint.over(self.picture, _ROOF, paint.edge(roof, 0.005))
        paint.over(self.picture, self.near * 0.5, paint.edge(np.minimum(wall, 0.16 * wide - across), 0.004))


def _photograph(rng: np.random.Generator, n: int) -> np.ndarray:
    """A scene in plain light: less colour, a lens that darkens the corners, grain."""
    scene = _Scene(rng, n, _PHOTOGRAPHED[rng.integers(len(_PHOTOGRAPHED))], painted=False)
    picture = scene.picture
    grey = picture.mean(axis=2, keepdims=True)
    picture = grey + (picture - grey) * rng.uniform(0.7, 1.0)
    far = (scene.y - 0.5) ** 2 + (scene.x - 0.5) ** 2
    grain = paint.noise(rng, n, 128, 128)
    picture = picture * ((1 - rng.uniform(0, 0.5) * far) * rng.uniform(0.92, 1.15))[..., None]
    return np.clip(picture + 0.012 * grain[..., None], 0, 1)


def _painting(rng: np.random.Generator, n: int) -> np.ndarray:
    """A scene laid in dabs, each of the colour that the scene has there, or a little beside it."""
    scene = _Scene(rng, n, _PAINTED[rng.integers(len(_PAINTED))], painted=True)
    grey = scene.picture.mean(axis=2, keepdims=True)
    scene.picture = grey + (scene.picture - grey) * rng.uniform(1.1, 1.4)  # purer colours than things have
    canvas = Image.fromarray((np.clip(scene.picture, 0, 1) * 255).round().astype(np.uint8))
    pen = ImageDraw.Draw(canvas)
    x, y = rng.uniform(0, 1, (2, DABS))
    rows, columns = (y * n).astype(int), (x * n).astype(int)
    colours = scene.picture[rows, columns]
    # broken colour: each dab lighter or darker, and turned towards a neighbour in hue
    colours = colours * rng.normal(1, 0.07, (DABS, 1)) + rng.normal(0, 0.045, (DABS, 3))
    fills = (np.clip(colours, 0, 1) * 255).round().astype(int)
    way = scene.way[rows, columns] + rng.normal(0, 0.25, DABS)
    size = rng.uniform(0.7, 1.3) * np.where(y > scene.horizon, 0.7 + 0.8 * (y - scene.horizon), 0.9)
    length = size * rng.uniform(0.012, 0.03, DABS)  # half of it
    thick = size * rng.uniform(0.012, 0.02, DABS)
    ends = np.stack([x - np.cos(way) * length, y - np.sin(way) * length,
                     x + np.cos(way) * length, y + np.sin(way) * length], axis=1) * n  # fmt: skip
    widths = np.maximum((thick * n).round().astype(int), 1)
    for line, fill, width in zip(ends.tolist(), map(tuple, fills.tolist()), widths.tolist()):
        pen.line(line, fill=fill, width=width)
    return paint.weave(rng, np.asarray(canvas, np.float32) / 255)


def monet(count: int, size: int = 64, seed: int = 0, *, curated: bool = False) -> np.ndarray:
    """Paint `count` invented landscapes in dabs, after Monet.

    Picture i depends on `seed`, i and `size` alone, so asking for more pictures keeps the first ones; asking for
    another size keeps the compositions.

    Args:
        count: how many pictures, 0 or more.
        size: height and width in pixels, 8 or more.
        seed: 0 or more.
        curated: has no effect; it is there because all placeholders are called alike.

    Returns:
        (count, size, size, 3) uint8 RGB.

    Raises:
        ValueError: if `count` or `seed` is negative, or `size` is below 8.
    """
    return paint.collection(count, size, seed, lambda index, n: _painting(np.random.default_rng([seed, index, 1]), n))


def photo(count: int, size: int = 64, seed: int = 0, *, curated: bool = False) -> np.ndarray:
    """Take `count` invented photographs of landscapes; arguments and result as for `monet`."""
    # a stream of their own: no photograph shows the scene of a painting
    return paint.collection(count, size, seed, lambda index, n: _photograph(np.random.default_rng([seed, index, 2]), n))
