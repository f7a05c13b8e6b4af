"""Study 5d, first half: Monets to photographs and back, by CycleGAN (Zhu et al. 2017, arXiv 1703.10593).

Two sets without pairs, 1,072 Monets and 6,287 photographs in the paper (Kaggle balraj98/monet2photo). The course report
finds that paintings become *less vivid* photographs; `evaluate` measures it, as saturation before and after.

    python -m artkeras train monet2photo/cyclegan                  # 256 px, the published networks
    python -m artkeras train monet2photo/cyclegan_64               # small pictures, for two cores
    python -m artkeras train monet2photo/cyclegan --quick          # under a minute on a laptop
    python -m artkeras translate RUN holiday.jpg --reverse --out translated      # a photograph to a Monet

The paper trains 200 epochs, the learning rate falling to 0 over the second hundred: days on a GPU of its time.
"""

from dataclasses import replace

from artkeras.losses import LEAST_SQUARES
from artkeras.recipes.recipe import DRAWN, Builder, Recipe

_TRANSLATOR = Builder("artkeras.networks.resnet:generator")
_JUDGE = Builder("artkeras.networks.patchgan:discriminator")

CYCLEGAN = Recipe(
    name="monet2photo/cyclegan",
    study="monet2photo",
    task="unpaired_translation",
    domains={"monet": "monet", "photo": "photo"},
    model=Builder("artkeras.models.cyclegan:CycleGAN"),
    networks={"a_to_b": _TRANSLATOR, "b_to_a": _TRANSLATOR, "discriminator_a": _JUDGE, "discriminator_b": _JUDGE},
    optimizer=Builder("artkeras.models.translation:adam", constant=0.5),
    loss=LEAST_SQUARES,
    size=256,
    width=64,
    batch_size=1,
    epochs=200,
    subset="all",
    expand=False,
    fit="crop",
    holdout=0.1,
    change="Monets to photographs, photographs to Monets",
    source="study 5 (course report), CycleGAN",
    published={
        "epochs": "not reported (the paper: 200)",
        "time": "not reported",
        "reported": "paintings become less vivid photographs",
    },
    departures=(
        "the paper has 1,072 Monets and 6,287 photographs; ours may be fewer, see their numbers",
        "a tenth of either set is held out, to be scored on",
        DRAWN,
        "at 128 and 64 pixels the discriminator's patches are 34 and 16 instead of 70 pixels wide: as large a share",
        "strided convolutions pad on the right and below only, as Keras does; the authors' code pads on all sides",
    ),
    laptop={"size": 64, "width": 8, "batch_size": 1, "limit": 120, "epochs": 3, "sample_every": 1},
    sample_every=5,
)
"""Both ways, from unpaired sets."""

CYCLEGAN_64 = replace(
    CYCLEGAN,
    name="monet2photo/cyclegan_64",
    size=64,
    width=32,
    epochs=20,
    sample_every=1,
    change="monet2photo/cyclegan on a quarter of the side and with narrower networks, for two cores",
    departures=(
        "images of 64 pixels, and narrower networks: width 32 unless another is given, the paper's is 64",
        *CYCLEGAN.departures,
    ),
)
"""Small enough for a computer without a graphics card: some hours."""

RECIPES = (CYCLEGAN, CYCLEGAN_64)
