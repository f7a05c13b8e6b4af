"""Invented facades with their label maps, for when the CMP facades of study 5 are not at hand.

A facade is a list of rectangles, each of one of the twelve classes of the CMP Facade Database. The label map shows
the class of each in the colours that pix2pix's authors gave them; the photograph is the same list built of brick,
plaster, glass and wood. What a wall is made of is drawn by chance and is not in the labels, as in the real set.

>>> pairs = facades(100, size=64, seed=0)      # (100, 64, 128, 3) uint8: photographs left, label maps right

Source: our own; classes and colours are those of the CMP Facade Database (Tyleček and Šára, 2013).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from artkeras.synthetic import paint

CLASSES = {
    "background": (0, 0, 170),
    "facade": (0, 0, 255),
    "window": (0, 85, 255),
    "door": (0, 170, 255),
    "cornice": (0, 255, 255),
    "sill": (85, 255, 170),
    "balcony": (170, 255, 85),
    "blind": (255, 255, 0),
    "deco": (255, 170, 0),
    "molding": (255, 85, 0),
    "pillar": (255, 0, 0),
    "shop": (170, 0, 0),
}
"""Class -> colour in a label map."""

# walls, then woodwork: RGB between 0 and 1, chosen by eye
_WALLS = ((0.72, 0.62, 0.48), (0.60, 0.36, 0.27), (0.80, 0.76, 0.68), (0.66, 0.64, 0.60), (0.74, 0.55, 0.40),
          (0.82, 0.72, 0.52), (0.50, 0.42, 0.37), (0.70, 0.68, 0.56))  # fmt: skip
_WOODS = ((0.32, 0.21, 0.14), (0.16, 0.22, 0.18), (0.40, 0.14, 0.11), (0.18, 0.20, 0.27), (0.46, 0.32, 0.20))


@dataclass
class _Plan:
    """What a facade is made of: (class, left, top, right, bottom), in the order in which it is laid."""

    parts: list[tuple[str, float, float, float, float]] = field(default_factory=list)

    def add(self, kind: str, left: float, top: float, right: float, bottom: float) -> None:
        self.parts.append((kind, left, top, right, bottom))


def _plan(rng: np.random.Generator) -> _Plan:
    """Floors of windows between two edges, a ground floor of doors and shops, and what adorns them."""
    plan = _Plan()
    left = rng.uniform(0.02, 0.14) if rng.random() < 0.35 else 0.0
    right = 1 - rng.uniform(0.02, 0.14) if rng.random() < 0.35 else 1.0
    top = rng.uniform(0.04, 0.16) if rng.random() < 0.6 else 0.0
    foot = 1 - rng.uniform(0.02, 0.06)
    plan.add("facade", left, top, right, foot)
    floors, columns = int(rng.integers(3, 6)), int(rng.integers(3, 7))
    ground = rng.uniform(1.0, 1.35)
    pitch = (foot - top - 0.05) / (floors - 1 + ground)
    bay = (right - left) / columns
    starts = top + 0.05 + pitch * np.arange(floors)
    has = {name: rng.random() < chance for name, chance in _CHANCES.items()}
    if has["eaves"]:
        plan.add("molding", left, top, right, top + 0.035)
    if has["pillar"]:
        thin = rng.uniform(0.012, 0.022)
        for place in left + bay * (np.arange(columns + 1) if rng.random() < 0.4 else np.array([0, columns])):
            edge = min(max(place, left + thin), right - thin)
            plan.add("pillar", edge - thin, top + 0.035, edge + thin, starts[-1])
    if has["molding"]:
        for start in starts[1:]:
            plan.add("molding", left, start - 0.008, right, start + 0.008)
    half, high = bay * rng.uniform(0.2, 0.33), pitch * rng.uniform(0.45, 0.66)
    balconies = rng.random((floors, columns)) < (0.5 if has["balcony"] else 0)
    for floor, start in enumerate(starts[:-1]):
        for column in range(columns):
            middle, head = left + bay * (column + 0.5), start + pitch * 0.2
            _window(plan, middle, half, head, high, pitch, has, balconies[floor, column])
            if has["deco"] and column:  # between two windows
                edge = left + bay * column
                plan.add("deco", edge - bay * 0.07, head + high * 0.2, edge + bay * 0.07, head + high * 0.6)
    _ground_floor(rng, plan, left, right, starts[-1], foot, columns)
    return plan


_CHANCES = {
    "eaves": 0.75,
    "molding": 0.6,
    "pillar": 0.4,
    "cornice": 0.45,
    "sill": 0.7,
    "balcony": 0.45,
    "blind": 0.3,
    "deco": 0.35,
}


def _window(plan, middle, half, head, high, pitch, has, balcony) -> None:
    plan.add("window", middle - half, head, middle + half, head + high)
    if has["blind"]:
        for side in (-1, 1):
            inner, outer = middle + side * half, middle + side * half * 1.5
            plan.add("blind", min(inner, outer), head, max(inner, outer), head + high)
    if has["cornice"]:
        plan.add("cornice", middle - half * 1.1, head - pitch * 0.1, middle + half * 1.1, head - pitch * 0.03)
    if balcony:
        plan.add("balcony", middle - half * 1.35, head + high * 0.62, middle + half * 1.35, head + high * 1.12)
    elif has["sill"]:
        plan.add("sill", middle - half * 1.15, head + high, middle + half * 1.15, head + high + 0.014)


def _ground_floor(rng, plan, left, right, start, foot, columns) -> None:
    bay = (right - left) / columns
    shops, entrance = rng.random() < 0.5, int(rng.integers(columns))
    for column in range(columns):
        middle = left + bay * (column + 0.5)
        if column == entrance:
            plan.add("door", middle - bay * 0.26, start + (foot - start) * 0.22, middle + bay * 0.26, foot)
        elif shops:
            plan.add("shop", middle - bay * 0.44, start + (foot - start) * 0.14, middle + bay * 0.44, foot - 0.012)
        else:
            plan.add("window", middle - bay * 0.25, start + 0.045, middle + bay * 0.25, foot - (foot - start) * 0.32)


# --- drawing ------------------------------------------------------------------------------------------------


def _labels(seed: int, index: int, n: int) -> np.ndarray:
    """The label map (n, n, 3), between 0 and 1."""
    plan = _plan(np.random.default_rng([seed, index, 0]))
    picture = np.tile(np.array(CLASSES["background"], np.float32) / 255, (n, n, 1))
    for kind, *box in plan.parts:
        picture[_box(n, *box)] = np.array(CLASSES[kind], np.float32) / 255
    return picture


def _box(n: int, left: float, top: float, right: float, bottom: float) -> tuple[slice, slice]:
    """The pixels of a rectangle, at least one each way."""
    rows, columns = round(top * n), round(left * n)
    return slice(rows, max(round(bottom * n), rows + 1)), slice(columns, max(round(right * n), columns + 1))


class _Photograph:
    """A facade built of materials."""

    def __init__(self, rng: np.random.Generator, n: int):
        """Choose the materials, and lay the street and the sky."""
        self.n = n
        self.wall = _colour(rng, _WALLS, 0.06)
        self.wood, self.trim = _colour(rng, _WOODS, 0.04), np.clip(self.wall + rng.uniform(0.05, 0.2), 0, 0.95)
        self.frame = self.trim if rng.random() < 0.6 else self.wood
        self.awning = rng.uniform(0.15, 0.75, 3).astype(np.float32)
        self.brick = rng.random() < 0.5
        self.light = rng.uniform(0.75, 1.1)
        y, _ = paint.grid(n)
        sky = np.array([0.70, 0.80, 0.90], np.float32) + np.float32(rng.uniform(-0.1, 0.08))
        self.picture = np.repeat((sky * (1 - 0.15 * y[..., None])).astype(np.float32), n, axis=1)
        self.picture *= 1 + 0.05 * paint.noise(rng, n, 5, 4)[..., None]
        self.picture[int(0.94 * n) :] = np.array([0.42, 0.41, 0.40], np.float32)  # a pavement
        self.grain = paint.noise(rng, n, 60, 60) + paint.noise(rng, n, 120, 120)
        self.stain = paint.noise(rng, n, 5, 7)

    def fill(self, box, colour, texture: float = 0.0) -> None:
        """One colour, with grain."""
        self.picture[box] = colour * (1 + texture * self.grain[box][..., None])

    def shade(self, left, top, right, bottom, by: float) -> None:
        """A shadow, or light where `by` is above 1."""
        self.picture[_box(self.n, left, top, right, bottom)] *= by

    def facade(self, left, top, right, bottom) -> None:
        box = _box(self.n, left, top, right, bottom)
        self.fill(box, self.wall, 0.06)
        self.picture[box] *= 1 + 0.08 * self.stain[box][..., None]
        if self.brick:
            y, x = paint.grid(self.n)
            row = np.floor(y * 72)
            joint = (y * 72 % 1 < 0.22) | ((x * 36 + 0.5 * (row % 2)) % 1 < 0.1)
            self.picture[box] *= 1 - 0.16 * joint[box][..., None]

    def window(self, left, top, right, bottom) -> None:
        box = _box(self.n, left, top, right, bottom)
        self.fill(box, self.frame, 0.03)
        wide, high = right - left, bottom - top
        frame = min(0.1 * wide, 0.1 * high)
        middle, bar = (left + right) / 2, top + 0.34 * high
        for a, b in ((left + frame, middle - frame / 3), (middle + frame / 3, right - frame)):
            for c, d in ((top + frame, bar - frame / 3), (bar + frame / 3, bottom - frame)):
                pane = _box(self.n, a, c, b, d)
                glass = np.linspace(0.34, 0.14, self.picture[pane].shape[0], dtype=np.float32)[:, None, None]
                self.picture[pane] = glass * np.array([0.9, 1.0, 1.12], np.float32)
        self.shade(left, top, right, top + 0.06 * high, 0.6)

    def door(self, left, top, right, bottom) -> None:
        self.fill(_box(self.n, left, top, right, bottom), self.trim)
        wide, high = right - left, bottom - top
        self.fill(_box(self.n, left + 0.1 * wide, top + 0.05 * high, right - 0.1 * wide, bottom), self.wood, 0.08)
        light = _box(self.n, left + 0.16 * wide, top + 0.08 * high, right - 0.16 * wide, top + 0.24 * high)
        self.picture[light] = np.array([0.20, 0.23, 0.27], np.float32)
        for a, b in ((0.16, 0.47), (0.53, 0.84)):
            for c, d in ((0.32, 0.58), (0.64, 0.92)):
                self.shade(left + a * wide, top + c * high, left + b * wide, top + d * high, 0.72)

    def molding(self, left, top, right, bottom) -> None:
        self.fill(_box(self.n, left, top, right, bottom), self.trim * 1.03, 0.03)
        self.shade(left, (top + bottom) / 2, right, bottom, 0.84)
        self.shade(left, bottom, right, bottom + 0.3 * (bottom - top), 0.62)

    def cornice(self, left, top, right, bottom) -> None:
        self.fill(_box(self.n, left, top, right, bottom), self.trim, 0.03)
        self.shade(left, bottom, right, bottom + 0.01, 0.6)

    def pillar(self, left, top, right, bottom) -> None:
        box = _box(self.n, left, top, right, bottom)
        self.fill(box, self.trim, 0.03)
        wide = self.picture[box].shape[1]
        self.picture[box] *= (1 - 0.3 * np.abs(np.linspace(-1, 1, wide, dtype=np.float32)) ** 2)[:, None]
        self.shade(right, top, right + 0.008, bottom, 0.75)

    def sill(self, left, top, right, bottom) -> None:
        self.fill(_box(self.n, left, top, right, bottom), self.trim * 1.06)
        self.shade(left, bottom, right, bottom + 0.01, 0.6)

    def balcony(self, left, top, right, bottom) -> None:
        iron, slab = np.array([0.10, 0.10, 0.11], np.float32), bottom - 0.2 * (bottom - top)
        self.fill(_box(self.n, left, slab, right, bottom), self.trim * 0.95)
        bars = int(np.clip((right - left) / 0.016, 4, 24))
        for place in np.linspace(left, right, bars + 1):
            self.fill(_box(self.n, place - 0.0022, top, place + 0.0022, slab), iron)
        self.fill(_box(self.n, left, top, right, top + 0.007), iron)
        self.shade(left, bottom, right, bottom + 0.02, 0.68)

    def blind(self, left, top, right, bottom) -> None:
        box = _box(self.n, left, top, right, bottom)
        self.fill(box, np.clip(self.wood * 1.5, 0, 0.8), 0.04)
        y, _ = paint.grid(self.n)
        slats = (y[box[0]] * 110 % 1 < 0.4) * 0.35
        self.picture[box] *= (1 - slats)[..., None]

    def deco(self, left, top, right, bottom) -> None:
        wide, high = right - left, bottom - top
        self.fill(_box(self.n, left, top, right, bottom), self.trim * 0.98, 0.05)
        self.shade(left + 0.2 * wide, top + 0.2 * high, right - 0.2 * wide, bottom - 0.25 * high, 0.74)
        self.shade(left, bottom, right, bottom + 0.006, 0.7)

    def shop(self, left, top, right, bottom) -> None:
        high = bottom - top
        self.fill(_box(self.n, left, top, right, bottom), self.wood, 0.05)
        glass = _box(self.n, left + 0.012, top + 0.34 * high, right - 0.012, bottom - 0.12 * high)
        self.picture[glass] = np.array([0.17, 0.17, 0.18], np.float32) * (1 + 0.5 * self.stain[glass][..., None])
        awning = _box(self.n, left, top + 0.1 * high, right, top + 0.34 * high)
        self.fill(awning, self.awning)
        _, x = paint.grid(self.n)
        self.picture[awning] += (0.25 * (x[:, awning[1]] * 44 % 1 < 0.5))[..., None]
        self.shade(left, top + 0.34 * high, right, top + 0.42 * high, 0.6)

    def finish(self) -> np.ndarray:
        """Light from above, and the camera's noise."""
        y, _ = paint.grid(self.n)
        lit = self.picture * (self.light * (1.05 - 0.15 * y[..., None]))
        return np.clip(lit + 0.015 * self.grain[..., None], 0, 1)


