"""Invented paintings of thick brush strokes along swirls: a style that shows from afar, for style transfer.

Source: our own composition; nothing is copied from any painting.
"""

import numpy as np
from PIL import Image, ImageDraw

from artkeras.synthetic import paint

LENGTH, WIDTH = 0.11, 0.016  # of a stroke, in parts of the canvas
JOINTS = 7  # points a stroke is bent at
BRISTLES = 7


def strokes(count: int, size: int = 64, seed: int = 0) -> np.ndarray:
    """Paint `count` invented paintings of brush strokes.

    Picture i depends on `seed`, i and `size` alone; another size keeps the compositions.

    Args:
        count: how many pictures, 0 or more.
        size: height and width in pixels, 8 or more.
        seed: 0 or more.

    Returns:
        (count, size, size, 3) uint8, RGB from 0 to 255.

    Raises:
        ValueError: for numbers below these.
    """
    if count < 0 or size < 8 or seed < 0:
        raise ValueError(f"count and seed must be 0 or more, size 8 or more: got {count}, {seed} and {size}")
    pictures = np.empty((count, size, size, 3), np.uint8)
    for index in range(count):
        large = _painting(np.random.default_rng([seed, index, 2]), 3 * size)
        pictures[index] = np.asarray(large.resize((size, size), Image.Resampling.BOX))
    return pictures


def _painting(rng: np.random.Generator, n: int) -> Image.Image:
    palette = paint.palette(rng)
    flow, colours = _flow(rng), _colours(rng, palette)
    canvas = Image.new("RGB", (n, n), _fill(palette[0]))
    pen = ImageDraw.Draw(canvas)
    places = int(1.2 / WIDTH)  # strokes a side: they overlap
    starts = (np.stack(np.meshgrid(*[np.arange(-2, places + 2)] * 2), -1).reshape(-1, 2) + 0.5) / places
    starts += rng.uniform(-0.5, 0.5, starts.shape) / places
    rng.shuffle(starts)
    paths = _paths(starts, flow, rng)  # (strokes, joints, 2)
    across = np.gradient(paths, axis=1)[..., ::-1] * (-1, 1)
    across /= np.linalg.norm(across, axis=-1, keepdims=True) + 1e-9
    offsets = np.linspace(-0.5, 0.5, BRISTLES) * WIDTH
    thick, thin = max(2, round(n * WIDTH)), max(1, round(1.6 * n * WIDTH / BRISTLES))
    shades = _at(colours, starts) * (1 + rng.normal(0, 0.09, (len(starts), 1)))
    # paint is thrown up on one side of a stroke, in the light, and lies in the shade on the other
    relief = 1 + 0.2 * np.sin(np.linspace(-1.4, 1.4, BRISTLES)) + rng.normal(0, 0.05, (len(starts), BRISTLES))
    for path, normal, shade, lights in zip(paths, across, shades, relief, strict=True):
        # the body of the stroke, a joint shorter, so that no gaps are left between the bristles
        pen.line(_points(path[:-1] * n), fill=_fill(shade), width=thick, joint="curve")
        for offset, light in zip(offsets, lights, strict=True):
            ends = slice(int(rng.integers(2)), JOINTS - int(rng.integers(2)))
            pen.line(_points((path + offset * normal)[ends] * n), fill=_fill(shade * light), width=thin)
    return canvas


def _flow(rng: np.random.Generator, n: int = 128) -> np.ndarray:
    """Directions (n, n, 2), right and down: along the level lines of a few hills, which makes swirls."""
    y, x = paint.grid(n)
    height = 0.5 * paint.noise(rng, n, 5, 5) + 2 * (y - 0.5) * rng.uniform(-1, 1)
    for _ in range(rng.integers(2, 5)):
        across, down, radius = *rng.uniform(0.1, 0.9, 2), rng.uniform(0.1, 0.25)
        height = height + rng.choice([-1.2, 1.2]) * np.exp(-((x - across) ** 2 + (y - down) ** 2) / radius**2)
    down, right = np.gradient(height)
    along = np.stack([-down, right], -1)
    return along / (np.linalg.norm(along, axis=-1, keepdims=True) + 1e-9)


def _colours(rng: np.random.Generator, palette: np.ndarray, n: int = 128) -> np.ndarray:
    """The colours (n, n, 3) strokes are dipped in: bands of a smooth relief, a few strokes astray."""
    relief = paint.noise(rng, n, 4, 4) + 0.35 * paint.noise(rng, n, 12, 12) + 0.15 * rng.normal(size=(n, n))
    order = palette[paint.sequence(rng, len(palette), 9)]
    ranks = relief.argsort(axis=None).argsort().reshape(n, n) / n**2
    return order[(ranks * len(order)).astype(int)]


def _paths(starts: np.ndarray, flow: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Follow the flow from each start: (strokes, 2) -> (strokes, joints, 2)."""
    lengths = LENGTH * rng.uniform(0.5, 1.2, (len(starts), 1)) / JOINTS
    points = [starts]
    for _ in range(JOINTS - 1):
        points.append(points[-1] + lengths * _at(flow, points[-1]))
    return np.stack(points, axis=1)


def _at(field: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Values of a field (n, n, ...) at places (k, 2), right and down, 0 to 1; beyond the canvas those of its edge."""
    index = np.clip((places * len(field)).astype(int), 0, len(field) - 1)
    return field[index[:, 1], index[:, 0]]


def _points(path: np.ndarray) -> list[tuple[float, float]]:
    return [tuple(point) for point in path.tolist()]


def _fill(colour: np.ndarray) -> tuple[int, ...]:
    return tuple(np.clip(colour * 255, 0, 255).astype(int).tolist())
