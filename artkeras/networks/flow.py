"""A U-Net that gives a velocity for an image and a time: the network of the rectified flow.

Norms and memory traffic at full size cost a processor more than the products. So by default there are no norms, and the
largest feature maps have half the side: the first convolution halves, the last one spreads its channels over pixels.
"""

import math
from typing import Any

import keras
from keras import layers, ops

from artkeras.networks.blocks import DepthToSpace, stages

WIDER = (1, 2, 3, 4)  # times `width`: filters at half the full side, a quarter, ...
FREQUENCIES = 16  # pairs of sine and cosine that a time becomes


class TimeFrequencies(layers.Layer):
    """Times as sines and cosines of rising frequency: (n, 1) in [0, 1] -> (n, 32)."""

    def call(self, times: Any) -> Any:
        rates = ops.convert_to_tensor([math.exp(i * math.log(1000) / (FREQUENCIES - 1)) for i in range(FREQUENCIES)])
        angles = ops.cast(times, "float32") * ops.cast(rates, "float32")
        return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=1)

    def compute_output_shape(self, shape):
        return shape[0], 2 * FREQUENCIES


def _convolution(x, filters: int, kernel: int = 3, *, gain: float = 1.0, **options: Any):
    initial = keras.initializers.VarianceScaling(gain, "fan_in", "truncated_normal") if gain else "zeros"
    return layers.Conv2D(filters, kernel, padding="same", kernel_initializer=initial, **options)(x)


def _block(x, condition, filters: int, *, norm: bool, dropout: float):
    """x, moved to `filters`, plus two convolutions that see the condition between them."""
    x = _convolution(x, filters, 1) if x.shape[-1] != filters else x
    y = layers.GroupNormalization(8)(x) if norm else x
    y = _convolution(layers.Activation("silu")(y), filters)
    moved = layers.Dense(2 * filters, kernel_initializer="zeros")(condition)
    scale, shift = (
        layers.Reshape((1, 1, filters))(moved[:, :filters]),
        layers.Reshape((1, 1, filters))(moved[:, filters:]),
    )
    y = layers.GroupNormalization(8)(y) if norm else y
    y = layers.Add()([y, layers.Multiply()([y, scale]), shift])
    y = layers.Activation("silu")(y)
    y = layers.Dropout(dropout)(y) if dropout else y
    return layers.Add()([x, _convolution(y, filters, gain=0.0)])


def _attention(x):
    """x plus what its places learn from each other."""
    side, filters = x.shape[1], x.shape[-1]
    places = layers.LayerNormalization()(layers.Reshape((side * side, filters))(x))
    seen = layers.MultiHeadAttention(max(1, filters // 64), min(64, filters))(places, places)
    return layers.Add()([x, layers.Reshape((side, side, filters))(seen)])


def unet(
    size: int = 64,
    width: int = 64,
    *,
    blocks: int = 1,
    norm: bool = False,
    attention: bool = False,
    dropout: float = 0.1,
) -> keras.Model:
    """Images and times to velocities.

    Args:
        size: side of the images, a power of two from 16 to 256.
        width: filters at half the full side; twice, three and four times as many below.
        blocks: residual blocks at each side, on the way down and on the way up.
        norm: group normalisation, for accelerators.
        attention: self-attention at sides of 16 and 8, for accelerators.
        dropout: share of features that each block drops in training.

    Returns:
        [(n, size, size, 3), (n, 1)] -> (n, size, size, 3), float32; all zeros before training.

    Raises:
        UserError: for a size or width that cannot be built.
    """
    stages(size, width)
    images, times = keras.Input((size, size, 3), name="images"), keras.Input((1,), name="times")
    condition = layers.Dense(4 * width, activation="silu")(TimeFrequencies(dtype="float32")(times))
    condition = layers.Dense(4 * width, activation="silu")(condition)
    sides = [size // 2 ** (1 + level) for level in range(len(WIDER)) if size // 2 ** (1 + level) >= 4]

    def level(x, filters):
        for _ in range(blocks):
            x = _block(x, condition, filters, norm=norm, dropout=dropout)
            x = _attention(x) if attention and x.shape[1] in (8, 16) else x
        return x

    x = _convolution(images, width, 6, strides=2)
    skips = []
    for index in range(len(sides)):
        x = level(x if index == 0 else layers.AveragePooling2D(2)(x), width * WIDER[index])
        skips.append(x)
    for index in reversed(range(len(sides) - 1)):
        x = _convolution(x, width * WIDER[index], 1)  # before doubling, where it costs a quarter
        x = layers.Add()([layers.UpSampling2D(interpolation="bilinear")(x), skips[index]])
        x = level(x, width * WIDER[index])
    x = _convolution(layers.Activation("silu")(x), 12, gain=0.0, dtype="float32")
    return keras.Model([images, times], DepthToSpace(2, dtype="float32")(x), name="velocity")
