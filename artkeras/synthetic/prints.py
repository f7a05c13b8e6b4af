"""Invented Japanese prints, for when the real pictures of study 4 are not at hand.

The study learns from woodblock prints, most of them landscapes and actors. This module prints a placeholder of seven
subjects: flat colours within dark outlines, a sky shaded by hand (bokashi), paper that has yellowed, the grain of the
block, a cartouche with a script that says nothing, and a seal. The same seed always prints the same pictures.

>>> pictures = japanese_print(100, size=64, seed=0)      # (100, 64, 64, 3) uint8

Source: the compositions are our own, of motifs that Hokusai, Hiroshige and their fellows made common.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw

from artkeras.synthetic import paint

# One printing each, in hexadecimal RGB: paper, outline, upper sky, horizon, water, hills, trees, accent. By eye.
PRINTINGS = (
    "ece0c4 1f2433 1f3f73 e8a878 5b86a8 6f8a6a 2f4a3a b8382c",
    "e8dcc0 22222c 27508a f0d8b0 8fb0b8 8a9a6f 3a5240 c4452f",
    "e4d4b0 2a2422 b8442f e8c890 4a7a94 7a7a5a 39452f a83226",
    "efe6d0 20263a 3a6a9a d8e0d8 7aa0b0 a8b090 466050 d0583a",
    "d8c8a8 1c1c22 2a2f3c 8a8a84 5a6f7a 5f655c 2c3a34 9a3a30",
    "e8d8b8 2c2530 8a5a6a e8b0a0 6a86a0 9a8a70 4a5a48 b04050",
    "f0e8d8 1f2a44 1a4a86 f2ead6 2f6496 c08a50 34564a c23a2a",
    "e0d0a8 262018 8a7a3a e8d890 7a9a8a b0984a 5a6a34 b85a28",
    "dccfb8 23262e 3f5a6a c8c8b8 86a09a 78888a 3a4a4c a84a3a",
    "e8dcc8 1a1f30 152a52 5a7fa6 2f4f7a 4a6478 22384a d8b060",
)


@dataclass
class Scene:
    """A sheet being printed: the picture, its size, the colours, and the generator of its random numbers."""

    rng: np.random.Generator
    picture: np.ndarray
    paper: np.ndarray
    line: np.ndarray
    sky: np.ndarray
    horizon: np.ndarray
    water: np.ndarray
    hills: np.ndarray
    trees: np.ndarray
    accent: np.ndarray

    @property
    def n(self) -> int:
        """Side of the picture in pixels."""
        return len(self.picture)

    def tint(self, colour: np.ndarray, spread: float = 0.06) -> np.ndarray:
        """The colour a little lighter or darker."""
        return colour * self.rng.uniform(1 - spread, 1 + spread)

    def area(self, pen: ImageDraw.ImageDraw, outline: np.ndarray, colour: np.ndarray, width: float = 0.007) -> None:
        """A flat colour within a closed outline (k, 2) of places, with the dark line of the key block."""
        pen.polygon((self.n * outline).ravel().tolist(), fill=paint.ink(colour))
        if width:
            paint.line(pen, self.n, np.concatenate([outline, outline[:2]]), paint.ink(self.line), width)

    def land(self, pen: ImageDraw.ImageDraw, ridge: np.ndarray, colour: np.ndarray) -> None:
        """Ground below a ridge (k, 2) that runs across the sheet."""
        self.area(pen, np.concatenate([ridge, [[1.1, 1.1], [-0.1, 1.1]]]), colour)

    def ridge(self, height: float, rough: float, points: int = 7) -> np.ndarray:
        """A line of hills across the sheet, around a height."""
        places = np.linspace(-0.1, 1.1, points)
        return paint.curve(np.stack([places, height + self.rng.normal(0, rough, points)], 1), 40)

    def pine(self, pen: ImageDraw.ImageDraw, x: float, foot: float, height: float) -> None:
        """A pine: a crooked trunk and flat clouds of needles."""
        rng = self.rng
        bends = np.linspace(0, 1, 4)
        trunk = paint.curve(np.stack([x + rng.normal(0, 0.1 * height, 4), foot - bends * height], 1))
        paint.line(pen, self.n, trunk, paint.ink(self.line), 0.05 * height + 0.006)
        for place in rng.uniform(0.4, 1, rng.integers(4, 7)):
            across, down = trunk[int(place * 23)] + [rng.normal(0, 0.12 * height), 0]
            wide, tall = height * rng.uniform(0.16, 0.3), height * rng.uniform(0.05, 0.1)
            box = [self.n * p for p in (across - wide, down - tall, across + wide, down + tall)]
            pen.ellipse(box, fill=paint.ink(self.tint(self.trees, 0.15)), outline=paint.ink(self.line))

    def dot(
        self,
        pen: ImageDraw.ImageDraw,
        place: np.ndarray,
        radius: float,
        colour: np.ndarray,
        outline: tuple[int, ...] | None = None,
    ) -> None:
        """A round spot, maybe with a line around it."""
        box = [*(self.n * (place - radius)), *(self.n * (place + radius))]
        pen.ellipse(box, fill=paint.ink(colour), outline=outline)

    def bokashi(self, top: np.ndarray, depth: float, low: np.ndarray, level: float) -> None:
        """Colour wiped from the upper edge downwards, and another around the horizon."""
        y, _ = paint.grid(self.n)
        hand = 0.02 * paint.noise(self.rng, self.n, 3, 12)
        paint.over(self.picture, low, 0.85 * np.exp(-(((y - level + hand) / 0.16) ** 2)))
        paint.over(self.picture, top, np.clip(1.15 - (y + hand) / depth, 0, 1) ** 1.5)


# --- the subjects: each prints a whole sheet, without border and script --------------------------------------


def mountain(scene: Scene) -> None:
    """A cone with snow on it above hills or water, mist lying across."""
    rng = scene.rng
    level = rng.uniform(0.55, 0.72)
    scene.bokashi(scene.sky, rng.uniform(0.2, 0.5), scene.horizon, level)
    top, middle, wide = rng.uniform(0.12, 0.34), rng.uniform(0.3, 0.7), rng.uniform(0.32, 0.6)
    flank = np.linspace(0, 1, 12) ** 1.6
    left = np.stack([middle - 0.03 - wide * flank, top + (level - top + 0.05) * np.linspace(0, 1, 12)], 1)
    right = left * [-1, 1] + [2 * middle, 0]
    cone = scene.accent * 0.9 if rng.random() < 0.25 else scene.tint(scene.sky * 0.6 + scene.hills * 0.5)
    snow = rng.uniform(0.25, 0.5)
    with paint.drawing(scene.picture) as pen:
        scene.area(pen, np.concatenate([left[::-1], right]), cone)
        reach = int(12 * snow) + 2
        teeth = np.linspace(left[reach - 1], right[reach - 1], 13)
        teeth[1::2, 1] -= rng.uniform(0.02, 0.09, 6) + 0.02
        scene.area(pen, np.concatenate([left[:reach][::-1], right[:reach], teeth[::-1][1:-1]]), scene.paper, 0)
    y, _ = paint.grid(scene.n)
    for height in rng.uniform(top + 0.1, level, rng.integers(1, 4)):
        mist = (
            0.02 - np.abs(y - height + 0.02 * paint.noise(rng, scene.n, 2, 6)) + 0.012 * paint.noise(rng, scene.n, 3, 5)
        )
        paint.over(scene.picture, scene.paper, 0.9 * paint.edge(mist, 0.01))
    with paint.drawing(scene.picture) as pen:
        if rng.random() < 0.5:
            shore(scene, pen, level)
        else:
            for height in np.linspace(level, 0.95, 3):
                scene.land(pen, scene.ridge(height, 0.03), scene.tint(scene.hills, 0.2))
        for _ in range(rng.integers(0, 5)):
            scene.pine(pen, rng.uniform(0.02, 0.98), rng.uniform(level + 0.12, 1), rng.uniform(0.12, 0.35))


def shore(scene: Scene, pen: ImageDraw.ImageDraw, level: float) -> None:
    """Water from a level down, wiped lighter in the middle, with spits of land and boats."""
    rng = scene.rng
    bands = np.linspace(level, 1.02, 9)
    for top, bottom, share in zip(bands, bands[1:], np.abs(np.linspace(-1, 1, 8)) ** 1.5):
        colour = scene.water * (1 - 0.7 * (1 - share)) + scene.paper * 0.7 * (1 - share)
        pen.rectangle([0, scene.n * top, scene.n, scene.n * bottom], fill=paint.ink(colour))
    paint.line(pen, scene.n, np.array([[0, level], [1, level]]), paint.ink(scene.line), 0.005)
    for _ in range(rng.integers(0, 3)):  # a spit of land from one side
        height, reach = rng.uniform(level, 0.95), rng.uniform(0.2, 0.6)
        spit = paint.curve(
            [[-0.1, height - 0.04], [reach * 0.6, height - 0.03], [reach, height], [-0.1, height + 0.05]]
        )
        spit = spit if rng.random() < 0.5 else spit * [-1, 1] + [1, 0]
        scene.area(pen, spit, scene.tint(scene.hills, 0.2))
    for _ in range(rng.integers(1, 6)):
        boat(scene, pen, rng.uniform(0.1, 0.9), rng.uniform(level + 0.04, 0.95), rng.uniform(0.04, 0.1))


def boat(scene: Scene, pen: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
    """A hull and a square sail."""
    hull = np.array([[-1, -0.25], [-0.6, 0.1], [0.6, 0.1], [1.1, -0.3]])
    sail = np.array([[-0.45, -0.3], [-0.4, -1.7], [0.4, -1.7], [0.5, -0.3]])
    scene.area(pen, [x, y] + size * sail, scene.paper, 0.005)
    scene.area(pen, [x, y] + size * hull, scene.tint(scene.line * 0.5 + scene.hills * 0.5), 0.005)


def wave(scene: Scene) -> None:
    """A breaking wave over ranks of lesser ones, foam on their crests."""
    rng = scene.rng
    level = rng.uniform(0.5, 0.65)
    scene.bokashi(scene.horizon * 0.6 + scene.sky * 0.4, rng.uniform(0.2, 0.6), scene.horizon, level)
    deep = scene.water * 0.5 + scene.sky * 0.5
    with paint.drawing(scene.picture) as pen:
        if rng.random() < 0.5:  # the mountain, far away
            x, size = rng.uniform(0.5, 0.85), rng.uniform(0.06, 0.14)
            peak = np.array([[x - 1.4 * size, level], [x - 0.2 * size, level - size], [x + 0.2 * size, level - size]])
            scene.area(pen, np.concatenate([peak, [[x + 1.4 * size, level]]]), scene.paper, 0.006)
        for rank, height in enumerate(np.linspace(level, 0.98, rng.integers(4, 7))):
            swell(scene, pen, height, 0.04 + 0.02 * rank, scene.tint(deep if rank % 2 else scene.water, 0.1))
            if rank == 1:
                breaker(scene, pen, deep)


def swell(scene: Scene, pen: ImageDraw.ImageDraw, height: float, amplitude: float, colour: np.ndarray) -> None:
    """A rank of waves: pointed crests, foam along them."""
    rng = scene.rng
    x = np.linspace(-0.1, 1.1, 90)
    crests = 1 - np.abs(np.sin(math.pi * (x * rng.uniform(1.2, 3) + rng.uniform(0, 1)))) ** 0.7
    ridge = np.stack([x, height - amplitude * crests + 0.01 * np.sin(9 * x)], 1)
    scene.land(pen, ridge, colour)
    paint.line(pen, scene.n, ridge + [0, 0.012], paint.ink(scene.paper), 0.016)
    paint.line(pen, scene.n, ridge + [0, 0.05], paint.ink(scene.paper, 0.35), 0.008)


def breaker(scene: Scene, pen: ImageDraw.ImageDraw, colour: np.ndarray) -> None:
    """The great wave: it rises from the left and curls over, its edge torn to claws of foam."""
    rng = scene.rng
    jitter = rng.normal(0, 0.02, (6, 2))
    outer = [[-0.15, 0.75], [0.02, 0.5], [0.16, 0.27], [0.36, 0.16], [0.54, 0.22], [0.6, 0.36]]
    inner = [[0.6, 0.37], [0.5, 0.34], [0.41, 0.4], [0.38, 0.55], [0.46, 0.72], [0.7, 0.9]]
    outer = paint.curve(np.array(outer) + jitter, 40)
    inner = paint.curve(np.array(inner) + jitter[::-1], 40)
    drop = [0.0, rng.uniform(-0.04, 0.14)]
    outer, inner = outer + drop, inner + drop
    scene.area(pen, np.concatenate([outer, inner, [[0.6, 1.1], [-0.15, 1.1]]]), colour)
    for share in (0.25, 0.5, 0.75):  # the water's own lines follow its back
        path = outer[::-1] * share + inner * (1 - share)
        paint.line(pen, scene.n, path[8:], paint.ink(scene.paper, 0.6), 0.012)
    claws = np.concatenate([outer[14:], inner[:10]])
    for place in claws + rng.normal(0, 0.012, claws.shape):
        scene.dot(pen, place, rng.uniform(0.018, 0.035), scene.paper, paint.ink(scene.line))
    for place in rng.uniform([0.3, 0.1], [0.8, 0.5], (24, 2)):  # spray
        scene.dot(pen, place, rng.uniform(0.003, 0.008), scene.paper)


def moon(scene: Scene) -> None:
    """A full moon over water at night, reeds before it, geese across it."""
    rng = scene.rng
    level = rng.uniform(0.55, 0.75)
    night = scene.sky * 0.7
    paint.over(scene.picture, night, 0.45 + np.zeros((scene.n, scene.n), np.float32))
    scene.bokashi(night * 0.7, rng.uniform(0.4, 0.9), scene.horizon, level)
    with paint.drawing(scene.picture) as pen:
        place = rng.uniform([0.2, 0.18], [0.8, 0.42])
        scene.dot(pen, place, rng.uniform(0.08, 0.2), scene.paper, paint.ink(scene.line))
        scene.land(pen, scene.ridge(level - 0.03, 0.03), scene.tint(night * 0.6 + scene.hills * 0.4))
        shore(scene, pen, level)
        if rng.random() < 0.7:  # geese, in a line
            start, step = rng.uniform(0.1, 0.6, 2) * [1, 0.6], rng.normal(0, 0.03, 2) + [0.06, 0.02]
            for place in start + np.arange(rng.integers(4, 9))[:, None] * step:
                wings = place + np.array([[-0.025, -0.012], [0, 0], [0.025, -0.012]])
                paint.line(pen, scene.n, wings, paint.ink(scene.line), 0.008)
        for foot in rng.uniform(-0.05, 1.05, rng.integers(0, 18)):  # reeds
            lean = rng.normal(0.05, 0.06)
            reed = paint.curve([[foot, 1.05], [foot + lean / 3, 0.85], [foot + lean, rng.uniform(0.6, 0.85)]], 12)
            paint.line(pen, scene.n, reed, paint.ink(scene.tint(scene.trees, 0.3)), 0.009)


def rain(scene: Scene) -> None:
    """A bridge in a shower, the far shore nothing but a shadow."""
    rng = scene.rng
    level = rng.uniform(0.42, 0.56)
    scene.bokashi(scene.line, rng.uniform(0.15, 0.35), scene.water, level)
    shadow = scene.paper * 0.5 + scene.sky * 0.4
    with paint.drawing(scene.picture) as pen:
        scene.area(pen, np.concatenate([scene.ridge(level - 0.05, 0.03), [[1.1, level], [-0.1, level]]]), shadow, 0)
        shore(scene, pen, level)
        bridge(scene, pen)
        slant = rng.uniform(0.08, 0.3)
        for x in rng.uniform(-0.3, 1.0, 46):
            top = rng.uniform(-0.2, 0.6)
            drop = np.array([[x, top], [x + slant * 0.5, top + 0.5]])
            paint.line(pen, scene.n, drop, paint.ink(scene.line, 0.5), 0.003)


def bridge(scene: Scene, pen: ImageDraw.ImageDraw) -> None:
    """An arched bridge on posts, with people on it."""
    rng = scene.rng
    foot, rise, lean = rng.uniform(0.66, 0.82), rng.uniform(0.08, 0.22), rng.normal(0, 0.1)
    x = np.linspace(-0.1, 1.1, 40)
    deck = np.stack([x, foot - rise * np.sin(math.pi * x).clip(-0.3) + lean * (x - 0.5)], 1)
    for place in deck[3::5]:
        paint.line(pen, scene.n, np.array([place, [place[0], place[1] + 0.5]]), paint.ink(scene.line), 0.018)
    wood = scene.tint(scene.horizon * 0.6 + scene.hills * 0.4)
    scene.area(pen, np.concatenate([deck, deck[::-1] + [0, 0.055]]), wood)
    for k in rng.integers(4, 36, rng.integers(2, 7)):
        x, y = deck[k] + [0, 0.02]
        robe = np.array([[x - 0.02, y], [x - 0.014, y - 0.07], [x + 0.014, y - 0.07], [x + 0.02, y]])
        scene.area(pen, robe, [scene.accent, scene.sky, scene.hills][rng.integers(3)], 0.004)
        hat = np.array([[x - 0.03, y - 0.065], [x, y - 0.1], [x + 0.03, y - 0.065]])
        scene.area(pen, hat, scene.horizon, 0.004)
    paint.line(pen, scene.n, deck - [0, 0.03], paint.ink(scene.line), 0.008)


def blossom(scene: Scene) -> None:
    """A branch in blossom, or a maple's, close by, before a far shore."""
    rng = scene.rng
    level = rng.uniform(0.6, 0.85)
    scene.bokashi(scene.accent if rng.random() < 0.4 else scene.sky, rng.uniform(0.3, 0.6), scene.horizon, level)
    flowers = scene.accent if rng.random() < 0.4 else scene.paper * 0.7 + scene.accent * 0.3
    with paint.drawing(scene.picture) as pen:
        if rng.random() < 0.5:
            shore(scene, pen, level)
        else:
            scene.land(pen, scene.ridge(level, 0.02), scene.tint(scene.hills))
        start, end = np.array([-0.1, rng.uniform(0.4, 1)]), np.array([rng.uniform(0.7, 1.1), rng.uniform(0.0, 0.5)])
        limb = paint.curve(start + np.linspace(0, 1, 5)[:, None] * (end - start) + rng.normal(0, 0.05, (5, 2)), 50)
        paint.brush(rng, pen, scene.n, limb, scene.line * 1.6, rng.uniform(0.03, 0.09), bristles=6, dry=0.05)
        for place in limb[rng.integers(5, 50, rng.integers(6, 12))]:
            bends = np.cumsum([[0, 0], *rng.normal([0.02, -0.06], 0.05, (3, 2))], axis=0)
            twig = paint.curve(place + bends, 12)
            paint.line(pen, scene.n, twig, paint.ink(scene.line), 0.009)
            for flower in twig[rng.integers(2, 12, 6)] + rng.normal(0, 0.02, (6, 2)):
                colour, outline = scene.tint(flowers, 0.1), paint.ink(scene.line, 0.6)
                scene.dot(pen, flower, rng.uniform(0.014, 0.028), colour, outline)


