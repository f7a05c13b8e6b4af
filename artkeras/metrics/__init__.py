"""How good a generator is: maths on arrays of features and of images. No Keras, no files.

Features are (n, d) floats, a row an image, from any network; which one, and how images were resized for it, is part of
a score's name (see `protocol_name`), because numbers from different protocols cannot be compared. Images are
(n, height, width, 3) uint8 RGB. Real rows are paintings *before* augmentation, one row a painting: six copies of one
painting are one painting, and counting them six times makes every metric here wrong (`check_originals`).

Everything is computed in float64 and in blocks, so that 2,000 samples against 900 paintings need little memory.
What a score is called, means and belongs to is in `artkeras.metrics.registry`.
"""

from artkeras.metrics.distribution import (
    Score,
    frechet_distance,
    kid,
    precision_recall,
    scaled,
)
from artkeras.metrics.diversity import (
    Diversity,
    Memorization,
    check_originals,
    diversity,
    diversity_of_images,
    duplicates,
    memorization,
    memorization_of_images,
    nearest,
    nearest_image,
    neighbours,
    six_copies,
    without_duplicates,
)
from artkeras.metrics.fidelity import (
    absolute_difference,
    largest_step,
    psnr,
    reconstruction_error,
    saturation,
    ssim,
)
from artkeras.metrics.palette import palette_distance, palettes
from artkeras.metrics.records import protocol_name, record
from artkeras.metrics.spectrum import blur, checkerboard, power_spectrum, spectrum_distance

__all__ = [
    "Diversity",
    "Memorization",
    "Score",
    "absolute_difference",
    "blur",
    "check_originals",
    "checkerboard",
    "diversity",
    "diversity_of_images",
    "duplicates",
    "frechet_distance",
    "kid",
    "largest_step",
    "memorization",
    "memorization_of_images",
    "nearest",
    "nearest_image",
    "neighbours",
    "palette_distance",
    "palettes",
    "power_spectrum",
    "precision_recall",
    "protocol_name",
    "psnr",
    "reconstruction_error",
    "record",
    "saturation",
    "scaled",
    "six_copies",
    "spectrum_distance",
    "ssim",
    "without_duplicates",
]
