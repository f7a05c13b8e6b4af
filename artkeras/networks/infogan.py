"""The pair of study 3 (abstract art by LSGAN, Chad Hayes), after the appendix of InfoGAN (arXiv 1606.03657).

It is DCGAN with a latent of 128, biases, a dense layer at the end of the discriminator, and weights as PyTorch starts
them: the study sets no initialiser. By our arithmetic 3,808,963 and 2,768,321 parameters.
"""

import keras

from artkeras.networks import dcgan

HIDDEN = 1024  # units of each dense layer of the first, failed step; the study does not say how many


def generator(latent_dim: int = 128, size: int = 64, width: int = 64, *, dense: int = 0) -> keras.Model:
    """Latents to pictures; see `artkeras.networks.dcgan.generator`.

    Args:
        latent_dim: length of a latent vector; published 128.
        size: side of the picture, a power of two from 16 to 256; published 64.
        width: filters of the layer before the last; published 64.
        dense: dense layers before the convolutions: the study's first step had some, its networks proper none.

    Returns:
        (n, latent_dim) -> (n, size, size, 3) in [-1, 1], float32.
    """
    return dcgan.generator(
        latent_dim, size, width, bias=True, hidden=(HIDDEN * width // 64,) * dense, weights="pytorch"
    )


def discriminator(size: int = 64, width: int = 64, *, dense: int = 0) -> keras.Model:
    """Pictures to one raw score each; see `artkeras.networks.dcgan.discriminator`.

    Args:
        size: side of the picture, a power of two from 16 to 256; published 64.
        width: filters of the first convolution; published 64.
        dense: further dense layers before the score.

    Returns:
        (n, size, size, 3) in [-1, 1] -> (n, 1), float32.
    """
    return dcgan.discriminator(
        size, width, bias=True, head="dense", hidden=(HIDDEN * width // 64,) * dense, weights="pytorch"
    )
