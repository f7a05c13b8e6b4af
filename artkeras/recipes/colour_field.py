"""Study 1: colour-field paintings (ART-GAN, 2021). Can a GAN make new ones, and which tricks matter?

922 paintings, six copies each: 5,532 pictures of 64 x 64; networks in `artkeras.networks.colour_field`; the
step in `artkeras.models.gan.CombinedGAN`; Adam 2e-4, beta_1 0.5 for both networks; batch 128, 43 steps an epoch.

    python -m artkeras train colour_field/model_2            # 5,532 pictures
    python -m artkeras train colour_field/model_2 --quick    # under a minute on a laptop

The authors report no score, only pictures and losses. Time: 1.7 s a step on two cores with bfloat16 (`make bench`), so
an epoch of models 1 to 3 takes 75 seconds, one of model 4 twenty.
"""

from dataclasses import replace

from artkeras.recipes.recipe import EMA, Builder, Recipe

GENERATOR = Builder("artkeras.networks.colour_field:generator", latent_dim=100, norm=False)
DISCRIMINATOR = Builder("artkeras.networks.colour_field:discriminator", norm=False)

MODEL_1 = Recipe(
    name="colour_field/model_1",
    study="colour_field",
    model=Builder("artkeras.models.gan:CombinedGAN"),
    ema=EMA,
    networks={"generator": GENERATOR, "discriminator": DISCRIMINATOR},
    epochs=150,
    change="no batch normalisation anywhere",
    source="ART-GAN, 2021 (gregwcy/ART-GAN), study 1",
    published={
        "epochs": "150",
        "time": "about 2 days on a CPU",
        "reported": "D loss 0 to 1, G loss 2 to 5, accuracy above 90 %; improves slowly",
        "cell": "24",
    },
    departures=(
        "pictures are scaled to [-1, 1] in RGB, as in the notebooks of models 2 and 4; model 1's own notebook used "
        "[0, 1] and BGR, kept as colour_field/model_1_as_published",
        "the discriminator's sigmoid is computed inside the loss, from logits, as the authors' Keras did internally",
        "the grid is written once every 10 epochs; the authors' code did so at each batch of them",
        "accuracies are those of the training batches; the study measured them on 150 real and 150 generated images",
    ),
    # 240 paintings x 6 // 32 = 45 steps an epoch: the same 675 steps whatever set is found
    laptop={"size": 32, "width": 32, "batch_size": 32, "limit": 240, "epochs": 15, "sample_every": 5},
)
"""No batch normalisation."""

MODEL_2 = replace(
    MODEL_1,
    name="colour_field/model_2",
    networks={**MODEL_1.networks, "generator": GENERATOR.but(norm=True)},
    change="batch normalisation in the generator",
    published={
        "epochs": "150, 200 files saved",
        "time": "about 1.5 days on a CPU",
        "reported": "stabler than model 1, better pictures",
        "cell": "24",
    },
    departures=MODEL_1.departures[1:],
)
"""Batch normalisation in the generator."""

MODEL_2_UPSAMPLING = replace(
    MODEL_2,
    name="colour_field/model_2_upsampling",
    networks={**MODEL_2.networks, "generator": GENERATOR.but(norm=True, upsampling=True)},
    change="model 2 without transposed convolutions: the generator doubles by repeating pixels",
    published={},
    departures=(
        *MODEL_2.departures,
        "each transposed convolution is a convolution of the same kernel on doubled pixels, after Odena, Dumoulin and "
        "Olah 2016; see results/ablations",
    ),
)
"""Model 2 with one change: no transposed convolutions, which cause checkerboard artifacts."""

MODEL_3 = replace(
    MODEL_2,
    name="colour_field/model_3",
    networks={**MODEL_2.networks, "discriminator": DISCRIMINATOR.but(norm=True)},
    change="batch normalisation in the discriminator too: expected to fail",
    published={
        "epochs": "stopped, 10 files saved",
        "time": "not reported",
        "reported": "losses reach 0 after about 3 epochs; unexplained",
    },
    departures=(
        *MODEL_2.departures,
        "batch normalisation stands after the second to fourth convolution; the study does not say where it was",
    ),
)
"""Batch normalisation in both networks: the one that failed."""

MODEL_3_SPECTRAL_NORM = replace(
    MODEL_3,
    name="colour_field/model_3_spectral_norm",
    networks={**MODEL_3.networks, "discriminator": DISCRIMINATOR.but(norm="spectral")},
    change="model 3 with spectral instead of batch normalisation in the discriminator",
    published={},
    departures=(
        *MODEL_3.departures,
        "spectral normalisation instead of the batch normalisation that made model 3 fail; see notebook 08",
    ),
)
"""Model 3 with one change: kernels are normalised instead of batches."""

MODEL_4 = replace(
    MODEL_2,
    name="colour_field/model_4",
    subset="curated",
    epochs=300,
    change="model 2 on the curated paintings: solid blocks, clear distinctions",
    published={
        "epochs": "not said, 300 files saved",
        "time": "about 4 hours on a CPU",
        "reported": "more uniform, less inventive",
        "cell": "24",
    },
)
"""Model 2 on 276 curated paintings: 1,656 pictures."""

MODEL_1_AS_PUBLISHED = replace(
    MODEL_1,
    name="colour_field/model_1_as_published",
    pixel_range=(0.0, 1.0),
    channels="bgr",
    change="model 1 with the two faults of its notebook: pixels in [0, 1] against a tanh, channels as BGR",
    departures=MODEL_1.departures[1:],
)
"""Model 1 with its notebook's two faults."""

RECIPES = (MODEL_1, MODEL_2, MODEL_2_UPSAMPLING, MODEL_3, MODEL_3_SPECTRAL_NORM, MODEL_4, MODEL_1_AS_PUBLISHED)