def _colour(rng: np.random.Generator, table, spread: float) -> np.ndarray:
    colour = np.array(table[rng.integers(len(table))], np.float32) + rng.normal(0, spread, 3)
    return np.clip(colour, 0.05, 0.9).astype(np.float32)


def _photograph(seed: int, index: int, n: int) -> np.ndarray:
    photograph = _Photograph(np.random.default_rng([seed, index, 1]), n)
    for kind, *box in _plan(np.random.default_rng([seed, index, 0])).parts:
        getattr(photograph, kind)(*box)
    return photograph.finish()


def facades(count: int, size: int = 64, seed: int = 0, *, curated: bool = False) -> np.ndarray:
    """Build `count` invented facades, each beside its label map as in the files of the real set.

    Pair i depends on `seed`, i and `size` alone, so asking for more keeps the first ones; asking for another size
    keeps the compositions.

    Args:
        count: how many, 0 or more.
        size: height and width of each half in pixels, 8 or more.
        seed: 0 or more.
        curated: has no effect; it is there because all placeholders are called alike.

    Returns:
        (count, size, 2 size, 3) uint8 RGB: photograph left, label map right.

    Raises:
        ValueError: if `count` or `seed` is negative, or `size` is below 8.
    """
    photographs = paint.collection(count, size, seed, lambda index, n: _photograph(seed, index, n))
    labels = paint.collection(count, size, seed, lambda index, n: _labels(seed, index, n))
    return np.concatenate([photographs, labels], axis=2)
