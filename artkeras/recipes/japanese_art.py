"""Study 4: Japanese art by DCGAN (Gao and Qin), in three versions.

The study's folder of 2,235 pictures makes 17 steps an epoch at batch 128, its unit of comparison: 5,100, 1,700 and
6,800 iterations. With other pictures, choose the epochs that make as many. Networks of PyTorch's DCGAN tutorial in
`artkeras.networks.dcgan`, the step in `artkeras.models.gan.GAN`; Adam 5e-4, beta_1 0.5.

    python -m artkeras train japanese_art/v1 --holdout 0.1
    python -m artkeras train japanese_art/v1 --quick       # under a minute on a laptop
"""

from dataclasses import replace

from artkeras.losses import SMOOTHED_BCE
from artkeras.recipes.recipe import DRAWN, EMA, Builder, Recipe

GENERATOR = Builder("artkeras.networks.dcgan:generator", latent_dim=100, activation="relu")

V1 = Recipe(
    name="japanese_art/v1",
    study="japanese_art",
    model=Builder("artkeras.models.gan:GAN"),
    ema=EMA,
    networks={"generator": GENERATOR, "discriminator": Builder("artkeras.networks.dcgan:discriminator")},
    optimizer=Builder("artkeras.models.gan:adam", learning_rate=5e-4, epsilon=1e-8),
    width=64,
    epochs=300,
    subset="all",
    expand=False,
    fit="crop",
    change="DCGAN as in PyTorch's tutorial",
    source="Gao and Qin, study 4",
    published={
        "epochs": "300 (5,100 iterations)",
        "time": "not reported",
        "reported": "losses diverge after 2,000 iterations, spikes after 2,500",
    },
    departures=(
        "the sigmoid is computed inside the loss, from logits",
        "the study has 2,235 images of Japanese art; ours may be fewer or others, see their number",
        "how an image becomes a square is not published: the middle is cut out, as in the tutorial",
        DRAWN,
    ),
    # 18 steps an epoch; the three versions' numbers of steps are to each other as the published ones
    laptop={"size": 32, "width": 16, "batch_size": 16, "limit": 300, "epochs": 54, "sample_every": 18},
)
"""The tutorial's networks and losses."""

V2 = replace(
    V1,
    name="japanese_art/v2",
    networks={**V1.networks, "generator": GENERATOR.but(activation="leaky_relu")},
    loss=SMOOTHED_BCE,
    epochs=100,
    change="labels drawn from [0, 0.3] and [0.7, 1]; LeakyReLU in the generator",
    published={
        "epochs": "100, stopped (1,700 iterations)",
        "time": "not reported",
        "reported": "blur and checkerboards; losses diverge after 500 iterations",
    },
    laptop={**V1.laptop, "epochs": 18},
    departures=(
        *V1.departures,
        "the generator's target is drawn from [0.7, 1] like a real picture's label; the study does not say",
    ),
)
"""Smoothed labels, and LeakyReLU in the generator."""

V3 = replace(
    V2,
    name="japanese_art/v3",
    networks=V1.networks,
    epochs=400,
    change="labels drawn from [0, 0.3] and [0.7, 1]; ReLU in the generator again",
    published={
        "epochs": "400 (6,800 iterations)",
        "time": "not reported",
        "reported": "losses do not diverge as much as before (from 6,000 on in the figure); more structure over time; "
        "pictures come and go",
    },
    laptop={**V1.laptop, "epochs": 72},
)
"""Version 2 with the generator of version 1."""

RECIPES = (V1, V2, V3)
