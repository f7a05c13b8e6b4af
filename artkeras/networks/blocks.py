"""What the convolutional networks of several studies share: sizes, initial weights, one convolution, one norm."""

import math
from typing import Any

import keras
from keras import initializers, layers, ops

from artkeras.errors import UserError

WEIGHTS = ("dcgan", "pytorch", "keras")
LEAST, MOST = 16, 256  # sides of pictures, in pixels


def stages(size: int, width: int) -> int:
    """How often a side of 4 must be doubled to give `size`.

    Raises:
        UserError: when `size` is no power of two from 16 to 256, or there is no filter in `width`.
    """
    if not LEAST <= size <= MOST or size & (size - 1):
        raise UserError(f"size must be a power of two from {LEAST} to {MOST}, not {size}")
    if width < 1:
        raise UserError(f"width must be at least 1, not {width}")
    return int(math.log2(size)) - 2


def _initial(weights: str, fan_in: int) -> dict:
    """Initialisers of a convolution's or a dense layer's kernel and bias, fresh ones: one instance repeats itself."""
    if weights == "dcgan":  # Radford et al. 2015, and the PyTorch tutorial made from it
        return {"kernel_initializer": initializers.RandomNormal(0.0, 0.02)}
    if weights == "pytorch":  # its default: kernel and bias uniform in +-1 / sqrt(fan_in)
        bound = 1 / math.sqrt(fan_in)
        return {
            "kernel_initializer": initializers.RandomUniform(-bound, bound),
            "bias_initializer": initializers.RandomUniform(-bound, bound),
        }
    if weights == "keras":
        return {}
    raise UserError(f"weights must be one of {', '.join(map(repr, WEIGHTS))}, not {weights!r}")


def convolution(
    x: keras.KerasTensor,
    filters: int,
    kernel: int,
    *,
    strides: int = 1,
    padding: str = "same",
    weights: str,
    **more: Any,
) -> keras.KerasTensor:
    """A convolution: (n, height, width, channels) -> (n, height / strides, width / strides, filters).

    A stride of 2 with a 4 x 4 kernel and padding "same" is PyTorch's `padding=1`.
    """
    fan_in = kernel * kernel * x.shape[-1]
    return layers.Conv2D(filters, kernel, strides, padding, **_initial(weights, fan_in), **more)(x)


def transposed(
    x: keras.KerasTensor,
    filters: int,
    kernel: int,
    *,
    strides: int = 1,
    padding: str = "same",
    weights: str,
    **more: Any,
) -> keras.KerasTensor:
    """A transposed convolution: (n, height, width, channels) -> (n, height * strides, width * strides, filters).

    PyTorch counts as its fan-in the channels that it makes, not those it reads; so does this.
    """
    fan_in = kernel * kernel * filters
    return layers.Conv2DTranspose(filters, kernel, strides, padding, **_initial(weights, fan_in), **more)(x)


def dense(x: keras.KerasTensor, units: int, *, weights: str, **more: Any) -> keras.KerasTensor:
    """A dense layer: (n, features) -> (n, units)."""
    return layers.Dense(units, **_initial(weights, x.shape[-1]), **more)(x)


def batch_norm(x: keras.KerasTensor, *, weights: str) -> keras.KerasTensor:
    """Batch normalisation with PyTorch's values (epsilon 1e-5, moving statistics of momentum 0.9); Keras' for "keras".

    With "dcgan" weights the scales start as N(1, 0.02).
    """
    if weights == "keras":
        return layers.BatchNormalization()(x)
    gamma = initializers.RandomNormal(1.0, 0.02) if weights == "dcgan" else "ones"
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=gamma)(x)


def activate(x: keras.KerasTensor, kind: str) -> keras.KerasTensor:
    """The activation called "relu" or "leaky_relu" (slope 0.2)."""
    if kind not in ("relu", "leaky_relu"):
        raise UserError(f"activation must be 'relu' or 'leaky_relu', not {kind!r}")
    return (layers.ReLU() if kind == "relu" else layers.LeakyReLU(negative_slope=0.2))(x)


def to_rgb(x: keras.KerasTensor) -> keras.KerasTensor:
    """Squash to [-1, 1]; pictures leave in float32 whatever the precision."""
    return layers.Activation("tanh", dtype="float32")(x)


class DepthToSpace(layers.Layer):
    """(n, h, w, c * scale^2) -> (n, h * scale, w * scale, c): channel (i * scale + j) * c + k to row i, column j."""

    def __init__(self, scale: int, **options: Any):
        super().__init__(**options)
        self.scale = scale

    def call(self, x):
        n, height, width, channels = ops.shape(x)
        scale, left = self.scale, channels // self.scale**2
        x = ops.reshape(x, (n, height, width, scale, scale, left))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (n, height * scale, width * scale, left))

    def compute_output_shape(self, shape):
        n, height, width, channels = shape
        return n, height and height * self.scale, width and width * self.scale, channels // self.scale**2
