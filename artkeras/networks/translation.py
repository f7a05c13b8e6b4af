"""What the networks of picture translation (CycleGAN, pix2pix) share: reflection, weights, instance normalisation.

The studies' authors give their settings in the code of both papers: weights from N(0, 0.02), instance normalisation
with epsilon 1e-5, or batch normalisation at batch 1. On one picture the two are the same but for gamma and beta, and
pix2pix uses the statistics of the picture at hand when it translates, too; so instance normalisation it is throughout.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

SLOPE = 0.2  # of every LeakyReLU
EPSILON = 1e-5  # of PyTorch's normalisations; Keras' default is 1e-3


@keras.saving.register_keras_serializable("artkeras")
class ReflectionPadding2D(layers.Layer):
    """Pads pictures by mirroring them at their outermost pixels, which are not repeated: 3 2 [1 2 3] 2 1."""

    def __init__(self, padding: int, **options: Any):
        """Pad by so many pixels on each side; pictures must be larger than that."""
        super().__init__(**options)
        self.padding = padding

    def call(self, pictures):
        """Pad: (n, height, width, channels) -> (n, height + 2 padding, width + 2 padding, channels)."""
        sides = [self.padding, self.padding]
        return ops.pad(pictures, [[0, 0], sides, sides, [0, 0]], mode="reflect")

    def compute_output_shape(self, shape):
        """The larger shape; None stays None."""
        return (shape[0], *(side and side + 2 * self.padding for side in shape[1:3]), shape[3])

    def get_config(self):
        """What rebuilds the layer."""
        return super().get_config() | {"padding": self.padding}


def normal(mean: float = 0.0) -> keras.initializers.Initializer:
    """Draws from N(mean, 0.02). One a layer: an initialiser used twice gives the same numbers twice."""
    return keras.initializers.RandomNormal(mean, 0.02)


def convolution(
    filters: int, kernel: int, strides: int = 1, *, transposed: bool = False, **options: Any
) -> layers.Layer:
    """A convolution, "same" unless said otherwise, with weights from N(0, 0.02)."""
    kind = layers.Conv2DTranspose if transposed else layers.Conv2D
    options = {"padding": "same", "kernel_initializer": normal()} | options
    return kind(filters, kernel, strides=strides, **options)


def instance_norm(affine: bool = False) -> layers.Layer:
    """Normalises each channel of each picture by itself; affine: then scales by gamma, from N(1, 0.02), and adds beta.

    CycleGAN has it plain, pix2pix affine.
    """
    return layers.GroupNormalization(
        groups=-1, epsilon=EPSILON, scale=affine, center=affine, gamma_initializer=normal(1.0)
    )


def with_statistics_of(network: keras.Model, pictures: np.ndarray) -> keras.Model:
    """The same network, its instance normalisations holding on to the means and variances that they had on pictures.

    What it makes of a piece of a picture then does not depend on where the picture was cut. The statistics of a large
    picture are hardly others than those of its reduction: Chen et al. 2022, "Towards Ultra-Resolution Neural Style
    Transfer via Thumbnail Instance Normalization" (AAAI).

    Args:
        network: without other layers that look at whole pictures.
        pictures: (n, height, width, channels) float32 that it takes; each statistic is the mean over the n.

    Returns:
        A new network for the same inputs; the one that was given stays as it is.
    """
    norms = [layer for layer in network.layers if isinstance(layer, layers.GroupNormalization)]
    measured = [moment for layer in norms for moment in ops.moments(layer.input, axes=[1, 2])]
    measure = keras.Model(network.input, measured)
    measure.compile(optimizer=None, jit_compile=False)  # as one function, which frees what it no longer needs
    found = [np.mean(values, axis=0) for values in measure.predict_on_batch(pictures)]

    def held(layer: layers.Layer) -> layers.Layer:
        if not isinstance(layer, layers.GroupNormalization):
            return type(layer).from_config(layer.get_config())
        return layers.BatchNormalization(
            epsilon=layer.epsilon, scale=layer.scale, center=layer.center, name=layer.name, dtype=layer.dtype_policy
        )

    result = keras.models.clone_model(network, clone_function=held)
    for layer in network.layers:
        values = layer.get_weights()
        if layer in norms:
            index = 2 * norms.index(layer)
            values += found[index : index + 2]
        if values:
            result.get_layer(layer.name).set_weights(values)
    return result