def village(scene: Scene) -> None:
    """Roofs among trees below a hill, in green or in snow."""
    rng = scene.rng
    level, snow = rng.uniform(0.4, 0.6), rng.random() < 0.35
    sky = scene.line * 0.6 + scene.sky * 0.4 if snow else scene.sky
    scene.bokashi(sky, rng.uniform(0.2, 0.4), scene.horizon, level)
    cover, line = scene.paper if snow else scene.hills, paint.ink(scene.line)
    with paint.drawing(scene.picture) as pen:
        scene.land(pen, scene.ridge(level, 0.08), scene.tint(cover * 0.8 + scene.sky * 0.2))
        scene.land(pen, scene.ridge(level + 0.14, 0.04), scene.tint(cover))
        for foot in np.sort(rng.uniform(level + 0.2, 0.95, rng.integers(2, 6))):
            x, wide = rng.uniform(0.05, 0.95), rng.uniform(0.1, 0.2)
            tall = wide * rng.uniform(0.5, 0.8)
            scene.pine(pen, x + wide * rng.choice([-1.2, 1.2]), foot, rng.uniform(0.15, 0.4))
            house = [x, foot] + np.array([wide, tall]) * [[-0.8, -0.7], [0.8, -0.7], [0.8, 0], [-0.8, 0]]
            scene.area(pen, house, scene.tint(scene.horizon))
            for post in x + wide * np.array([-0.4, 0, 0.4]):
                paint.line(pen, scene.n, np.array([[post, foot - 0.7 * tall], [post, foot]]), line, 0.006)
            roof = [x, foot] + np.array([wide, tall]) * [[-1.1, -0.55], [-0.6, -1.3], [0.6, -1.3], [1.1, -0.55]]
            scene.area(pen, roof, scene.paper if snow else scene.tint(scene.trees * 0.5 + scene.line * 0.7, 0.2))
        scene.land(pen, scene.ridge(0.96, 0.02), scene.tint(cover * 0.9 + scene.paper * 0.1))
        for flake in rng.uniform(0, 1, (60 if snow else 0, 2)):
            scene.dot(pen, flake, 0.006, scene.paper)


