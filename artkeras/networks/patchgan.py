"""The discriminator of CycleGAN and pix2pix: a PatchGAN (Isola et al. 2016, arXiv 1611.07004, appendix 6.1.2).

Published totals at width 64: 2,764,737 parameters on one picture (CycleGAN; the authors' code prints 2.765 M) and
2,768,705 on two (pix2pix; 2.769 M).
"""

import keras
from keras import layers

from artkeras.errors import UserError
from artkeras.networks.translation import SLOPE, convolution, instance_norm


def discriminator(
    size: int = 256, width: int = 64, depth: int | None = None, pictures: int = 1, affine: bool = False
) -> keras.Model:
    """Pictures to a map of scores, positive for "real", each of a patch of 70 x 70 pixels (at depth 3).

    Args:
        size: side of the pictures.
        width: filters of the first convolution, doubled by each of the next three; published 64.
        depth: convolutions that halve; 3 judges patches of 70 pixels, 2 of 34, 1 of 16. Default as published, 3, at
            256 pixels; 2 at 128 and 1 at 64, where a patch so is the same quarter of a picture, and the map 30 x 30.
        pictures: 1, or 2 for a pair side by side in the channels.
        affine: gamma and beta after the normalisation, and no bias before it, as where pix2pix has batch norm.

    Returns:
        (n, size, size, 3 pictures) in [-1, 1] -> (n, m, m, 1) logits, float32; m is 30 at 256 pixels and depth 3.

    Raises:
        UserError: for a size too small for a score, or a width or depth that cannot be built.
    """
    if depth is None:
        depth = 3 if size >= 192 else 2 if size >= 96 else 1
    if depth < 1 or width < 1:
        raise UserError(f"depth and width must be at least 1, not {depth} and {width}")
    if size < 3 * 2**depth:
        raise UserError(f"size must be at least {3 * 2**depth} at depth {depth}, not {size}")
    shown = x = keras.Input((size, size, 3 * pictures), name="pictures")
    for index in range(depth + 1):
        count = width * min(8, 2**index)
        if index < depth:
            x = convolution(count, 4, 2, use_bias=not (index and affine))(x)
        else:
            x = _unstrided(count, x, use_bias=not affine)
        x = instance_norm(affine)(x) if index else x
        x = layers.LeakyReLU(negative_slope=SLOPE)(x)
    x = _unstrided(1, x, dtype="float32")
    return keras.Model(shown, x, name="discriminator")


def _unstrided(count: int, x, **options):
    """A 4 x 4 convolution with one pixel of zeros on each side: the map loses one pixel."""
    return convolution(count, 4, padding="valid", **options)(layers.ZeroPadding2D(1)(x))
