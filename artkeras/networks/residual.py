"""Residual networks without normalisation, for small sets of paintings.

Nothing but 3 x 3 and 1 x 1 convolutions, LeakyReLU and additions, after R3GAN (Huang et al. 2024, arXiv 2501.05441) but
much smaller: at 64 pixels, width 64, 1.9 million parameters in the generator. On a processor the costly part is memory
traffic at full size, so most of the work is done at half the side and below.

- The generator pads by repeating the edge. Zeros would tell it where the edge is, and it would draw a frame there.
- It doubles by bilinear interpolation, and at the last stage by spreading channels over pixels (sub-pixel
  convolution), with two more convolutions after it: so fine texture can be drawn without checkerboard artifacts.
- Each stage adds noise that depends on the latents: a fixed random projection of them, one value a pixel, times a
  learned weight a channel. It gives brushwork something to follow, and the same latents still give the same image.
"""

from typing import Any

import keras
from keras import layers, ops

from artkeras.networks.blocks import DepthToSpace, stages

MOST = 4  # times `width`: the most filters of a layer
BRANCH = 0.25  # of the variance: what a residual block adds at first


class EdgePadding(layers.Layer):
    """Repeat the outermost pixels once on each side: (n, h, w, c) -> (n, h + 2, w + 2, c)."""

    def call(self, x: Any) -> Any:
        return ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")

    def compute_output_shape(self, shape):
        n, height, width, channels = shape
        return n, height and height + 2, width and width + 2, channels


def _filters(side: int, size: int, width: int) -> int:
    """Filters at this side: `width` at half the full size, twice as many at half of that, at most four times."""
    return width * min(MOST, max(1, size // (2 * side)))


def _convolution(x, filters: int, kernel: int = 3, *, edge: bool = False, gain: float = 1.0, strides: int = 1):
    """A convolution whose result has about `gain` times the variance of what it reads."""
    initial = keras.initializers.VarianceScaling(gain, "fan_in", "truncated_normal")
    x = EdgePadding()(x) if edge else x
    return layers.Conv2D(filters, kernel, strides, "valid" if edge else "same", kernel_initializer=initial)(x)


def _block(x, *, edge: bool = False):
    """x plus a convolution of its activation, small at first: without norms, blocks that add as much as they get
    would double the variance one after another."""
    moved = _convolution(layers.LeakyReLU(negative_slope=0.2)(x), x.shape[-1], edge=edge, gain=BRANCH)
    return layers.Add()([x, moved])


def _noise(x, latents):
    """x plus a projection of the latents that is never trained, one value a pixel, weighted for each channel."""
    side, filters = x.shape[1], x.shape[-1]
    scale = latents.shape[-1] ** -0.5  # N(0, 1) a pixel
    projection = layers.Dense(
        side * side, use_bias=False, trainable=False, kernel_initializer=keras.initializers.RandomNormal(0.0, scale)
    )
    noise = layers.Reshape((side, side, 1))(projection(latents))
    weighted = layers.Conv2D(filters, 1, use_bias=False, kernel_initializer="zeros")(noise)
    return layers.Add()([x, weighted])


def generator(
    latent_dim: int = 128, size: int = 64, width: int = 64, *, full: int = 16, noise: bool = True
) -> keras.Model:
    """Latents to images: a dense layer to 4 x 4, then a residual block at each side.

    Args:
        latent_dim: length of a latent vector, drawn from N(0, 1).
        size: side of the images, a power of two from 16 to 256.
        width: filters at half the full size; twice as many at a quarter, four times below.
        full: filters at full size.
        noise: whether each stage adds noise made from the latents.

    Returns:
        (n, latent_dim) -> (n, size, size, 3), linear, about [-1, 1], float32.

    Raises:
        UserError: for a size or width that cannot be built.
    """
    stages(size, width)
    latents = keras.Input((latent_dim,), name="latents")
    filters = _filters(4, size, width)
    x = layers.Dense(4 * 4 * filters, kernel_initializer="lecun_normal")(latents)
    x = layers.Reshape((4, 4, filters))(x)
    side = 4
    while side < size // 2:
        side *= 2
        x = _convolution(x, _filters(side, size, width), 1)  # before doubling, where it costs a quarter
        x = layers.UpSampling2D(interpolation="bilinear")(x)
        x = _noise(x, latents) if noise else x
        x = _block(x, edge=True)
    x = _convolution(layers.LeakyReLU(negative_slope=0.2)(x), 4 * full, 1)
    x = DepthToSpace(2)(x)
    x = _noise(x, latents) if noise else x
    x = _block(x, edge=True)
    x = _convolution(layers.LeakyReLU(negative_slope=0.2)(x), 3, edge=True)
    return keras.Model(latents, layers.Activation("linear", dtype="float32")(x), name="generator")


def discriminator(size: int = 64, width: int = 64) -> keras.Model:
    """Images to one score each: a convolution that halves, then a residual block at each side down to 4 x 4.

    Args:
        size: side of the images, a power of two from 16 to 256.
        width: filters at half the full size, as in `generator`.

    Returns:
        (n, size, size, 3) in [-1, 1] -> (n, 1), float32; positive for "real".

    Raises:
        UserError: for a size or width that cannot be built.
    """
    stages(size, width)
    images = keras.Input((size, size, 3), name="images")
    x = _convolution(images, width, 6, strides=2)
    side = size // 2
    while side > 4:
        x = _block(x)
        side //= 2
        x = layers.AveragePooling2D(2)(x)
        x = _convolution(x, _filters(side, size, width), 1)
    x = _convolution(_block(x), x.shape[-1])
    x = layers.Flatten()(layers.LeakyReLU(negative_slope=0.2)(x))
    return keras.Model(images, layers.Dense(1, dtype="float32")(x), name="discriminator")