def actor(scene: Scene) -> None:
    """A head and shoulders before a plain ground: black hair, a white face, a patterned robe."""
    rng, n = scene.rng, scene.n
    plain = [scene.paper * 0.75, scene.horizon, scene.water, scene.line * 1.3][rng.integers(4)]
    paint.over(scene.picture, scene.tint(plain), np.ones((n, n), np.float32))
    robe, lapel = np.array([scene.accent, scene.sky, scene.hills, scene.water])[rng.permutation(4)[:2]]
    skin = scene.paper * 0.5 + np.array([0.5, 0.47, 0.42])
    black, line, spots, lapel = scene.line * 0.7, paint.ink(scene.line), lapel, paint.ink(lapel)
    middle, size = np.array([rng.uniform(0.42, 0.58), rng.uniform(0.36, 0.44)]), rng.uniform(0.17, 0.23)

    def at(*points) -> np.ndarray:
        """Places, counted in half faces from the middle of the face."""
        return middle + size * np.array(points)

    def oval(x: float, y: float, wide: float, tall: float) -> np.ndarray:
        turn = np.linspace(0, 2 * math.pi, 40)
        return at(*np.stack([x + wide * np.cos(turn), y + tall * np.sin(turn)], 1))

    with paint.drawing(scene.picture) as pen:
        shoulders = at([-2.7, 3.2], [-2, 1.9], [-0.6, 1], [0.7, 1], [2, 1.8], [2.9, 3.2]) + rng.normal(0, 0.02, (6, 2))
        scene.land(pen, paint.curve(shoulders, 40), robe)
        if rng.random() < 0.5:  # a striped robe, or a spotted one
            for x in np.linspace(-2.4, 2.4, 13):
                paint.line(pen, n, at([0.5 * x, 2.2], [1.2 * x, 3.4]), lapel, 0.014)
        else:
            for place in oval(0, 3, 2.1, 0.6):
                scene.dot(pen, place, 0.018, spots)
        scene.area(pen, at([-0.4, 0.5], [0.5, 0.5], [0.75, 1.6], [0, 2.1], [-0.7, 1.5]), skin)  # the neck
        paint.line(pen, n, at([-0.8, 1.2], [0.1, 2.5]), lapel, 0.035)
        paint.line(pen, n, at([0.85, 1.2], [-0.1, 2.5]), lapel, 0.035)
        scene.area(pen, oval(0.12, -0.32, 1.12, 0.95), black)
        scene.area(pen, oval(rng.uniform(0.3, 0.9), -1.2, 0.55, 0.3), black)  # the knot
        face = oval(-0.06, 0.12, 0.74, 1.02)
        face[face[:, 1] > middle[1] + 0.2 * size] -= [0.1 * size, 0]  # it looks to the left
        scene.area(pen, face, skin)
        for lean in rng.uniform(-0.9, 0.2, rng.choice([0, 3])):  # pins in the hair
            paint.line(pen, n, at([0, -0.7], [1.5 * math.sin(lean), -0.8 - 0.9 * math.cos(lean)]), lapel, 0.014)
        for side in (-0.55, 0.12):
            brow = paint.curve(at([side, -0.22], [side + 0.2, -0.34], [side + 0.42, -0.24]), 12)
            paint.line(pen, n, brow, line, 0.014)
            paint.line(pen, n, at([side + 0.02, 0.06], [side + 0.38, 0.03]), line, 0.012)
        paint.line(pen, n, paint.curve(at([-0.2, -0.1], [-0.36, 0.4], [-0.2, 0.45]), 12), line, 0.007)
        paint.line(pen, n, at([-0.3, 0.72], [-0.08, 0.7]), paint.ink(scene.accent), 0.02)


