"""The two halves of an autoencoder: pictures to a few numbers, and back (study 5, parts a and b).

The report says what the halves are (a convolutional encoder, a latent squeezed to [0, 1] by a sigmoid, dropout, a
decoder of transposed convolutions) but not their layers. These are as plain as the words: kernels of 4 x 4, each
convolution halves the side and doubles the filters, and the decoder mirrors the encoder.

Any side can be built: halves are rounded up on the way down, and where a side was odd the decoder doubles and cuts off
one row and one column. The report's 150 pixels go 150, 75, 38, 19, 10, 5 and back 10, 20 - 1, 38, 76 - 1, 150.
"""

import math
import random

import keras
from keras import layers

from artkeras.errors import UserError

SLOPE = 0.2  # of every LeakyReLU
SMALLEST = 5  # the side at which pictures become a list of numbers
WIDEST = 8  # times `width`, however many halvings
MOMENTUM = 0.9  # of batch norms: an epoch of a small set has few steps


def sides(size: int) -> list[int]:
    """Sides of a picture on its way through the encoder: each half of the one before, rounded up.

    >>> sides(150)
    [150, 75, 38, 19, 10, 5]
    """
    found = [size]
    while found[-1] > SMALLEST:
        found.append(-(-found[-1] // 2))
    return found


def _filters(size: int, width: int) -> list[int]:
    """Of the encoder's convolutions."""
    return [width * min(2**i, WIDEST) for i in range(len(sides(size)) - 1)]


def _check(latent_dim: int, size: int, width: int) -> None:
    if size < 16:
        raise UserError(f"size must be at least 16, not {size}")
    if latent_dim < 1 or width < 1:
        raise UserError(f"latent_dim and width must be at least 1, not {latent_dim} and {width}")


def encoder(
    latent_dim: int = 128,
    size: int = 64,
    width: int = 32,
    norm: bool = True,
    dropout: float = 0.2,
    gaussian: bool = False,
) -> keras.Model:
    """Pictures to latents.

    Args:
        latent_dim: numbers that a picture becomes; the report tried several, and does not say which.
        size: side of the pictures, at least 16; 64 here, 150 in the report.
        width: filters of the first convolution.
        norm: batch normalisation between each convolution and its LeakyReLU.
        dropout: share of the latents dropped in training (of a plain encoder; a Gaussian one has its own noise).
        gaussian: a mean and a logarithm of a variance for each latent instead of a number in [0, 1].

    Returns:
        (n, size, size, 3) in [-1, 1] -> (n, latent_dim) in [0, 1]; Gaussian: a list of means and of logarithms of
        variances, (n, latent_dim) each. Float32.

    Raises:
        UserError: for a size, width or latent_dim that cannot be built.
    """
    _check(latent_dim, size, width)
    pictures = x = keras.Input((size, size, 3), name="pictures")
    for filters in _filters(size, width):
        x = layers.Conv2D(filters, 4, strides=2, padding="same")(x)
        if norm:
            x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    x = layers.Flatten()(x)
    if gaussian:
        mean = layers.Dense(latent_dim, dtype="float32", name="mean")(x)
        # small at first: the latents start with the variance that they are compared with, whatever the picture
        log_variance = layers.Dense(latent_dim, kernel_initializer="zeros", dtype="float32", name="log_variance")(x)
        return keras.Model(pictures, [mean, log_variance], name="encoder")
    x = layers.Dense(latent_dim, activation="sigmoid", dtype="float32")(x)
    # A seed of its own, see `artkeras.networks.colour_field`.
    x = layers.Dropout(dropout, seed=random.randint(1, 10**9), dtype="float32")(x)
    return keras.Model(pictures, x, name="encoder")


def decoder(latent_dim: int = 128, size: int = 64, width: int = 32, norm: bool = True) -> keras.Model:
    """Latents to pictures: the encoder's way back.

    Args:
        latent_dim, size, width: as of the encoder.
        norm: batch normalisation between each transposed convolution and its LeakyReLU, but for the last.

    Returns:
        (n, latent_dim) -> (n, size, size, 3) in [-1, 1], float32.

    Raises:
        UserError: for a size, width or latent_dim that cannot be built.
    """
    _check(latent_dim, size, width)
    there, filters = sides(size), _filters(size, width)
    latents = x = keras.Input((latent_dim,), name="latents")
    x = layers.Dense(math.prod((there[-1], there[-1], filters[-1])))(x)
    x = layers.Reshape((there[-1], there[-1], filters[-1]))(x)
    for side, wanted in zip(reversed(there[:-1]), [*reversed(filters[:-1]), 3], strict=True):
        if norm:
            x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.LeakyReLU(negative_slope=SLOPE)(x)
        x = layers.Conv2DTranspose(wanted, 4, strides=2, padding="same")(x)
        if side % 2:
            x = layers.Cropping2D(((0, 1), (0, 1)))(x)
    x = layers.Activation("tanh", dtype="float32")(x)  # pictures leave in float32 whatever the precision
    return keras.Model(latents, x, name="decoder")
