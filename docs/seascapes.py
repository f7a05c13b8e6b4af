"""A study of one's own, in one file: `python docs/seascapes.py FOLDER` trains it on the pictures of a folder.

Everything it needs is here: a network, a recipe, a variant of the recipe, and the call that trains. The step, the data,
checkpoints, sample grids, scores and reports are the kit's.
"""

import os
import shlex
import sys
from dataclasses import replace

from artkeras.recipes import Builder, Recipe


def generator(latent_dim: int = 32, size: int = 64, width: int = 32, *, noise: float = 0.0):
    """Latents to pictures, by enlarging and convolving instead of transposed convolutions: no checkerboards.

    A network is a function that takes `size` and `width` and returns a Keras model; further keywords are what variants
    differ in. It is called with Keras already set up, so Keras is imported here and not at the top.
    """
    import keras
    from keras import layers

    latents = x = keras.Input((latent_dim,), name="latents")
    x = layers.Reshape((4, 4, 8 * width))(layers.Dense(4 * 4 * 8 * width)(x))
    side, filters = 4, 8 * width
    while side < size:
        side, filters = 2 * side, max(width, filters // 2)
        x = layers.Conv2D(filters, 3, padding="same")(layers.UpSampling2D()(x))
        x = layers.LeakyReLU(negative_slope=0.2)(layers.BatchNormalization()(x))
        if noise:  # a seed of its own, so that a resumed run goes on exactly
            x = layers.GaussianNoise(noise, seed=side)(x)
    x = layers.Conv2D(3, 3, padding="same")(x)
    return keras.Model(latents, layers.Activation("tanh", dtype="float32")(x), name="generator")


PLAIN = Recipe(
    name="seascapes/plain",
    study="seascapes",  # data/seascapes, or $ARTKERAS_DATA/seascapes, is where its pictures are looked for
    model=Builder("artkeras.models.gan:GAN"),
    networks={
        # a builder names a function by where it lives, so that a run can build the network again
        "generator": Builder("seascapes:generator", latent_dim=32),
        "discriminator": Builder("artkeras.networks.dcgan:discriminator"),
    },
    width=32,
    batch_size=32,
    epochs=200,
    subset="all",
    change="enlarging and convolving",
    source="this file",
    laptop={"size": 32, "width": 8, "batch_size": 16, "limit": 64, "epochs": 10, "sample_every": 5},
)

# A variant is its difference.
NOISY = replace(
    PLAIN,
    name="seascapes/noisy",
    networks=PLAIN.networks | {"generator": PLAIN.networks["generator"].but(noise=0.1)},
    change="noise between the layers",
)

if __name__ == "__main__":
    import artkeras

    if len(sys.argv) != 2:
        sys.exit("give the folder of your pictures: python docs/seascapes.py FOLDER")
    for recipe in (PLAIN, NOISY):
        run = artkeras.train(recipe.quick(), data=sys.argv[1])  # delete .quick() for the full run
        here = os.path.relpath(os.path.dirname(__file__))  # where the commands find this file
        command = ["python", "-m", "artkeras", "report", str(run.path), "--html", f"{recipe.name.split('/')[1]}.html"]
        command += ["--trust", "seascapes"]  # its recipe names functions of this file
        print(f"PYTHONPATH={shlex.quote(here)} {shlex.join(command)}")
