"""What the advice of study 1 is worth: model 2 against models that leave out one piece of it each.

The study ends in a list of advice: clean data, Gaussian latents, LeakyReLU, strided convolutions, Adam, real and fake
pictures in separate batches. (Batch normalisation in the generator only is the subject of `model_3`.) Networks, an
eighth as wide, and pictures, half as large, are those of `model_3`, so that each can be trained three times on a
laptop: about 620 steps.

    python -m artkeras train ablations/baseline --seed 1
    python -m artkeras train ablations/uniform_latents --seed 1
"""

from dataclasses import replace
from typing import Any

from artkeras.recipes.colour_field import MODEL_2
from artkeras.recipes.model_3 import PUBLISHED as NARROW
from artkeras.recipes.recipe import Builder, Recipe

BASELINE = replace(
    NARROW,
    name="ablations/baseline",
    networks=MODEL_2.networks,
    epochs=8,
    change="model 2 narrow and small, so that it can be trained many times; all of the study's advice is taken",
)
"""Model 2, on networks an eighth as wide and pictures half as large."""


def _without(name: str, change: str, *, generator: Any = None, discriminator: Any = None, **values: Any) -> Recipe:
    """The narrow model 2 with one piece of advice not taken."""
    options = {"generator": generator or {}, "discriminator": discriminator or {}}
    networks = {part: builder.but(**options[part]) for part, builder in BASELINE.networks.items()}
    return replace(BASELINE, name=f"ablations/{name}", change=change, **{"networks": networks} | values)


RECIPES = (
    BASELINE,
    _without("uncleaned", "the paintings that the study's authors threw out are in", subset="all"),
    _without("uniform_latents", "latents from U(-1, 1)", generator={"uniform": True}),
    _without("relu", "ReLU in both networks", generator={"slope": 0.0}, discriminator={"slope": 0.0}),
    _without("pooling", "the discriminator halves by max pooling", discriminator={"pooling": True}),
    _without("upsampling", "the generator doubles by repeating pixels", generator={"upsampling": True}),
    _without(
        "sgd",
        "stochastic gradient descent (rate 0.01, momentum 0.5) instead of Adam",
        optimizer=Builder("keras.optimizers:SGD", learning_rate=0.01, momentum=0.5),
    ),
    _without(
        "rmsprop",
        "RMSprop instead of Adam, at the same rate",
        optimizer=Builder("keras.optimizers:RMSprop", learning_rate=2e-4),
    ),
    _without("mixed_batch", "real and fake pictures in one batch", model=BASELINE.model.but(mixed=True)),
)
"""The experiment: each differs from the first in one value, and takes as many steps."""
