"""Image against image: L1, SSIM, PSNR, reconstruction error; and saturation."""

import math

import numpy as np

from artkeras.errors import UserError
from artkeras.metrics.arrays import image_array, image_pair


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two uint8 arrays of one shape, in dB: 6 more is half the error.

    Infinite when they are equal.

    Raises:
        UserError: for other arrays.
    """
    if one.shape != other.shape or one.dtype != np.uint8 or other.dtype != np.uint8:
        raise UserError(f"psnr compares uint8 pictures of one shape, not {one.shape} and {other.shape}")
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return 10 * math.log10(255**2 / error) if error else math.inf


def absolute_difference(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Mean absolute difference (L1) of each picture from the one it should be, where black to white is 1.

    Args:
        real: (n, height, width, 3) uint8.
        fake: the same shape, picture i beside picture i.

    Returns:
        (n,) float64 from 0 to 1.

    Raises:
        UserError: they are no pictures, or of different shapes.
    """
    real, fake = image_pair(real, fake)
    return np.array([np.abs(r.astype(np.float64) - f).mean() / 255 for r, f in zip(real, fake, strict=True)])


def ssim(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Structural similarity of each picture and the one it should be: 1 where they are equal, about 0 at chance.

    Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment" (2004): a Gaussian window of 11 x 11 pixels, sigma 1.5,
    K1 = 0.01, K2 = 0.03, at every place where it fits whole; the mean over places and the three channels.

    Args:
        real: (n, height, width, 3) uint8, at least 11 pixels a side.
        fake: the same shape, picture i beside picture i.

    Returns:
        (n,) float64.

    Raises:
        UserError: they are no pictures, of different shapes, or smaller than the window.
    """
    real, fake = image_pair(real, fake)
    if min(real.shape[1:3]) < len(_WINDOW):
        raise UserError(f"SSIM needs pictures of at least {len(_WINDOW)} pixels a side, not {real.shape[1:3]}")
    found = []
    for x, y in zip(real, fake, strict=True):
        x, y = x.astype(np.float64), y.astype(np.float64)
        mean_x, mean_y = _windowed(x), _windowed(y)
        var_x, var_y = _windowed(x * x) - mean_x**2, _windowed(y * y) - mean_y**2
        covariance = _windowed(x * y) - mean_x * mean_y
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        similar = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
        found.append(np.mean(similar / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))))
    return np.array(found)


_WINDOW = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
_WINDOW /= _WINDOW.sum()


def _windowed(x: np.ndarray) -> np.ndarray:
    """Weighted means over windows that fit whole: (height, width, 3) -> (height - 10, width - 10, 3)."""
    for axis in (0, 1):
        places = x.shape[axis] - len(_WINDOW) + 1
        x = sum(
            weight * x[start : start + places] if axis == 0 else weight * x[:, start : start + places]
            for start, weight in enumerate(_WINDOW)
        )
    return x


def saturation(pictures: np.ndarray) -> np.ndarray:
    """How colourful each picture is: the mean saturation of its pixels, as in HSV (Smith 1978); grey and black are 0.

    Args:
        pictures: (n, height, width, 3) uint8.

    Returns:
        (n,) float64 from 0 to 1.

    Raises:
        UserError: they are no pictures.
    """
    found = []
    for picture in image_array("pictures", pictures):
        high, low = picture.max(axis=2).astype(np.float64), picture.min(axis=2)
        found.append(np.mean((high - low) / np.maximum(high, 1)))
    return np.array(found)


def reconstruction_error(originals: np.ndarray, copies: np.ndarray) -> np.ndarray:
    """How far copies are from their originals: root mean squared difference, a number for each picture.

    Args:
        originals, copies: (n, height, width, 3) uint8, in one order.

    Returns:
        (n,) float64, shares of the way from black to white.

    Raises:
        UserError: no uint8 RGB pictures, or the shapes differ.
    """
    originals, copies = image_array("originals", originals), image_array("copies", copies)
    if originals.shape != copies.shape:
        raise UserError(f"originals are {originals.shape} and copies {copies.shape}: give as many of one size")
    differences = (a.astype(np.float64) - b for a, b in zip(originals, copies, strict=True))
    return np.array([np.sqrt(np.mean(difference**2)) / 255 for difference in differences])


def largest_step(walk: np.ndarray) -> float:
    """How unevenly pictures change along a walk: the largest step between neighbours, over the mean step.

    Steps are root mean squared differences. A fade from one picture to another gives 1, a cut in the middle of n
    pictures n - 1.

    Args:
        walk: (n, height, width, 3) uint8, n at least 2.

    Returns:
        At least 1; 1 where nothing changes at all.

    Raises:
        UserError: fewer than two, or no uint8 RGB pictures.
    """
    walk = image_array("walk", walk)
    if len(walk) < 2:
        raise UserError("a walk has at least two pictures")
    steps = reconstruction_error(walk[:-1], walk[1:])
    return float(steps.max() / steps.mean()) if steps.any() else 1.0
