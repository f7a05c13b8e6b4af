"""Differentiable augmentation of batches (DiffAugment, Zhao et al. 2020, arXiv 2006.10738).

A discriminator that sees few paintings memorizes them. Here it never sees one twice in the same way, and since
the generated images are augmented likewise, with a gradient, the generator does not learn the augmentation.
"""

from dataclasses import dataclass

import keras
from keras import ops

from artkeras.engine import Tensor

BRIGHTNESS = 0.5  # of [-1, 1]: added, from -0.5 to 0.5
SATURATION = (0.0, 2.0)  # factor of what differs from the pixel's mean
CONTRAST = (0.5, 1.5)  # factor of what differs from the image's mean


@dataclass(frozen=True)
class DiffAugment:
    """Random colour, translation and cutout, drawn for each image.

    Attributes:
        colour: change brightness, saturation and contrast.
        translation: largest shift, as a share of the side; what is uncovered is 0. 0 for none.
        cutout: side of a square that is set to 0, as a share of the image's; 0 for none.
    """

    colour: bool = True
    translation: float = 1 / 8
    cutout: float = 1 / 2

    def __call__(self, images: Tensor, random: keras.random.SeedGenerator) -> Tensor:
        """Augment a batch.

        Args:
            images: (n, size, size, 3) floats in [-1, 1].
            random: of what is drawn.

        Returns:
            Floats of the same shape; colours may leave the range, as in the paper.
        """
        if self.colour:
            images = _colour(images, random)
        if self.translation:
            images = _translate(images, self.translation, random)
        if self.cutout:
            images = images * _outside_of_a_box(images, self.cutout, random)
        return images


def flip(images: Tensor, random: keras.random.SeedGenerator) -> Tensor:
    """Mirror each image left to right, or not, at even odds."""
    mirrored = keras.random.uniform((ops.shape(images)[0], 1, 1, 1), seed=random) < 0.5
    return ops.where(mirrored, ops.flip(images, axis=2), images)


def _colour(images: Tensor, random: keras.random.SeedGenerator) -> Tensor:
    shape = (ops.shape(images)[0], 1, 1, 1)
    added = keras.random.uniform(shape, -BRIGHTNESS, BRIGHTNESS, seed=random)
    saturation = keras.random.uniform(shape, *SATURATION, seed=random)
    contrast = keras.random.uniform(shape, *CONTRAST, seed=random)
    grey = ops.mean(images, axis=3, keepdims=True)
    mean = ops.mean(grey, axis=(1, 2), keepdims=True)
    # brightness first: it moves both means along, so that the three come down to one expression
    return (images - grey) * (saturation * contrast) + (grey - mean) * contrast + (mean + added)


def _translate(images: Tensor, share: float, random: keras.random.SeedGenerator) -> Tensor:
    count, side = ops.shape(images)[0], images.shape[1]
    reach = round(side * share)
    shifts = keras.random.randint((2, count, 1, 1), -reach, reach + 1, seed=random)
    places = ops.arange(side)
    rows = ops.reshape(places, (1, side, 1)) + shifts[0]
    columns = ops.reshape(places, (1, 1, side)) + shifts[1]
    inside = (rows >= 0) & (rows < side) & (columns >= 0) & (columns < side)
    # one gather over all pixels of the batch is the fastest way on a processor, there and back
    first = ops.reshape(ops.arange(count) * side**2, (count, 1, 1))
    flat = first + ops.clip(rows, 0, side - 1) * side + ops.clip(columns, 0, side - 1)
    pixels = ops.take(ops.reshape(images, (-1, images.shape[3])), flat, axis=0)
    return pixels * ops.cast(inside, images.dtype)[..., None]


def _outside_of_a_box(images: Tensor, share: float, random: keras.random.SeedGenerator) -> Tensor:
    """1 outside a square and 0 inside; its middle lies anywhere in the image: (n, side, side, 1)."""
    count, side = ops.shape(images)[0], images.shape[1]
    box = round(side * share)
    first = keras.random.randint((2, count, 1, 1), 0, side + 1 - box % 2, seed=random) - box // 2
    places = ops.arange(side)
    rows, columns = ops.reshape(places, (1, side, 1)) - first[0], ops.reshape(places, (1, 1, side)) - first[1]
    inside = (rows >= 0) & (rows < box) & (columns >= 0) & (columns < box)
    return 1 - ops.cast(inside, images.dtype)[..., None]
