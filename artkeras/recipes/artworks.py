"""Study 5c: a vanilla GAN on the best artworks of all time (a course report), and its mode collapse.

The report's pictures are cropped to 150 x 150; its network is "a plain convolutional GAN", no more is published. Ours
is the plainest there is: `artkeras.networks.dcgan` without any normalisation, 64 x 64, weights as Keras starts them.

    python -m artkeras train artworks/vanilla_gan --holdout 0.1
    python -m artkeras train artworks/vanilla_gan --quick       # under a minute on a laptop
"""

from artkeras.recipes.recipe import DRAWN, EMA, Builder, Recipe

PLAIN = {"norm": False, "bias": True, "weights": "keras"}

VANILLA_GAN = Recipe(
    name="artworks/vanilla_gan",
    study="artworks",
    model=Builder("artkeras.models.gan:GAN"),
    ema=EMA,
    networks={
        "generator": Builder("artkeras.networks.dcgan:generator", latent_dim=100, **PLAIN),
        "discriminator": Builder("artkeras.networks.dcgan:discriminator", head="dense", **PLAIN),
    },
    width=64,
    epochs=200,
    subset="all",
    expand=False,
    fit="crop",
    change="a plain convolutional GAN without any normalisation: expected to collapse",
    source="a course report, study 5c",
    published={"epochs": "not reported", "time": "not reported", "reported": "mode collapse"},
    departures=(
        "64 x 64 pixels; the report's crops were 150 x 150",
        "network, batch size, learning rate and epochs are not published",
        DRAWN,
    ),
    laptop={"size": 32, "width": 16, "batch_size": 16, "limit": 300, "epochs": 40, "sample_every": 10},
)
"""Two plain networks."""

RECIPES = (VANILLA_GAN,)
