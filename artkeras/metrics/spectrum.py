"""Power spectra of luminance: missing high frequencies (blur) and checkerboard artifacts. No features are needed."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from artkeras.errors import UserError
from artkeras.metrics.arrays import image_array

LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601, as Pillow's "L"

# Power of the rounding to 256 grey levels, on luminance in [0, 1]. Nothing below it can be measured, and added to
# every power it keeps the logarithm of a flat picture finite.
ROUNDING = 1 / 12 / 255**2


def power_spectrum(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Power of the luminance against frequency, whatever the direction: the spectrum of a typical picture.

    Per picture: luminance in [0, 1], its mean taken off, a Hann window (without it the picture's edges, which do not
    meet, would fill all frequencies), Fourier transform, mean over each ring of frequencies; then the geometric mean
    over the pictures. Scaled so that noise of variance v that differs from pixel to pixel has about the power v at
    every frequency, plus `ROUNDING`, which is added so that flat pictures have a logarithm. After Durall, Keuper and
    Keuper, "Watch your up-convolution" (2020), arXiv 2003.01826, who average plainly. But a hundredth of the
    colour-field paintings carries an eighth of all their fine detail, so a plain mean is that of a few pictures:
    random halves of the paintings then differ twice as much.

    Args:
        pictures: (n, height, width, 3) uint8, sides of at least 8.

    Returns:
        frequencies: (m,) cycles a pixel, in steps of 1 / the shorter side, from one step up to 0.71 (the corners,
            where a checkerboard of single pixels lies).
        power: (m,) at least `ROUNDING`.

    Raises:
        UserError: no uint8 RGB pictures, or smaller ones.
    """
    return _typical("pictures", pictures)


def spectrum_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """How much the spectra differ: mean over the frequencies of the absolute difference, in decibels.

    Args:
        real: (n_real, height, width, 3) uint8.
        fake: (n_fake, height, width, 3) uint8.

    Returns:
        At least 0; 3 means that power is double or half of what it should be throughout. Random halves of 900
        paintings differ by 0.2 to 0.7.

    Raises:
        UserError: as for `power_spectrum`, or the sizes differ.
    """
    _, real_power, fake_power = _spectra(real, fake)
    return float(np.abs(10 * np.log10(fake_power / real_power)).mean())


def checkerboard(pictures: np.ndarray) -> dict[int, float]:
    """Excess power at the frequencies that upsampling by strides of 2, 4 and 8 leaves behind.

    Transposed convolutions whose kernels overlap unevenly print a pattern of their stride's period on the picture:
    Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts" (2016), distill.pub. Its base frequencies
    are 1/stride along either axis and along both. Power there is compared with the geometric mean of the power two
    and three steps away along the same axes (one step away the Hann window spreads the peak itself; off the axes
    level stripes, which are honest paint, have nothing). A coarse pattern with sharp edges shows at the smaller
    strides as well.

    Args:
        pictures: (n, height, width, 3) uint8.

    Returns:
        {stride: excess}: 0 for none, 1 for twice the power of the neighbourhood, and no upper end. Four studies'
        paintings at 64 pixels lie between -0.07 and 0.03; a checkerboard of one grey level is far above. A stride is
        left out when the sides are no multiples of it or shorter than six of its periods: 64-pixel pictures have 2,
        4 and 8, 32-pixel ones 2 and 4. Of 40 pictures, chance alone makes up to 0.3 either way.

    Raises:
        UserError: as for `power_spectrum`, or no stride can be measured.
    """
    height, width = image_array("pictures", pictures).shape[1:3]
    places = {
        stride: _places(height, width, stride)
        for stride in (2, 4, 8)
        if not (height % stride or width % stride) and min(height, width) >= 6 * stride
    }
    if not places:
        raise UserError(f"pictures of {height} x {width} pixels show no checkerboards: use at least 12, an even number")
    sums: dict[int, list[Any]] = {stride: [0.0] * len(found) for stride, found in places.items()}
    for power in _powers("pictures", pictures):
        for stride, found in places.items():
            for i, (rows, columns) in enumerate(found):
                here = power[:, rows, columns] + ROUNDING
                # Each picture counts alike: an upsampling prints on all of them, and no few paintings with strong
                # stripes shall pass for one.
                sums[stride][i] += (here / here.mean(1, keepdims=True)).sum(0)
    return {
        stride: float(np.mean([s[0] / np.exp(np.log(s[1:]).mean()) for s in found]) - 1)
        for stride, found in sums.items()
    }


