"""The two networks of study 1 (colour-field paintings, ART-GAN 2021).

Published parameter totals at width 128 and size 64: discriminator 2,101,761; generator 1,728,387 without and
1,730,435 with batch normalisation.
"""

import math
import random

import keras
from keras import layers, ops

from artkeras.errors import UserError
from artkeras.networks.blocks import stages
from artkeras.networks.spectral import SpectralConv2D

SLOPE = 0.2  # of every LeakyReLU, as published
NORMS = (False, True, "group", "instance", "spectral")
GROUPS = 8  # of channels, that a group norm normalises together


def generator(
    latent_dim: int = 100,
    size: int = 64,
    width: int = 128,
    norm: bool = False,
    slope: float = SLOPE,
    upsampling: bool = False,
    uniform: bool = False,
) -> keras.Model:
    """Latents to pictures: a 4 x 4 projection, doubled by transposed convolutions.

    The last three are not as published: they undo what the study recommends, to see what it is good for.

    Args:
        latent_dim: length of a latent vector, drawn from N(0, 1).
        size: side of the picture, a power of two from 16 to 256; published 64.
        width: filters of each transposed convolution; published 128.
        norm: batch normalisation (momentum 0.8) between each transposed convolution and its LeakyReLU.
        slope: of every LeakyReLU; 0 is a ReLU.
        upsampling: double by repeating each pixel, then a convolution of the same kernel.
        uniform: turn the latents' N(0, 1) into U(-1, 1), number by number, before anything else.

    Returns:
        (n, latent_dim) -> (n, size, size, 3) in [-1, 1], float32.

    Raises:
        UserError: for a size or width that cannot be built.
    """
    doublings = stages(size, width)
    latents = x = keras.Input((latent_dim,), name="latents")
    if uniform:
        x = ops.erf(x / math.sqrt(2))  # 2 F(x) - 1, F being the distribution function of N(0, 1)
    x = layers.Dense(4 * 4 * 2 * width)(x)
    x = layers.LeakyReLU(negative_slope=slope)(x)
    x = layers.Reshape((4, 4, 2 * width))(x)
    for _ in range(doublings):
        if upsampling:
            x = layers.Conv2D(width, 4, padding="same")(layers.UpSampling2D()(x))
        else:
            x = layers.Conv2DTranspose(width, 4, strides=2, padding="same")(x)
        if norm:
            x = layers.BatchNormalization(momentum=0.8)(x)
        x = layers.LeakyReLU(negative_slope=slope)(x)
    x = layers.Conv2D(3, 3, padding="same")(x)
    x = layers.Activation("tanh", dtype="float32")(x)  # pictures leave in float32 whatever the precision
    return keras.Model(latents, x, name="generator")


def discriminator(
    size: int = 64,
    width: int = 128,
    norm: bool | str = False,
    dropout: float = 0.4,
    momentum: float = 0.99,
    slope: float = SLOPE,
    pooling: bool = False,
) -> keras.Model:
    """Pictures to one score each, positive for "real": a logit, the study's sigmoid being in the loss.

    Args:
        size: side of the picture, a power of two from 16 to 256; published 64.
        width: filters of the first convolution (then 2, 2 and 4 times as many); published 128.
        norm: True is batch normalisation after the second to fourth convolution (model 3; the study does not say
            where it stood; with it there are 2,105,857 parameters). Or the name of another one to stand there:
            "group", "instance", or "spectral", which normalises the kernels of those convolutions.
        dropout: share of features dropped before the last layer.
        momentum: of the batch normalisation's moving statistics; 0.99 is Keras' default.
        slope: of every LeakyReLU; 0 is a ReLU. Not as published.
        pooling: halve by taking the largest of 2 x 2 after each convolution instead of by a stride of 2. Not as
            published.

    Returns:
        (n, size, size, 3) in [-1, 1] -> (n, 1), float32.

    Raises:
        UserError: for a size or width that cannot be built, or an unknown norm.
    """
    stages(size, width)
    if norm not in NORMS:
        raise UserError(f"norm must be one of {', '.join(map(repr, NORMS))}, not {norm!r}")
    pictures = x = keras.Input((size, size, 3), name="pictures")
    for index, (filters, strides) in enumerate([(width, 1), (2 * width, 2), (2 * width, 2), (4 * width, 2)]):
        convolution = SpectralConv2D if norm == "spectral" and index else layers.Conv2D
        x = convolution(filters, 3, strides=1 if pooling else strides, padding="same")(x)
        if index and norm is True:
            x = layers.BatchNormalization(momentum=momentum)(x)
        elif index and norm == "group":
            x = layers.GroupNormalization(math.gcd(GROUPS, filters))(x)
        elif index and norm == "instance":
            x = layers.GroupNormalization(groups=-1, epsilon=1e-5)(x)  # of each channel by itself
        x = layers.LeakyReLU(negative_slope=slope)(x)
        if pooling and strides > 1:
            x = layers.MaxPooling2D(strides)(x)
    x = layers.Flatten()(x)
    # A seed of its own, drawn as Keras draws one: without it the torch backend drops by PyTorch's global random
    # state, which no checkpoint holds.
    x = layers.Dropout(dropout, seed=random.randint(1, 10**9))(x)
    x = layers.Dense(1, dtype="float32")(x)
    return keras.Model(pictures, x, name="discriminator")
