"""DCGAN (Radford et al. 2015, arXiv 1511.06434) as studies 2, 4 and 5c used it, a keyword for each difference.

The defaults are those of study 4, which took the networks of PyTorch's tutorial: no biases, batch normalisation before
the activation, weights N(0, 0.02). They have 3,578,624 and 2,767,360 parameters; PyTorch, which does not count the
moving statistics of batch normalisation, says 3,576,704 and 2,765,568.
"""

import keras
from keras import layers

from artkeras.errors import UserError
from artkeras.networks.blocks import activate, batch_norm, convolution, dense, stages, to_rgb, transposed


def _filters(side: int, size: int, width: int) -> int:
    """Filters of a layer whose pictures have this side: halved as the side doubles, `width` at half the full size."""
    return width * min(8, size // (2 * side))


def generator(
    latent_dim: int = 100,
    size: int = 64,
    width: int = 64,
    *,
    activation: str = "relu",
    norm: bool = True,
    bias: bool = False,
    widen: int = 1,
    hidden: tuple[int, ...] = (),
    weights: str = "dcgan",
) -> keras.Model:
    """Latents to pictures: projected to 4 x 4, then doubled by transposed convolutions of 4 x 4.

    Args:
        latent_dim: length of a latent vector, drawn from N(0, 1).
        size: side of the picture, a power of two from 16 to 256; published 64.
        width: filters of the layer before the last; twice as many in each one before it, eight times at most.
        activation: "relu", or "leaky_relu" with slope 0.2 (study 4, version 2).
        norm: batch normalisation before each activation.
        bias: whether hidden convolutions have biases.
        widen: multiplies all filters; 2 gives the generator of the paper's figure (1024, 512, 256, 128), study 2.
        hidden: units of dense layers before the projection.
        weights: how they start: "dcgan", "pytorch" or "keras".

    Returns:
        (n, latent_dim) -> (n, size, size, 3) in [-1, 1], float32.

    Raises:
        UserError: for a size or width that cannot be built, or an unknown name.
    """
    stages(size, width)
    latents = x = keras.Input((latent_dim,), name="latents")
    for units in hidden:
        x = activate(dense(x, units, weights=weights), activation)
    x = layers.Reshape((1, 1, x.shape[-1]))(x)
    side = 4
    while side < size:
        # the first one reads a single pixel: that is the projection to 4 x 4
        layout = {"padding": "valid"} if side == 4 else {"strides": 2}
        x = transposed(x, widen * _filters(side, size, width), 4, weights=weights, use_bias=bias, **layout)
        x = batch_norm(x, weights=weights) if norm else x
        x = activate(x, activation)
        side *= 2
    x = to_rgb(transposed(x, 3, 4, strides=2, weights=weights, use_bias=bias))
    return keras.Model(latents, x, name="generator")


def discriminator(
    size: int = 64,
    width: int = 64,
    *,
    norm: bool = True,
    norm_last: bool = False,
    bias: bool = False,
    fourth_kernel: int = 4,
    head: str = "convolution",
    hidden: tuple[int, ...] = (),
    weights: str = "dcgan",
) -> keras.Model:
    """Pictures to one score each, positive for "real": a logit, a study's sigmoid being in the loss.

    Args:
        size: side of the picture, a power of two from 16 to 256; published 64.
        width: filters of the first convolution; twice as many in each one after it, eight times at most.
        norm: batch normalisation in all hidden layers but the first.
        norm_last: put it after the activation, as study 2's table has it, instead of before.
        bias: whether hidden convolutions have biases.
        fourth_kernel: side of the fourth convolution's kernel; 5 in study 2's table.
        head: "convolution" (4 x 4 without padding) or "dense".
        hidden: units of dense layers before the score (with a dense head).
        weights: how they start: "dcgan", "pytorch" or "keras".

    Returns:
        (n, size, size, 3) in [-1, 1] -> (n, 1), float32.

    Raises:
        UserError: for a size or width that cannot be built, or an unknown name.
    """
    halvings = stages(size, width)
    if head not in ("convolution", "dense"):
        raise UserError(f"head must be 'convolution' or 'dense', not {head!r}")
    pictures = x = keras.Input((size, size, 3), name="pictures")
    for index in range(halvings):
        kernel = fourth_kernel if index == 3 else 4
        x = convolution(x, width * min(8, 2**index), kernel, strides=2, weights=weights, use_bias=bias)
        normed = norm and index > 0
        x = batch_norm(x, weights=weights) if normed and not norm_last else x
        x = activate(x, "leaky_relu")
        x = batch_norm(x, weights=weights) if normed and norm_last else x
    if head == "convolution":
        x = convolution(x, 1, 4, padding="valid", weights=weights, use_bias=bias, dtype="float32")
        x = layers.Flatten(dtype="float32")(x)
    else:
        x = layers.Flatten()(x)
        for units in hidden:
            x = activate(dense(x, units, weights=weights), "leaky_relu")
        x = dense(x, 1, weights=weights, dtype="float32")
    return keras.Model(pictures, x, name="discriminator")
