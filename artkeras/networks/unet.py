"""The generator of pix2pix (Isola et al. 2016, arXiv 1611.07004, appendix 6.1.1): a U-Net.

Published total at size 256 and width 64: 54,413,955 trainable parameters (the authors' code prints 54.414 M).
"""

import random

import keras
from keras import layers

from artkeras.errors import UserError
from artkeras.networks.translation import SLOPE, convolution, instance_norm


def generator(size: int = 256, width: int = 64, dropout: float = 0.5, any_size: bool = False) -> keras.Model:
    """Pictures to pictures: halved until one pixel is left and doubled again, with skips between equal sides.

    Args:
        size: side of the pictures, a power of two of at least 16: one halving less for 128, and so on.
        width: filters of the first convolution, doubled by each of the next three; published 64.
        dropout: share of features dropped in the first three blocks of the decoder: the only noise there is.
        any_size: take pictures of any height and width that are multiples of `size`; the weights are the same.

    Returns:
        (n, size, size, 3) -> (n, size, size, 3), both in [-1, 1], float32.

    Raises:
        UserError: for a size or width that cannot be built.
    """
    if size < 16 or size & (size - 1):
        raise UserError(f"size must be a power of two of at least 16, not {size}")
    if width < 1:
        raise UserError(f"width must be at least 1, not {width}")
    halvings = size.bit_length() - 1
    filters = [width * min(8, 2**index) for index in range(halvings)]
    side = None if any_size else size
    pictures = x = keras.Input((side, side, 3), name="pictures")
    skips = []
    for index, count in enumerate(filters):
        x = layers.LeakyReLU(negative_slope=SLOPE)(x) if index else x
        x = convolution(count, 4, 2, use_bias=False)(x)
        if 0 < index < halvings - 1:  # none on the picture, and none on one pixel, which it would turn to 0
            x = instance_norm(affine=True)(x)
        skips.append(x)
    skips.pop()
    for index, count in enumerate(reversed(filters[:-1])):
        x = convolution(count, 4, 2, transposed=True, use_bias=False)(layers.ReLU()(x))
        x = instance_norm(affine=True)(x)
        if index < 3:
            # a seed of its own, drawn as Keras draws one: see `artkeras.networks.colour_field`
            x = layers.Dropout(dropout, seed=random.randint(1, 10**9))(x)
        x = layers.Concatenate()([skips.pop(), x])
    x = convolution(3, 4, 2, transposed=True)(layers.ReLU()(x))
    x = layers.Activation("tanh", dtype="float32")(x)  # pictures leave in float32 whatever the precision
    return keras.Model(pictures, x, name="generator")
