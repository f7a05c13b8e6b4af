"""Palettes: which colours each image has, and how two sets of images differ in them. No network is needed."""

import numpy as np

from artkeras.errors import UserError
from artkeras.metrics.arrays import at_least, image_array

PROJECTIONS = 64  # directions of the sliced distance
QUANTILES = 256  # at which two sets of unequal size are compared

# sRGB to CIE XYZ under D65, rows divided by the white point, IEC 61966-2-1
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_TO_XYZ /= _TO_XYZ.sum(1, keepdims=True)


def lab(images: np.ndarray) -> np.ndarray:
    """Colours in CIE L*a*b*, where equal distances look about equally different.

    Args:
        images: (..., 3) uint8 sRGB.

    Returns:
        (..., 3) float64: L from 0 (black) to 100 (white), a from green to red, b from blue to yellow.
    """
    levels = np.arange(256) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)[images]
    xyz = linear @ _TO_XYZ.T
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def palettes(images: np.ndarray) -> np.ndarray:
    """Each image's palette in six numbers: mean and standard deviation of its pixels in L*a*b*.

    Args:
        images: (n, height, width, 3) uint8.

    Returns:
        (n, 6) float64.

    Raises:
        UserError: they are no images.
    """
    found = np.empty((len(images), 6))
    for i, image in enumerate(image_array("images", images)):
        colours = lab(image).reshape(-1, 3)
        found[i] = *colours.mean(0), *colours.std(0)
    return found


def palette_distance(real: np.ndarray, fake: np.ndarray, *, seed: int = 0) -> float:
    """How far the palettes of two sets are from each other, as a share of the spread of the real ones.

    The sliced Wasserstein distance of `palettes` (Bonneel et al., "Sliced and Radon Wasserstein barycenters of
    measures", 2015), divided by the distance of the real ones from their own mean: a generator that always uses the
    average palette scores 1 or a little more, and one that mixes a few extreme palettes can score above it.

    Args:
        real: (n_real, height, width, 3) uint8.
        fake: (n_fake, height2, width2, 3) uint8.
        seed: of the directions.

    Returns:
        At least 0, which two draws from one distribution come near to the more images there are: about 0.1 for
        halves of 900 paintings.

    Raises:
        UserError: a set holds fewer than 2 images, or the real ones have all the same palette.
    """
    sets = [palettes(images) for images in (real, fake)]
    if min(map(len, sets)) < 2:
        raise UserError(f"palettes are compared of at least 2 images a set, not {len(sets[0])} and {len(sets[1])}")
    directions = np.random.default_rng(at_least("seed", seed, 0)).standard_normal((6, PROJECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    places = (np.arange(QUANTILES) + 0.5) / QUANTILES
    real_lines, fake_lines = (np.quantile(points @ directions, places, axis=0) for points in sets)
    spread = np.abs(real_lines - (sets[0].mean(0) @ directions)).mean()
    if not spread:
        raise UserError("the real images have all the same palette: there is nothing to compare with")
    return float(np.abs(real_lines - fake_lines).mean() / spread)
