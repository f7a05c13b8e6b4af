"""Study 5d, second half: label maps to facades and back, by pix2pix (Isola et al. 2016, arXiv 1611.07004).

The course report calls it "pix2pix modelling using CycleGAN"; what it shows, one facade from one label map, is
pix2pix, and so are the pairs it learns from: CMP Facades, 400 for training in the paper. A file holds the photograph
on the left and the label map on the right.

    python -m artkeras train facades/pix2pix                    # 256 px, the published networks
    python -m artkeras train facades/pix2pix_64                 # small pictures, for two cores
    python -m artkeras train facades/pix2pix --quick            # under a minute on a laptop
    python -m artkeras translate RUN map.png --out translated

The paper trains 200 epochs of 400 steps, hours on a GPU of its time. The report says nothing of its own. At 64 pixels,
40 epochs on 350 real pairs took 5 minutes on two busy cores; on 50 unseen ones they score L1 0.158 and SSIM 0.299 where
the average facade has 0.157 and 0.169 (seed 1). After 8 epochs pictures are blurrier and L1 is better, 0.154.
"""

from dataclasses import replace

from artkeras.recipes.recipe import DRAWN, Builder, Recipe

PIX2PIX = Recipe(
    name="facades/pix2pix",
    study="facades",
    task="paired_translation",
    domains={"labels": "right", "photo": "left"},
    model=Builder("artkeras.models.pix2pix:Pix2Pix"),
    networks={
        "a_to_b": Builder("artkeras.networks.unet:generator"),
        "discriminator": Builder("artkeras.networks.patchgan:discriminator", pictures=2, affine=True),
    },
    optimizer=Builder("artkeras.models.translation:adam", constant=0.5),
    size=256,
    width=64,
    batch_size=1,
    epochs=200,
    subset="all",
    expand=False,
    holdout=0.125,
    change="label maps to photographs of facades",
    source="study 5 (course report), pix2pix",
    published={
        "epochs": "not reported (the paper: 200)",
        "time": "not reported",
        "reported": "facades from label maps, shown; no number",
    },
    departures=(
        "an eighth of the pairs is held out, to be scored on; the paper has 106 others to test on",
        "instance normalisation with gamma and beta, which is what batch normalisation is at batch 1, in training and, "
        "as the paper runs it, when translating",
        "dropout is off when translating, so that a picture has one translation; the paper leaves it on",
        "the learning rate falls to 0 over the second half, as in the authors' later code; the paper speaks of none",
        "at 128 and 64 pixels the discriminator's patches are 34 and 16 instead of 70 pixels wide: as large a share",
        "the discriminator's sigmoid is computed inside the loss, from logits",
        DRAWN,
    ),
    laptop={"size": 64, "width": 16, "batch_size": 4, "limit": 240, "epochs": 10, "sample_every": 2},
    sample_every=10,
)
"""From label maps to photographs."""

PIX2PIX_REVERSE = replace(
    PIX2PIX,
    name="facades/pix2pix_reverse",
    domains={"photo": "left", "labels": "right"},
    change="photographs of facades to label maps",
    published={**PIX2PIX.published, "reported": "none; the report shows the way from labels"},
)
"""From photographs to label maps."""

PIX2PIX_64 = replace(
    PIX2PIX,
    name="facades/pix2pix_64",
    size=64,
    width=32,
    batch_size=4,
    epochs=40,
    sample_every=4,
    change="facades/pix2pix on a quarter of the side and networks half as wide, for two cores",
    departures=("pictures of 64 pixels, networks half as wide, batches of 4", *PIX2PIX.departures),
)
"""Small enough for a laptop without a graphics card: a few minutes."""

RECIPES = (PIX2PIX, PIX2PIX_REVERSE, PIX2PIX_64)