_SUBJECTS = (mountain, wave, moon, rain, blossom, village, actor)


# --- the sheet ----------------------------------------------------------------------------------------------


def _script(scene: Scene) -> None:
    """A cartouche with a column of signs, and a red seal."""
    rng, n = scene.rng, scene.n
    left, top, wide, tall = rng.choice([0.06, 0.84]), 0.05, 0.07, rng.uniform(0.16, 0.28)
    with paint.drawing(scene.picture) as pen:
        box = np.array([[left, top], [left + wide, top], [left + wide, top + tall], [left, top + tall]])
        scene.area(pen, box, scene.accent if rng.random() < 0.6 else scene.paper, 0.006)
        for down in np.arange(top + 0.025, top + tall - 0.02, 0.038):
            for _ in range(3):
                stroke = np.array([left + wide / 2, down]) + rng.uniform(-0.016, 0.016, (2, 2))
                paint.line(pen, n, stroke, paint.ink(scene.line), 0.006)
        x, y = rng.choice([0.08, 0.9]), rng.uniform(0.75, 0.9)
        pen.rectangle(
            [n * (x - 0.018), n * (y - 0.026), n * (x + 0.018), n * (y + 0.026)], fill=paint.ink(scene.accent)
        )


def _border(scene: Scene) -> None:
    """Leave the paper bare around the picture, its corners rounded, with a line around it."""
    y, x = paint.grid(scene.n)
    margin, corner = scene.rng.uniform(0.02, 0.06), 0.04
    out = [np.maximum(np.abs(place - 0.5) - (0.5 - margin - corner), 0) for place in (x, y)]
    inside = corner - np.hypot(*out)
    paint.over(scene.picture, scene.paper, paint.edge(-inside, 0.004))
    paint.over(scene.picture, scene.line, paint.edge(0.004 - np.abs(inside), 0.003))


