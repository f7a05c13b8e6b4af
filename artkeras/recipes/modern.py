"""A GAN and a rectified flow as one would build them today for a small set of pictures: the studies', or your own.

None of the studies had them. The GAN's pieces answer what failed in the studies: no normalisation (model 3), no
transposed convolutions (checkerboard artifacts), a loss that compares pairs of a painting and a generated image,
penalties on the discriminator's gradient, augmentation of all that the discriminator sees, averaged weights. A
diffusion model, which the flow is, was the wish of study 4. See `artkeras.models.regularized` and `.flow`,
`artkeras.networks.residual` and `.flow`.

    python -m artkeras train modern/gan --data MY_PICTURES
    python -m artkeras train modern/gan_colour_field --holdout 0.1 --eval-every 5
"""

from dataclasses import replace

from artkeras.losses import RELATIVISTIC
from artkeras.recipes.recipe import EMA, Builder, Recipe

QUICK = {"size": 32, "batch_size": 16, "limit": 300}

GAN = Recipe(
    name="modern/gan",
    study="pictures",
    model=Builder("artkeras.models.regularized:RegularizedGAN", mirror=True),
    ema=EMA,
    networks={
        "generator": Builder("artkeras.networks.residual:generator"),
        "discriminator": Builder("artkeras.networks.residual:discriminator"),
    },
    optimizer=Builder("artkeras.models.gan:adam", beta_1=0.0, beta_2=0.99),
    loss=RELATIVISTIC,
    width=64,
    batch_size=32,
    epochs=300,
    subset="all",
    expand=False,
    fit="crop",
    change="residual networks without norms, relativistic loss, gradient penalties, DiffAugment, averaged weights",
    source="this kit, after R3GAN (Huang et al. 2024) and DiffAugment (Zhao et al. 2020)",
    laptop=QUICK | {"width": 32, "epochs": 60, "sample_every": 20},
)
"""For pictures of your own: a folder given by `--data`, or one called `pictures`."""

ABSTRACT = replace(GAN, name="modern/gan_abstract", study="abstract", epochs=150, change="the modern GAN on abstracts")

COLOUR_FIELD = replace(
    GAN,
    name="modern/gan_colour_field",
    study="colour_field",
    model=GAN.model.but(mirror=False),  # the six copies hold the mirrored ones
    subset="kept",
    expand=True,
    fit="stretch",
    epochs=80,
    change="the modern GAN on colour fields",
    laptop=QUICK | {"width": 32, "limit": 120, "epochs": 25, "sample_every": 5},
)

JAPANESE_ART = replace(
    GAN, name="modern/gan_japanese_art", study="japanese_art", epochs=250, change="the modern GAN on Japanese prints"
)

MONET = replace(GAN, name="modern/gan_monet", study="monet", epochs=300, change="the modern GAN on Monet's paintings")

FLOW = replace(
    GAN,
    name="modern/flow",
    task="flow",
    model=Builder("artkeras.models.flow:RectifiedFlow", mirror=True),
    networks={"velocity": Builder("artkeras.networks.flow:unet")},
    optimizer=Builder("artkeras.models.flow:adamw"),
    loss=None,
    change="rectified flow: one network learns the way from noise to images",
    source="this kit, after Liu et al. 2022; a diffusion model was the wish of study 4",
    laptop=QUICK | {"width": 16, "epochs": 80, "sample_every": 20},
)
"""For pictures of your own, as `modern/gan`. On an accelerator give its network norms and attention."""

FLOW_ABSTRACT = replace(
    FLOW, name="modern/flow_abstract", study="abstract", epochs=150, change="the rectified flow on abstracts"
)

FLOW_COLOUR_FIELD = replace(
    FLOW,
    name="modern/flow_colour_field",
    study="colour_field",
    model=FLOW.model.but(mirror=False),
    subset="kept",
    expand=True,
    fit="stretch",
    epochs=80,
    change="the rectified flow on colour fields",
    laptop=QUICK | {"width": 16, "limit": 120, "epochs": 30, "sample_every": 10},
)

RECIPES = (GAN, COLOUR_FIELD, ABSTRACT, JAPANESE_ART, MONET, FLOW, FLOW_COLOUR_FIELD, FLOW_ABSTRACT)
