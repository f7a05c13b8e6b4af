"""The generator of CycleGAN (Zhu et al. 2017, arXiv 1703.10593, appendix 7.2), after Johnson et al. 2016.

Published total at width 64: 11,378,179 parameters with 9 residual blocks (the authors' code prints 11.378 M);
7,837,699 with 6.
"""

import keras
from keras import layers

from artkeras.errors import UserError
from artkeras.networks.translation import ReflectionPadding2D, convolution, instance_norm

MULTIPLE = 4  # sides of pictures must be multiples of it: two convolutions halve them


def generator(size: int = 256, width: int = 64, blocks: int | None = None, any_size: bool = False) -> keras.Model:
    """Pictures to pictures: down to a quarter of the side, through residual blocks, and up again.

    In the paper's words c7s1-64, d128, d256, R256 x blocks, u128, u64, c7s1-3. The 7 x 7 convolutions and the blocks
    pad by reflection. Departure: the strided convolutions pad as Keras does, on the right and below only.

    Args:
        size: side of the pictures, a multiple of 4 and at least 16.
        width: filters of the first convolution; published 64.
        blocks: residual blocks; default as published, 6 up to 128 pixels and 9 above.
        any_size: take pictures of any height and width that are multiples of 4; the weights are the same.

    Returns:
        (n, size, size, 3) -> (n, size, size, 3), both in [-1, 1], float32.

    Raises:
        UserError: for a size, a width or a number of blocks that cannot be built.
    """
    if size < 16 or size % MULTIPLE:
        raise UserError(f"size must be a multiple of {MULTIPLE} of at least 16, not {size}")
    blocks = (6 if size <= 128 else 9) if blocks is None else blocks
    if width < 1 or blocks < 0:
        raise UserError(f"width must be at least 1 and blocks at least 0, not {width} and {blocks}")
    side = None if any_size else size
    pictures = x = keras.Input((side, side, 3), name="pictures")
    x = ReflectionPadding2D(3)(x)
    x = _normed(convolution(width, 7, padding="valid"), x)
    for times in (2, 4):
        x = _normed(convolution(times * width, 3, 2), x)
    for _ in range(blocks):
        x = _block(x, 4 * width)
    for times in (2, 1):
        x = _normed(convolution(times * width, 3, 2, transposed=True), x)
    x = ReflectionPadding2D(3)(x)
    x = convolution(3, 7, padding="valid")(x)
    x = layers.Activation("tanh", dtype="float32")(x)  # pictures leave in float32 whatever the precision
    return keras.Model(pictures, x, name="generator")


def _normed(layer, x, activation: bool = True):
    x = instance_norm()(layer(x))
    return layers.ReLU()(x) if activation else x


def _block(x, filters: int):
    """A residual block: two convolutions, and what went in added to what comes out."""
    y = _normed(convolution(filters, 3, padding="valid"), ReflectionPadding2D(1)(x))
    y = _normed(convolution(filters, 3, padding="valid"), ReflectionPadding2D(1)(y), activation=False)
    return layers.Add()([x, y])
