"""Why model 3 of study 1 failed: its step against steps that differ in one value each.

The same networks, an eighth as wide, on pictures half as large, so that each can be trained three times on a laptop:
about 310 steps, a minute or so. The pictures are those of study 1, a tenth of the paintings held out.

    python -m artkeras train model_3/published --seed 1
    python -m artkeras train model_3/mixed_batch --seed 1
"""

from dataclasses import replace

from artkeras.recipes.colour_field import MODEL_3
from artkeras.recipes.recipe import Recipe

PUBLISHED = replace(
    MODEL_3,
    name="model_3/published",
    size=32,
    width=16,
    batch_size=64,
    epochs=4,
    eval_every=2,
    holdout=0.1,
    sample_every=2,
    change="model 3 narrow and small, so that it can be trained over and over; the step as published",
    published={},
    laptop={"limit": 128, "width": 8, "epochs": 8, "eval_every": 0, "sample_every": 8},
)
"""The published step of model 3, on networks an eighth as wide and pictures half as large."""


def _variant(name: str, change: str, *, step=None, norm=None, **values) -> Recipe:
    """The narrow model 3 with one thing changed."""
    networks = {**PUBLISHED.networks, "discriminator": PUBLISHED.networks["discriminator"].but(**(norm or {}))}
    return replace(
        PUBLISHED,
        name=f"model_3/{name}",
        model=PUBLISHED.model.but(**(step or {})),
        networks=networks,
        change=change,
        **values,
    )


RECIPES = (
    PUBLISHED,
    _variant("mixed_batch", "one batch of half real, half fake pictures", step={"mixed": True}),
    _variant(
        "batch_statistics", "the generator's step, too, scored by batch statistics", step={"moving_statistics": False}
    ),
    _variant("group_norm", "group instead of batch normalisation", norm={"norm": "group"}),
    _variant("instance_norm", "instance instead of batch normalisation", norm={"norm": "instance"}),
    _variant("spectral_norm", "spectral instead of batch normalisation", norm={"norm": "spectral"}),
    _variant("no_norm", "no normalisation in the discriminator: model 2", norm={"norm": False}),
    _variant("momentum", "moving statistics of momentum 0.5 instead of 0.99", norm={"momentum": 0.5}),
    # the same number of steps
    _variant("small_batch", "batches of 32 instead of 64", batch_size=32, epochs=2, eval_every=1),
    _variant("large_batch", "batches of 128 instead of 64", batch_size=128, epochs=8, eval_every=4, sample_every=4),
)
"""The experiment: each differs from the first in one value, and takes as many steps."""