def japanese_print(count: int, size: int = 64, seed: int = 0, *, curated: bool = False) -> np.ndarray:
    """Print `count` invented Japanese prints.

    Picture i depends on `seed`, i and `size` alone, so asking for more pictures keeps the first ones; asking for
    another size keeps the compositions.

    Args:
        count: how many pictures, 0 or more.
        size: height and width in pixels, 8 or more (made for 8 to 512).
        seed: 0 or more.
        curated: without effect: the study chose no pictures among its own.

    Returns:
        (count, size, size, 3) uint8, RGB from 0 to 255.

    Raises:
        ValueError: if `count` or `seed` is negative, or `size` is below 8.
    """

    def draw(index: int, n: int) -> np.ndarray:
        rng = np.random.default_rng([seed, index])
        subject = _SUBJECTS[rng.integers(len(_SUBJECTS))]
        colours = _colours(rng)
        scene = Scene(rng, paint.ground(rng, n, colours[0], 0.03).astype(np.float32), *colours)
        subject(scene)
        if rng.random() < 0.5:
            scene.picture = scene.picture[:, ::-1].copy()
        if rng.random() < 0.7:
            _script(scene)
        if rng.random() < 0.4:
            _border(scene)
        # The grain of the block lies across; the paper has yellowed here and there.
        grain = 0.035 * paint.noise(rng, n, 48, 3) + 0.05 * paint.noise(rng, n, 3, 3)
        return np.clip(scene.picture * (1 + grain[..., None]), 0, 1)

    return paint.collection(count, size, seed, draw)


def _colours(rng: np.random.Generator) -> np.ndarray:
    """One printing (8, 3) of the table, each colour a little off, and all of them more or less faded."""
    row = PRINTINGS[rng.integers(len(PRINTINGS))]
    lab = paint.to_oklab(np.array([list(bytes.fromhex(colour)) for colour in row.split()]) / 255)
    lab += rng.normal(0, 0.015, lab.shape)
    lab[:, 1:] *= rng.uniform(0.75, 1.25)
    return paint.from_oklab(lab).astype(np.float32)