def blur(real: np.ndarray, fake: np.ndarray, *, above: float = 0.25) -> float:
    """How much of the fine detail is missing: share of the real power, averaged over the high frequencies.

    Frequency by frequency, so that noise or a checkerboard at one does not make up for what lacks at another.

    Args:
        real: (n_real, height, width, 3) uint8.
        fake: (n_fake, height, width, 3) uint8.
        above: the frequency, in cycles a pixel, from which on detail is fine; in (0, 0.5].

    Returns:
        0 when all is there (or more), 1 when all is missing. Random halves of 900 paintings differ by up to 0.1.

    Raises:
        UserError: as for `power_spectrum`, or the sizes differ, or `above` is out of range.
    """
    if not 0 < above <= 0.5:
        raise UserError(f"above must lie in (0, 0.5] cycles a pixel, not {above}")
    frequencies, real_power, fake_power = _spectra(real, fake)
    return float(np.maximum(1 - fake_power / real_power, 0)[frequencies >= above].mean())


def _powers(name: str, pictures: np.ndarray) -> Iterator[np.ndarray]:
    """Yield block after block of the power of each picture's luminance: (k, height, width), frequency 0 at [0, 0]."""
    pictures = image_array(name, pictures)
    _, height, width, _ = pictures.shape
    if min(height, width) < 8:
        raise UserError(f"{name} are {height} x {width} pixels, and spectra need at least 8 x 8")
    # Periodic: over whole periods its transform has three terms only, so a peak reaches one step to either side.
    window = np.outer(*(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in (height, width)))
    for start in range(0, len(pictures), 64):
        light = pictures[start : start + 64] @ (LUMA / 255)
        # The mean as the window sees it, or what is left of it would leak into the lowest frequencies.
        light -= (light * window).sum((1, 2), keepdims=True) / window.sum()
        yield np.square(np.abs(np.fft.fft2(light * window))) / np.square(window).sum()


def _places(height: int, width: int, stride: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(rows, columns) in a transform of each base frequency of a stride, followed by those of its neighbourhood."""
    down, right = height // stride, width // stride
    points = [(0, right), (down, 0), (down, right), (down, width - right)]
    found = []
    for y, x in dict.fromkeys(points):  # for stride 2 the two diagonals are one
        around = [(y, x + step) for step in (-3, -2, 2, 3) if x] + [(y + step, x) for step in (-3, -2, 2, 3) if y]
        rows, columns = np.transpose([(y, x), *around])
        found.append((rows % height, columns % width))
    return found


def _typical(name: str, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over rings one step of the shorter side wide, without frequency 0; geometric means over the pictures."""
    logs = np.zeros(1)
    for power in _powers(name, pictures):
        _, height, width = power.shape
        side = min(height, width)
        radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
        ring = np.rint(radius * side).astype(np.int64).ravel()
        means = np.stack([np.bincount(ring, picture.ravel()) for picture in power]) / np.bincount(ring)
        logs = logs + np.log(means + ROUNDING).sum(0)
    return np.arange(1, len(logs)) / side, np.exp(logs[1:] / len(pictures))


def _spectra(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The frequencies, and both sets' power at them."""
    frequencies, real_power = _typical("real", real)
    _, fake_power = _typical("fake", fake)
    if np.shape(real)[1:] != np.shape(fake)[1:]:
        raise UserError(
            f"real and fake pictures differ in size, {np.shape(real)[1:3]} and {np.shape(fake)[1:3]} pixels: resize "
            "one set"
        )
    return frequencies, real_power, fake_power
