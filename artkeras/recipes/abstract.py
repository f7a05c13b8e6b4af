"""Studies 2 and 3: abstract paintings, by DCGAN (Meng Chen, 2023) and by least-squares GAN (Chad Hayes).

Both learn from Kaggle's Abstract Art Gallery, 2,782 pictures, without copies; networks in `artkeras.networks.dcgan` and
`.infogan`, the step in `artkeras.models.gan.GAN`; Adam 2e-4, beta_1 0.5. Neither says its batch size. Study 2 has 128
here, 21 steps an epoch; study 3 has 64, as many as its figure of a batch shows: 43 steps an epoch, 21,700 in 500. With
64 the losses of `abstract/lsgan` follow the author's figure (generator 1.0, discriminator 0.3 falling to 0.05).

    python -m artkeras train abstract/lsgan --holdout 0.1 --eval-every 10
    python -m artkeras train abstract/lsgan --quick       # under a minute on a laptop

No score was reported but study 2's human rating: five raters gave 3.8 of 5 on average.
"""

from dataclasses import replace

from artkeras.losses import BCE, LEAST_SQUARES
from artkeras.recipes.recipe import DRAWN, EMA, Builder, Recipe

BATCH_SIZE_OURS = "the batch size is not published: 128"
BATCH_SIZE_SHOWN = "the batch size is not published: 64, as many as the author's figure of a batch shows"
CROPPED = "how a picture becomes a square is not published: the middle is cut out"

DCGAN = Recipe(
    name="abstract/dcgan",
    study="abstract",
    model=Builder("artkeras.models.gan:GAN"),
    ema=EMA,
    networks={
        "generator": Builder("artkeras.networks.dcgan:generator", latent_dim=100, widen=2),
        "discriminator": Builder("artkeras.networks.dcgan:discriminator", norm_last=True, fourth_kernel=5),
    },
    width=64,
    epochs=100,
    subset="all",
    expand=False,
    fit="crop",
    change="DCGAN; in the discriminator batch normalisation after the activation",
    source="Meng Chen, 2023, study 2",
    published={
        "epochs": "100",
        "time": "not reported",
        "reported": "loss D 1.94, G 6.49 at first, 0.17 and 4.24 at last; oscillates after iteration 1,000; fog and "
        "grids at 50 epochs, strokes at 100; five raters: 3.8 of 5",
    },
    departures=(
        BATCH_SIZE_OURS,
        CROPPED,
        DRAWN,
        "the generator is that of the DCGAN paper's figure with kernels of 4 x 4; its kernels are not published",
        "weights start as N(0, 0.02) and layers have no biases, after the DCGAN paper; the study does not say",
        "the sigmoid is computed inside the loss, from logits",
    ),
    # 18 steps an epoch, of the pictures that are found or of as many placeholders
    laptop={"size": 32, "width": 16, "batch_size": 16, "limit": 300, "epochs": 80, "sample_every": 20},
)
"""Study 2. Its table has the five convolutions that are built here, its text speaks of four."""

LSGAN = Recipe(
    name="abstract/lsgan",
    study="abstract",
    model=Builder("artkeras.models.gan:GAN"),
    ema=EMA,
    networks={
        "generator": Builder("artkeras.networks.infogan:generator"),
        "discriminator": Builder("artkeras.networks.infogan:discriminator"),
    },
    optimizer=Builder("artkeras.models.gan:adam", epsilon=1e-8),
    loss=LEAST_SQUARES,
    width=64,
    batch_size=64,
    epochs=500,
    subset="all",
    expand=False,
    fit="crop",
    change="least squares instead of cross-entropy",
    source="Chad Hayes, study 3",
    published={
        "epochs": "500",
        "time": "not reported",
        "reported": "varied pictures; the generator's loss is stable and closer to the discriminator's than with "
        "cross-entropy",
        "cell": "64",
    },
    departures=(BATCH_SIZE_SHOWN, CROPPED, DRAWN),
    laptop=DCGAN.laptop,
)
"""Study 3's answer."""

INFOGAN_BCE = replace(
    LSGAN,
    name="abstract/infogan_bce",
    loss=BCE,
    change="networks after InfoGAN, cross-entropy",
    published={
        "epochs": "500",
        "time": "not reported",
        "reported": "reasonable, but many near-identical pictures",
        "cell": "64",
    },
)
"""Study 3's second step: the networks of `abstract/lsgan` with cross-entropy."""

LINEAR_BCE = replace(
    INFOGAN_BCE,
    name="abstract/linear_bce",
    networks={name: network.but(dense=2) for name, network in INFOGAN_BCE.networks.items()},
    epochs=300,
    change="dense layers beside the convolutions, cross-entropy: expected to fail",
    published={
        "epochs": "300",
        "time": "not reported",
        "reported": "generator loss climbs, pictures unlike the data",
        "cell": "64",
    },
    departures=(
        *LSGAN.departures,
        "two dense layers of 1,024 in each network; their number and size are not published",
        "in the discriminator they stand behind the convolutions; before them, as the study has it, one over all "
        "pixels would have 151 million weights",
    ),
)
"""Study 3's first step, which failed."""

RECIPES = (DCGAN, LINEAR_BCE, INFOGAN_BCE, LSGAN)
